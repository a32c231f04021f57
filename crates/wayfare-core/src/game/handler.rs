//! The context of a handler: it reads what is around the room, and leaves effects in an outbox.

use std::cell::{RefCell, RefMut};
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use wayfare_protocol::limits::{PROPERTIES_MAX, PROPERTY_BYTES_MAX, TIMERS_MAX};
use wayfare_protocol::{EntityId, PlayerId};

use super::audience::Audience;
use super::caller::Caller;
use super::effects::{Effect, Outbox};
use super::members::Members;
use super::player::Player;
use super::recipients::Recipients;
use super::refusal::Refusal;
use super::work::{Documents, Work};

/// Names one timer of one room, for cancelling it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerId(pub u64);

/// A handler's context: who is there, what time it is, and what shall come of it.
///
/// Everything is by shared reference, so that a loop over the members can send.
pub struct HandlerContext<'a> {
    pub(crate) entity: &'a EntityId,
    pub(crate) age: Duration,
    /// The time since 1970 by the wall clock.
    pub(crate) server_time: Duration,
    pub(crate) members: &'a Members,
    pub(crate) outbox: &'a RefCell<Outbox>,
    pub(crate) rng: &'a RefCell<ChaCha8Rng>,
    /// The time left until the deadline of the request that is being answered.
    pub(crate) remaining: Option<Duration>,
    /// Something is kept of this kind, so that it may write to logs.
    pub(crate) kept: bool,
    pub(crate) documents: Option<&'a Documents>,
}

