//! The stream of a room: its numbered events, their history, and the gate they pass.

pub(crate) mod errand;
pub(crate) mod gate;
pub(crate) mod history;
pub(crate) mod lineage;
pub(crate) mod step_builder;
pub(crate) mod turn_effects;

use wayfare_protocol::frame::{put_event, put_server_frame, put_unreliable};
use wayfare_protocol::wire;
use wayfare_protocol::wire::reply;
use wayfare_protocol::wire::server_frame::Body;
use wayfare_protocol::{Address, Epoch, Handle, Instant, Membership, Sequence};

use crate::game::{HistoryBounds, Recipients, SessionRef};
use crate::peer::{Change, Step};

use errand::Errand;
use gate::{Gate, Holder};
use history::History;
use lineage::Lineage;
use step_builder::StepBuilder;
use turn_effects::Effects;

/// Boxed: an idle room keeps a word for the builder it does not have.
pub(crate) type Builder = Box<StepBuilder>;

/// The events of a room: how they are numbered, kept for replay, and released.
#[derive(Debug)]
pub(crate) struct Stream {
    /// The name of the room in frames.
    handle: Handle,
    /// The number of the last event.
    pub(crate) sequence: Sequence,
    /// The last number that every member was told of.
    pub(crate) position_announced: Sequence,
    pub(crate) lineage: Lineage,
    /// Numbers that clients gave under a lower epoch are void: the room was rolled back since.
    pub(crate) valid_from_epoch: Epoch,
    pub(crate) history: History,
    pub(crate) gate: Gate<Effects>,
    /// The bytes that wait at the gate.
    held_bytes: usize,
    builder: Option<Builder>,
}

impl Stream {
    /// The stream of a room that opens under this epoch.
    pub(crate) fn new(handle: Handle, epoch: Epoch) -> Self {
        Self {
            handle,
            sequence: Sequence(0),
            position_announced: Sequence(0),
            lineage: Lineage::new(epoch),
            valid_from_epoch: epoch,
            history: History::behind(Sequence(0)),
            gate: Gate::default(),
            held_bytes: 0,
            builder: None,
        }
    }

