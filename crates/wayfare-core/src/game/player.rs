//! A player, and which players a kind of room allows something.

use std::sync::Arc;

use wayfare_protocol::PlayerId;

/// Somebody whose identity was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Player {
    /// The `sub` of the token, or an id made up for a guest.
    pub id: PlayerId,
    /// The name to show to others; the id if the token has none.
    pub name: Arc<str>,
    /// Let in without a token.
    pub guest: bool,
}

/// Whom a kind allows something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Who {
    /// Every player, guests included.
    #[default]
    Anyone,
    /// Players with a token.
    Authenticated,
    /// No client; only the server itself.
    Nobody,
}

impl Who {
    /// Checks whether this player is among them.
    #[must_use]
    pub fn includes(self, player: &Player) -> bool {
        match self {
            Who::Anyone => true,
            Who::Authenticated => !player.guest,
            Who::Nobody => false,
        }
    }
}