impl<'a> HandlerContext<'a> {
    /// The room's id.
    #[must_use]
    pub fn entity(&self) -> &'a EntityId {
        self.entity
    }

    /// The room's age: the only clock it has. It never goes back.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.age
    }

    /// The time since 1970, as clients are told it. Somebody may set that clock: it is for telling
    /// players how long something will take, not for deciding.
    #[must_use]
    pub fn server_time(&self) -> Duration {
        self.server_time
    }

    /// A source of randomness, seeded from outside.
    ///
    /// # Panics
    /// If an earlier one is still held.
    #[must_use]
    pub fn rng(&self) -> RefMut<'a, ChaCha8Rng> {
        self.rng.borrow_mut()
    }

    /// All members in the order in which they joined, detached ones included.
    pub fn members(&self) -> impl Iterator<Item = &'a Player> + use<'a> {
        self.members.iter().map(|(_, member)| &*member.player)
    }

    /// The number of members.
    #[must_use]
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// The member of this id.
    #[must_use]
    pub fn member(&self, id: &PlayerId) -> Option<&'a Player> {
        self.members
            .of_player(id)
            .map(|(_, member)| &*member.player)
    }

    /// Checks whether this is a member whose connection is there.
    #[must_use]
    pub fn is_attached(&self, id: &PlayerId) -> bool {
        let member = self.members.of_player(id);
        member.is_some_and(|(_, member)| member.attached)
    }

    /// Sends an event, in order, never lost, never twice. `write` appends its payload.
    pub fn send(&self, audience: Audience<'_>, write: impl FnOnce(&mut Vec<u8>)) {
        self.push_send(audience, write, false);
    }

    /// Sends an event that may be lost: newest wins, dropped first under pressure.
    pub fn send_unreliable(&self, audience: Audience<'_>, write: impl FnOnce(&mut Vec<u8>)) {
        self.push_send(audience, write, true);
    }

    /// Brings a note back to the room after `delay`; `write` appends it.
    ///
    /// # Panics
    /// If the room has [`TIMERS_MAX`] timers running: a defect of the room.
    pub fn after(&self, delay: Duration, write: impl FnOnce(&mut Vec<u8>)) -> TimerId {
        let mut outbox = self.outbox.borrow_mut();
        assert!(
            outbox.timers_free > 0,
            "the room has {TIMERS_MAX} timers running, the most it may"
        );
        outbox.timers_free -= 1;
        let note = outbox.write(write);
        let timer = TimerId(outbox.timers_made);
        outbox.timers_made += 1;
        outbox.effects.push(Effect::After { timer, delay, note });
        timer
    }

    /// The note of this timer will not come, if it has not come yet.
    pub fn cancel(&self, timer: TimerId) {
        self.push(Effect::Cancel(timer));
    }

    /// Ends a member's stay; nothing if there is no such member.
    pub fn kick(&self, player: &PlayerId, message: &str) {
        self.push(Effect::Kick {
            player: player.clone(),
            message: message.to_owned(),
        });
    }

    /// Locks the room, so that it takes no new members, or unlocks it.
    pub fn set_locked(&self, locked: bool) {
        self.push(Effect::Lock(locked));
    }

    /// Leaves the room out of listings, or lists it.
    pub fn set_private(&self, private: bool) {
        self.push(Effect::Private(private));
    }

    /// Sets or removes what listings show of the room.
    ///
    /// # Panics
    /// If name or value is longer than [`PROPERTY_BYTES_MAX`]: a defect of the room.
    pub fn set_property(&self, name: &str, value: Option<&str>) {
        let longest = name.len().max(value.map_or(0, str::len));
        assert!(
            longest <= PROPERTY_BYTES_MAX,
            "a property is {longest} bytes long; at most {PROPERTY_BYTES_MAX} bytes each for name \
             and value, and {PROPERTIES_MAX} properties"
        );
        self.push(Effect::Property {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        });
    }

    /// Logs a change that the caller applies to the state at once; `write` appends it. For kinds
    /// whose form is [`Form::Changes`](crate::game::Form::Changes); of others it is not kept,
    /// because their state is.
    pub fn change(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut outbox = self.outbox.borrow_mut();
        let change = outbox.write(write);
        outbox.effects.push(Effect::Change(change));
    }

    /// Appends a record to a log of the game, once, as part of this step; `write` appends it.
    ///
    /// # Panics
    /// If nothing is kept of this kind: a step that may be lost cannot be logged once.
    pub fn log(&self, log: &str, write: impl FnOnce(&mut Vec<u8>)) {
        assert!(
            self.kept,
            "{} is Volatile and takes no snapshots, so it cannot write to the game log {log:?}: \
             make its kind Durable",
            self.entity
        );
        let mut outbox = self.outbox.borrow_mut();
        let record = outbox.write(write);
        let log = log.to_owned();
        outbox.effects.push(Effect::Log { log, record });
    }

    /// Runs a future on this node, once this step is released. What it brings comes back as a note;
    /// if the node is lost before, `lost` does.
    ///
    /// # Panics
    /// If [`CALLS_MAX`](wayfare_protocol::limits::CALLS_MAX) futures and asks of the room are under way: a defect of the room.
    pub fn run(&self, work: Work, lost: impl FnOnce(&mut Vec<u8>)) {
        let mut outbox = self.outbox.borrow_mut();
        outbox.take_call();
        let lost = outbox.write(lost);
        outbox.effects.push(Effect::Run { work, lost });
    }

    /// Asks another entity, at most once, once this step is released. The answer comes back with
    /// `tag`, at the latest after `deadline`, which is shortened to what is left of the deadline
    /// of the request that is being answered.
    ///
    /// # Panics
    /// As [`HandlerContext::run`].
    pub fn ask(
        &self,
        entity: &EntityId,
        request: impl FnOnce(&mut Vec<u8>),
        deadline: Duration,
        tag: impl FnOnce(&mut Vec<u8>),
    ) {
        let mut outbox = self.outbox.borrow_mut();
        outbox.take_call();
        let request = outbox.write(request);
        let tag = outbox.write(tag);
        outbox.effects.push(Effect::Ask {
            entity: entity.clone(),
            request,
            deadline: self.remaining.map_or(deadline, |left| left.min(deadline)),
            tag,
        });
    }

    /// Answers a request that was not answered at once. A second answer, or one after the caller's
    /// deadline, is not heard.
    pub fn reply(&self, caller: &Caller, reply: Result<impl FnOnce(&mut Vec<u8>), Refusal>) {
        let mut outbox = self.outbox.borrow_mut();
        let result = reply.map(|write| outbox.write(write));
        outbox.effects.push(Effect::Reply {
            caller: caller.clone(),
            result,
        });
    }

    /// The time left until the deadline of the request that is being answered.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.remaining
    }

    /// Where documents are kept, for [`HandlerContext::run`]; `None` where a room is played without a node.
    #[must_use]
    pub fn documents(&self) -> Option<Documents> {
        self.documents.cloned()
    }

    /// Closes the room behind this handler: its members are told, and what is kept of it is
    /// forgotten.
    pub fn close(&self) {
        self.push(Effect::Close);
    }

    fn push(&self, effect: Effect) {
        self.outbox.borrow_mut().effects.push(effect);
    }

    fn push_send(
        &self,
        audience: Audience<'_>,
        write: impl FnOnce(&mut Vec<u8>),
        unreliable: bool,
    ) {
        let recipients = Recipients::resolve(audience, self.members);
        if recipients.is_nobody() {
            return;
        }
        let mut outbox = self.outbox.borrow_mut();
        let payload = outbox.write(write);
        outbox.effects.push(Effect::Send {
            recipients,
            payload,
            unreliable,
        });
    }
}
