//! What a handler may do: [`Context`].

use std::convert::Infallible;
use std::marker::PhantomData;
use std::time::Duration;

use rand::{Rng, TryRng};
use wayfare_core::Turn;
use wayfare_protocol::EntityId;

use crate::codec::write_named;
use crate::{Audience, Encode, Player, PlayerId, Room, TimerId};

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
pub struct Context<'a, R> {
    turn: &'a Turn<'a>,
    room: PhantomData<fn(R)>,
}

impl<'a, R: Room> Context<'a, R> {
    pub(crate) fn new(turn: &'a Turn<'a>) -> Self {
        Self {
            turn,
            room: PhantomData,
        }
    }

    /// Sends an event: in order, never lost, never twice. It is encoded once, however many it is
    /// for, and not at all if it is for nobody.
    ///
    /// # Panics
    /// If the event does not encode, or the handler sends more than 8 MiB in all.
    pub fn send(&self, audience: impl Audience, event: &R::Event) {
        audience.resolve(|audience| self.turn.send(audience, |into| self.encode(event, into)));
    }

    /// Sends an event that may be lost: newest wins, and under pressure it is dropped first.
    /// Nobody gets it later, so it must be worth nothing by then.
    ///
    /// # Panics
    /// As [`Context::send`].
    pub fn send_unreliable(&self, audience: impl Audience, event: &R::Event) {
        audience.resolve(|audience| {
            self.turn
                .send_unreliable(audience, |into| self.encode(event, into));
        });
    }

    /// Brings a note back to the room after `delay`, by [`Room::note`]. It is part of the room's
    /// snapshots. The id is for [`Context::cancel`].
    ///
    /// # Panics
    /// If the room has 1024 timers running, the most it may.
    #[expect(clippy::needless_pass_by_value, reason = "it is given away")]
    pub fn after(&self, delay: Duration, note: R::Note) -> TimerId {
        let timer = self.turn.after(delay, |into| {
            if let Err(error) = write_named(&note, into) {
                panic!("a note of room {} does not encode: {error}", self.id());
            }
        });
        TimerId::of_turn(timer)
    }

    /// The note of this timer will not come, if it has not come yet.
    pub fn cancel(&self, timer: TimerId) {
        self.turn.cancel(timer.for_turn());
    }

    /// Ends a player's membership and tells its client why; nothing if it is not a member.
    pub fn kick(&self, player: impl AsRef<PlayerId>, message: &str) {
        self.turn.kick(player.as_ref().wire(), message);
    }

    /// Closes the room: its members are told, its state is gone.
    pub fn close(&self) {
        self.turn.close();
    }

    /// Whether the room turns new members away.
    pub fn set_locked(&self, locked: bool) {
        self.turn.set_locked(locked);
    }

    /// Whether the room is left out of listings.
    pub fn set_private(&self, private: bool) {
        self.turn.set_private(private);
    }

    /// Sets what listings show of the room, and can be filtered by: at most 16 properties.
    ///
    /// # Panics
    /// If name or value is longer than 128 bytes.
    pub fn set_property(&self, name: &str, value: &str) {
        self.turn.set_property(name, Some(value));
    }

    /// Takes back what [`Context::set_property`] set.
    pub fn remove_property(&self, name: &str) {
        self.turn.set_property(name, None);
    }

    /// All members in the order in which they joined, also those whose connection is lost.
    pub fn members(&self) -> impl Iterator<Item = Player> + use<'a, R> {
        self.turn.members().map(Player::from)
    }

    /// How many members there are.
    #[must_use]
    pub fn member_count(&self) -> usize {
        self.turn.member_count()
    }

    /// Whether this player is a member.
    #[must_use]
    pub fn is_member(&self, player: impl AsRef<PlayerId>) -> bool {
        self.turn.member(player.as_ref().wire()).is_some()
    }

    /// The member of this id.
    #[must_use]
    pub fn member(&self, id: &PlayerId) -> Option<Player> {
        self.turn.member(id.wire()).map(Player::from)
    }

    /// The room's age: the only clock a room has. It never goes back, and survives moves.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.turn.age()
    }

    /// A source of randomness: draw with the methods of [`RngExt`](rand::RngExt), which the
    /// prelude has. In a [`Table`](crate::testing::Table) it is seeded.
    #[must_use]
    pub fn rng(&self) -> impl Rng + use<'a, R> {
        Chance(self.turn)
    }

    /// The room's id, `kind/key`.
    #[must_use]
    pub fn id(&self) -> &'a EntityId {
        self.turn.entity()
    }

    fn encode(&self, event: &R::Event, into: &mut Vec<u8>) {
        if let Err(error) = event.encode(R::CODEC, into) {
            panic!("an event of room {} does not encode: {error}", self.id());
        }
    }
}

/// Holds the source for one draw at a time, so that there may be several of it in one expression.
struct Chance<'a>(&'a Turn<'a>);

impl TryRng for Chance<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.rng().next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.rng().next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.rng().fill_bytes(bytes);
        Ok(())
    }
}