    /// Holds effects until storage has confirmed them.
    pub(crate) fn wait_for_storage(&mut self) {
        self.gate.add(Holder::Storage);
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// The number of the last event, and the position of the last effects in the gate.
    pub(crate) fn position(&self) -> (Sequence, u64) {
        (self.sequence, self.gate.pushed())
    }

    // ---- frames

    /// Lends a builder of earlier turns, whose buffers are allocated already.
    pub(crate) fn lend_builder(&mut self, builder: impl FnOnce() -> Builder) {
        self.builder.get_or_insert_with(builder);
    }

    fn builder(&mut self) -> &mut StepBuilder {
        self.builder.get_or_insert_default()
    }

    /// Adds an event of the room: numbered, kept for replay, encoded once.
    pub(crate) fn event(&mut self, recipients: Recipients, payload: &[u8], bounds: &HistoryBounds) {
        self.sequence = self.sequence.next();
        let (sequence, handle) = (self.sequence, self.handle);
        if recipients == Recipients::Everyone {
            self.position_announced = sequence;
        }
        self.builder().event(sequence, recipients, |bytes| {
            put_event(bytes, handle, sequence, payload);
        });
        self.announce_position(bounds);
    }

    /// Adds a frame that may be lost.
    pub(crate) fn unreliable(&mut self, recipients: Recipients, payload: &[u8]) {
        let handle = self.handle;
        self.builder().frame(recipients, true, |bytes| {
            put_unreliable(bytes, handle, payload);
        });
    }

    /// Adds the reply to a command. It is numbered like an event, so that a replay brings it again.
    pub(crate) fn reply(
        &mut self,
        membership: Membership,
        command: Sequence,
        result: reply::Result,
        bounds: &HistoryBounds,
    ) {
        self.sequence = self.sequence.next();
        let sequence = self.sequence;
        let body = Body::Reply(wire::Reply {
            handle: self.handle.0,
            sequence: sequence.0,
            command: command.0,
            result: Some(result),
        });
        let recipients = Recipients::One(membership);
        self.builder().event(sequence, recipients, |bytes| {
            put_server_frame(bytes, body);
        });
        self.announce_position(bounds);
    }

    /// Tells everybody the position before members that were not addressed for long would fall
    /// out of the history: a quarter of it, so that the cost is small and the margin is not.
    fn announce_position(&mut self, bounds: &HistoryBounds) {
        let behind = self.sequence.0 - self.position_announced.0;
        if behind as usize * 4 >= bounds.events_max.max(4) {
            self.send_position();
        }
    }

    fn send_position(&mut self) {
        self.position_announced = self.sequence;
        let body = Body::Position(wire::Position {
            handle: self.handle.0,
            sequence: self.sequence.0,
        });
        self.builder().frame(Recipients::Everyone, false, |bytes| {
            put_server_frame(bytes, body);
        });
    }

    /// Tells a member how far its commands were applied.
    pub(crate) fn applied(&mut self, membership: Membership, applied: Sequence) {
        let body = Body::Applied(wire::Applied {
            handle: self.handle.0,
            applied: applied.0,
        });
        let recipients = Recipients::One(membership);
        self.builder().frame(recipients, false, |bytes| {
            put_server_frame(bytes, body);
        });
    }

    /// Adds a frame for one session, and what becomes of its attachment.
    pub(crate) fn session(&mut self, session: &SessionRef, change: Change, body: Option<Body>) {
        self.builder().session(session, change, body);
    }

    /// Adds the frames behind `from` that this member may see.
    pub(crate) fn replay(&mut self, from: Sequence, membership: Membership, now: Instant) {
        self.seal(now);
        let builder = self.builder.get_or_insert_default();
        for frame in self.history.replay(from, membership) {
            builder.replay(membership, frame.clone());
        }
    }

    /// Adds an effect beside frames.
    pub(crate) fn errand(&mut self, errand: Errand) {
        self.builder().errands.push(errand);
    }

    /// Notes a member that is told at the end of the turn how far its commands were applied.
    pub(crate) fn acknowledge_later(&mut self, membership: Membership) {
        self.builder().pending_acks.push(membership);
    }

    /// Takes the members noted by [`Stream::acknowledge_later`], in that order.
    pub(crate) fn take_pending_acks(&mut self) -> Vec<Membership> {
        std::mem::take(&mut self.builder().pending_acks)
    }

    /// Gives an empty buffer back, to be used again.
    pub(crate) fn return_pending_acks(&mut self, mut empty: Vec<Membership>) {
        empty.clear();
        self.builder().pending_acks = empty;
    }

    // ---- the end of a turn

    /// Gives the frames so far their place in the history.
    pub(crate) fn seal(&mut self, now: Instant) {
        if let Some(builder) = &mut self.builder {
            builder.seal(&mut self.history, now);
        }
    }

    /// Drops history beyond its bounds; no attached member is left behind by it.
    pub(crate) fn trim(&mut self, bounds: &HistoryBounds, now: Instant) {
        self.history.trim(bounds, now);
        if self.history.dropped() > self.position_announced {
            self.send_position();
        }
    }

    /// Checks whether this turn has left anything.
    pub(crate) fn has_effects(&self) -> bool {
        self.builder.as_ref().is_some_and(|it| !it.is_empty())
    }

    /// Ends the turn: its effects go to the gate as one step of the room that `head` names. Returns
    /// the builder, to be lent again.
    pub(crate) fn finish(
        &mut self,
        head: Step,
        attached: impl Iterator<Item = Address>,
        now: Instant,
    ) -> Option<Builder> {
        self.seal(now);
        let mut builder = self.builder.take()?;
        let step = Step {
            items: builder.take(),
            ..head
        };
        let errands = std::mem::take(&mut builder.errands);
        let effects = Effects::new(step, attached, errands);
        self.held_bytes += effects.bytes();
        self.gate.push(effects);
        Some(builder)
    }

    /// Takes the builder of a turn that left nothing.
    pub(crate) fn take_builder(&mut self) -> Option<Builder> {
        self.builder.take()
    }

    /// The next effects that passed the gate.
    pub(crate) fn poll_released(&mut self) -> Option<Effects> {
        let effects = self.gate.pop()?;
        self.held_bytes -= effects.bytes();
        Some(effects)
    }

    /// Drops effects that storage has not confirmed.
    pub(crate) fn discard_unconfirmed(&mut self) {
        self.builder = None;
        self.gate.discard();
        self.held_bytes = 0;
    }

    /// Goes on where `former` was: what it has at its gate still leaves, in order.
    pub(crate) fn take_over(&mut self, former: &mut Stream) {
        self.builder = former.builder.take();
        self.gate = std::mem::take(&mut former.gate);
        self.held_bytes = former.held_bytes;
    }
}
