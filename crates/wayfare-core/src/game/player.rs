//! A player, and which players a kind of room allows something.

use std::sync::Arc;

use wayfare_protocol::PlayerId;
use wayfare_protocol::limits::NAME_BYTES_MAX;

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

impl Player {
    /// A player with the name that it wishes for, as far as it can be shown: without control
    /// characters, and cut between two characters after [`NAME_BYTES_MAX`] bytes. A player without
    /// one is shown by the id.
    #[must_use]
    pub fn named(id: PlayerId, wish: &str, guest: bool) -> Self {
        let name: String = wish.trim().chars().filter(|c| !c.is_control()).collect();
        let end = name.char_indices().map(|(index, c)| index + c.len_utf8());
        let end = end.take_while(|end| *end <= NAME_BYTES_MAX).last();
        let name = match end {
            Some(end) => name[..end].trim_end().into(),
            None => id.as_str().into(),
        };
        Self { id, name, guest }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_where_a_character_ends() {
        let check = |wish: &str, shown: &str| {
            let id = PlayerId::new("ada").unwrap();
            assert_eq!(&*Player::named(id, wish, false).name, shown);
        };
        check("Ada L.", "Ada L.");
        check("  Ada\u{7}\n L. ", "Ada L.");
        check("", "ada");
        check(" \t\n", "ada");
        check(&"n".repeat(65), &"n".repeat(64));
        check(&format!("{}Ω", "n".repeat(63)), &"n".repeat(63));
        check(&format!("{} and more", "n".repeat(63)), &"n".repeat(63));
        check(&"👋".repeat(100), &"👋".repeat(16));
    }
}
