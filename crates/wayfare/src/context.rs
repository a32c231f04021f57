//! The context of a room's handler: [`Context`].

use std::ops::Deref;

use wayfare_core::HandlerContext;

use crate::{Audience, Changes, Encode, HandlerApi, Player, PlayerId, Room};

/// The interface of a handler to its room: the members, the time, and the effects of the handler.
///
/// All methods take a shared reference. Their effects happen after the handler, in order, if it
/// succeeds. A loop over the members can therefore send:
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
/// The methods that rooms and entities share (timers, futures, asking, logs, time, randomness) are
/// those of [`HandlerApi`], to which a `Context` derefs.
pub struct Context<'a, R: Room> {
    handler_api: HandlerApi<'a, R::Note>,
}

impl<'a, R: Room> Context<'a, R> {
    pub(crate) fn new(cx: &'a HandlerContext<'a>) -> Self {
        Self {
            handler_api: HandlerApi::new(cx),
        }
    }

    /// Sends an event, reliably and in order. It is encoded once for all recipients, and not at all
    /// if there are none.
    ///
    /// # Panics
    /// If the event cannot be encoded, or the handler sends more than 8 MiB in all.
    pub fn send(&self, audience: impl Audience, event: &R::Event) {
        audience.resolve(|audience| self.turn().send(audience, |into| self.encode(event, into)));
    }

    /// Sends an event that may be lost. The newest one counts, and under pressure it is dropped
    /// first. It is never sent later, so it must be useless by then.
    ///
    /// # Panics
    /// As [`Context::send`].
    pub fn send_unreliable(&self, audience: impl Audience, event: &R::Event) {
        audience.resolve(|audience| {
            self.turn()
                .send_unreliable(audience, |into| self.encode(event, into));
        });
    }

    /// Ends a player's membership and tells its client the reason. Does nothing if the player is
    /// not a member.
    pub fn kick(&self, player: impl AsRef<PlayerId>, message: &str) {
        self.turn().kick(player.as_ref().wire(), message);
    }

    /// Locks or unlocks the room for new members.
    pub fn set_locked(&self, locked: bool) {
        self.turn().set_locked(locked);
    }

    /// Hides the room from listings, or shows it.
    pub fn set_private(&self, private: bool) {
        self.turn().set_private(private);
    }

    /// Sets a property that listings show and can filter by. A room has at most 16 properties.
    ///
    /// # Panics
    /// If the name or the value is longer than 128 bytes.
    pub fn set_property(&self, name: &str, value: &str) {
        self.turn().set_property(name, Some(value));
    }

    /// Removes a property that [`Context::set_property`] set.
    pub fn remove_property(&self, name: &str) {
        self.turn().set_property(name, None);
    }

    /// Returns all members in the order in which they joined, including those whose connection is
    /// lost.
    pub fn members(&self) -> impl Iterator<Item = Player> + use<'a, R> {
        self.turn().members().map(Player::from)
    }

    /// Returns the number of members.
    #[must_use]
    pub fn member_count(&self) -> usize {
        self.turn().member_count()
    }

    /// Returns true if this player is a member.
    #[must_use]
    pub fn is_member(&self, player: impl AsRef<PlayerId>) -> bool {
        self.turn().member(player.as_ref().wire()).is_some()
    }

    /// Returns the member with this id.
    #[must_use]
    pub fn member(&self, id: &PlayerId) -> Option<Player> {
        self.turn().member(id.wire()).map(Player::from)
    }

    /// Returns true if this player is a member whose connection is there: see [`Room::presence`].
    #[must_use]
    pub fn is_attached(&self, player: impl AsRef<PlayerId>) -> bool {
        self.turn().is_attached(player.as_ref().wire())
    }

    /// Logs a change and applies it to the room. This is the way to change the state of a room
    /// whose kind has [`log_changes`](crate::Kind::log_changes). The change is encoded once, before
    /// it is applied.
    ///
    /// # Panics
    /// If the change cannot be encoded.
    pub fn apply(&self, room: &mut R, change: R::Change)
    where
        R: Changes,
    {
        self.handler_api.apply(room, change);
    }

    fn encode(&self, event: &R::Event, into: &mut Vec<u8>) {
        if let Err(error) = event.encode(R::CODEC, into) {
            self.does_not_encode("an event", &error);
        }
    }
}

impl<'a, R: Room> Deref for Context<'a, R> {
    type Target = HandlerApi<'a, R::Note>;

    fn deref(&self) -> &HandlerApi<'a, R::Note> {
        &self.handler_api
    }
}
