//! What a handler may do: [`Context`].

use std::ops::Deref;

use wayfare_core::HandlerContext;

use crate::{Audience, Changes, Encode, Player, PlayerId, Room, Surroundings};

/// A handler's surroundings: who is there, what time it is, and what shall come of it.
///
/// Everything is done by shared reference and takes effect behind the handler, in order, if it
/// returns well; so a loop over the members can send:
///
/// ```
/// # use wayfare::prelude::*;
/// # fn example<R: Room<Event = String>>(cx: &Context<R>) {
/// for member in cx.members() {
///     cx.send(&member, &format!("hello, {}", member.name()));
/// }
/// # }
/// ```
///
/// What rooms and entities can do alike (timers, futures, asking, the log, the time, chance) is
/// among the methods of [`Surroundings`], which a `Context` derefs to.
pub struct Context<'a, R: Room> {
    surroundings: Surroundings<'a, R::Note>,
}

impl<'a, R: Room> Context<'a, R> {
    pub(crate) fn new(cx: &'a HandlerContext<'a>) -> Self {
        Self {
            surroundings: Surroundings::new(cx),
        }
    }

    /// Sends an event: in order, never lost, never twice. It is encoded once, however many it is
    /// for, and not at all if it is for nobody.
    ///
    /// # Panics
    /// If the event does not encode, or the handler sends more than 8 MiB in all.
    pub fn send(&self, audience: impl Audience, event: &R::Event) {
        audience.resolve(|audience| self.turn().send(audience, |into| self.encode(event, into)));
    }

    /// Sends an event that may be lost: newest wins, and under pressure it is dropped first.
    /// Nobody gets it later, so it must be worth nothing by then.
    ///
    /// # Panics
    /// As [`Context::send`].
    pub fn send_unreliable(&self, audience: impl Audience, event: &R::Event) {
        audience.resolve(|audience| {
            self.turn()
                .send_unreliable(audience, |into| self.encode(event, into));
        });
    }

    /// Ends a player's membership and tells its client why; nothing if it is not a member.
    pub fn kick(&self, player: impl AsRef<PlayerId>, message: &str) {
        self.turn().kick(player.as_ref().wire(), message);
    }

    /// Whether the room turns new members away.
    pub fn set_locked(&self, locked: bool) {
        self.turn().set_locked(locked);
    }

    /// Whether the room is left out of listings.
    pub fn set_private(&self, private: bool) {
        self.turn().set_private(private);
    }

    /// Sets what listings show of the room, and can be filtered by: at most 16 properties.
    ///
    /// # Panics
    /// If name or value is longer than 128 bytes.
    pub fn set_property(&self, name: &str, value: &str) {
        self.turn().set_property(name, Some(value));
    }

    /// Takes back what [`Context::set_property`] set.
    pub fn remove_property(&self, name: &str) {
        self.turn().set_property(name, None);
    }

    /// All members in the order in which they joined, also those whose connection is lost.
    pub fn members(&self) -> impl Iterator<Item = Player> + use<'a, R> {
        self.turn().members().map(Player::from)
    }

    /// How many members there are.
    #[must_use]
    pub fn member_count(&self) -> usize {
        self.turn().member_count()
    }

    /// Whether this player is a member.
    #[must_use]
    pub fn is_member(&self, player: impl AsRef<PlayerId>) -> bool {
        self.turn().member(player.as_ref().wire()).is_some()
    }

    /// The member of this id.
    #[must_use]
    pub fn member(&self, id: &PlayerId) -> Option<Player> {
        self.turn().member(id.wire()).map(Player::from)
    }

    /// Logs a change, and applies it to the room: how a room of a kind with
    /// [`log_changes`](crate::Kind::log_changes) changes its state. The change is encoded once,
    /// before it is applied.
    ///
    /// # Panics
    /// If the change does not encode.
    pub fn apply(&self, room: &mut R, change: R::Change)
    where
        R: Changes,
    {
        self.surroundings.apply(room, change);
    }

    fn encode(&self, event: &R::Event, into: &mut Vec<u8>) {
        if let Err(error) = event.encode(R::CODEC, into) {
            self.does_not_encode("an event", &error);
        }
    }
}

impl<'a, R: Room> Deref for Context<'a, R> {
    type Target = Surroundings<'a, R::Note>;

    fn deref(&self) -> &Surroundings<'a, R::Note> {
        &self.surroundings
    }
}
