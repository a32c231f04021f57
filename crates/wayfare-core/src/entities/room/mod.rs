//! A room: the machines that it is composed of, and the game's object inside.
//!
//! [`Room`] only composes. What an input does is a method of [`RoomTurn`], in one file per concern:
//! `inputs`, `membership`, `commands`, `attachment`, `requests`, `waking`, `ending`, `restart`, `rerun`
//! and `persistence/writing`, all of which call the game through `handlers` and `outbox`.

mod attachment;
mod commands;
mod ending;
mod handlers;
mod inputs;
mod machines;
mod membership;
mod outbox;
pub(super) mod persistence;
mod record;
mod recovery;
mod requests;
mod rerun;
mod restart;
#[cfg(test)]
mod stored_form_tests;
#[cfg(test)]
mod tests;
mod turn;
mod waking;
mod writing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::coordination::Revision;
use wayfare_protocol::limits::HELD_BYTES_MAX;
use wayfare_protocol::storage::Position;
use wayfare_protocol::wire::ListedRoom;
use wayfare_protocol::{EntityId, Epoch, Handle, Instant, Membership, PlayerId, Sequence};

use crate::context::Context;
use crate::game::members::Members;
use crate::game::{Durability, Kind, Refusal, RoomLogic};
use crate::peer::ToEntity;
use crate::stream::Stream;

use machines::backlog::Backlog;
use machines::calls::Calls;
use machines::clock::Clock;
use machines::identity::Identity;
use machines::metadata::Metadata;
use machines::phase::Phase;
use persistence::{Persistence, Unwritten};

pub(crate) use ending::Farewell;
pub(crate) use machines::phase::End;
pub use recovery::read_stored;
pub(crate) use recovery::{Recovered, revive};
pub(crate) use restart::Origin;
pub(crate) use turn::RoomTurn;

/// A room that runs on this shard.
pub(crate) struct Room {
    pub(crate) id: Identity,
    kind: Arc<Kind>,
    logic: Box<dyn RoomLogic>,
    members: Members,
    stream: Stream,
    clock: Clock,
    calls: Calls,
    metadata: Metadata,
    /// Its place in storage, if anything of its kind is kept.
    persistence: Option<Box<Persistence>>,
    phase: Phase,
    /// Boxed: most rooms never fail.
    backlog: Option<Box<Backlog>>,
    pub(crate) schedule: Schedule,
}

/// When the shard attends to a room.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    /// The time at which it is woken.
    pub(crate) armed: Option<Instant>,
    /// It is on the shard's list of rooms that did something this turn.
    pub(crate) is_dirty: bool,
}

/// The result of a claim, and the payload that the room is opened with.
pub(crate) struct Opened {
    pub(crate) entity: EntityId,
    pub(crate) handle: Handle,
    pub(crate) epoch: Epoch,
    pub(crate) revision: Revision,
    pub(crate) open: Bytes,
    /// The position of the next write, if storage keeps anything of this kind.
    pub(crate) next: Position,
}

impl Opened {
    fn into_identity(self) -> Identity {
        Identity {
            entity: self.entity,
            epoch: self.epoch,
            revision: self.revision,
            open: Vec::from(self.open).into(),
        }
    }
}

/// The machines of a room, new or as they were stored.
struct Machines {
    members: Members,
    stream: Stream,
    clock: Clock,
    calls: Calls,
    metadata: Metadata,
    persistence: Option<Persistence>,
}

impl Room {
    /// Opens a room.
    ///
    /// # Errors
    /// The kind's refusal, or that its handler panicked.
    pub(crate) fn open(
        opened: Opened,
        kind: &Arc<Kind>,
        context: &mut Context,
    ) -> Result<Self, Refusal> {
        let settings = &kind.settings;
        let members = Members::default();
        let logic = handlers::open(kind, &opened, &members, context)?;
        let mut stream = Stream::new(opened.handle, opened.epoch);
        if settings.durability == Durability::Durable {
            stream.wait_for_storage();
        }
        let persistence = || Persistence::new(settings.durability, opened.next);
        let machines = Machines {
            members,
            stream,
            clock: Clock::new(Duration::ZERO, settings, context.now),
            calls: Calls::new(opened.epoch),
            metadata: Metadata::default(),
            persistence: settings.is_kept().then(persistence),
        };
        let mut room = Self::assemble(opened.into_identity(), kind, logic, machines);
        if let Some(unwritten) = room.unwritten() {
            unwritten.handled = true;
            unwritten.beside_ticks = true;
        }
        RoomTurn::new(&mut room, context).apply_all_effects();
        Ok(room)
    }

    /// Puts a room together: a new one, and one out of storage alike.
    fn assemble(
        id: Identity,
        kind: &Arc<Kind>,
        logic: Box<dyn RoomLogic>,
        machines: Machines,
    ) -> Self {
        Self {
            id,
            kind: Arc::clone(kind),
            logic,
            members: machines.members,
            stream: machines.stream,
            clock: machines.clock,
            calls: machines.calls,
            metadata: machines.metadata,
            persistence: machines.persistence.map(Box::new),
            phase: Phase::Running,
            backlog: None,
            schedule: Schedule::default(),
        }
    }

    /// The terms on which it was opened, to open it again under another epoch.
    pub(crate) fn opened(&self) -> Opened {
        Opened {
            entity: self.id.entity.clone(),
            handle: self.handle(),
            epoch: self.id.epoch,
            revision: self.id.revision,
            open: Bytes::copy_from_slice(&self.id.open),
            next: self.next_position(),
        }
    }

    /// Messages that arrived and were not executed, from a room that ends.
    pub(crate) fn into_waiting(self) -> impl Iterator<Item = ToEntity> {
        let backlog = self.backlog.into_iter();
        backlog.flat_map(|backlog| backlog.into_messages())
    }

    // ---- what it is

    pub(crate) fn handle(&self) -> Handle {
        self.stream.handle()
    }

    pub(crate) fn kind(&self) -> &Arc<Kind> {
        &self.kind
    }

    pub(crate) fn sequence(&self) -> Sequence {
        self.stream.sequence
    }

    pub(crate) fn has_unwritten_ticks(&self) -> bool {
        let persistence = self.persistence.as_ref();
        persistence.is_some_and(|it| it.ticks_due.is_some())
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.stream.held_bytes()
    }

    pub(crate) fn is_private(&self) -> bool {
        self.metadata.private
    }

    pub(crate) fn properties(&self) -> &BTreeMap<String, String> {
        &self.metadata.properties
    }

    pub(crate) fn players(&self) -> impl Iterator<Item = (&PlayerId, bool)> {
        let members = self.members.iter();
        members.map(|(_, member)| (&member.player.id, member.attached))
    }

    pub(crate) fn listed(&self) -> ListedRoom {
        ListedRoom {
            room: self.id.entity.to_string(),
            members: u32::try_from(self.members.len()).unwrap_or(u32::MAX),
            members_max: self.kind.settings.members_max,
            locked: self.metadata.locked,
            properties: self.metadata.properties.clone(),
        }
    }

    // ---- its phase

    /// It goes at the end of this turn. The graver reason holds.
    pub(crate) fn end(&mut self, end: End) {
        self.phase.handle_end(end);
    }

    /// Checks whether it goes because nobody needs it.
    pub(crate) fn is_idle(&self) -> bool {
        self.phase.end() == Some(End::Idle)
    }

    /// Checks whether it has failed, and nobody has begun to restart it.
    pub(crate) fn wants_restart(&self) -> bool {
        matches!(self.phase, Phase::Failed(_))
    }

    /// Its next epoch is being claimed.
    pub(crate) fn begin_restart(&mut self) {
        self.phase.begin_restart();
    }

    /// The restart is over, well or not.
    pub(crate) fn end_restart(&mut self) {
        self.phase.end_restart();
    }

    // ---- what is written of it

    /// Checks whether storage has anything of its kind.
    pub(crate) fn is_kept(&self) -> bool {
        self.persistence.is_some()
    }

    fn is_durable(&self) -> bool {
        let persistence = self.persistence.as_ref();
        persistence.is_some_and(|persistence| persistence.is_durable())
    }

    /// The changes that storage does not have yet, if effects wait for it.
    fn unwritten(&mut self) -> Option<&mut Unwritten> {
        let persistence = self.persistence.as_mut();
        let durable = persistence.filter(|persistence| persistence.is_durable())?;
        Some(&mut durable.unwritten)
    }

    /// Notes that something about a member is to be written.
    fn touch(&mut self, membership: Membership) {
        if let Some(unwritten) = self.unwritten() {
            unwritten.members.touch(membership);
        }
    }

    /// Notes that the metadata, or a number that is written with them, has changed.
    fn metadata_changed(&mut self) {
        if let Some(unwritten) = self.unwritten() {
            unwritten.metadata = true;
        }
    }

    fn next_position(&self) -> Position {
        let persistence = self.persistence.as_ref();
        persistence.map(|it| it.next).unwrap_or_default()
    }

    // ---- what waits

    fn backlog(&mut self) -> &mut Backlog {
        self.backlog.get_or_insert_default()
    }

    fn has_backlog(&self) -> bool {
        self.backlog.as_ref().is_some_and(|it| !it.is_empty())
    }

    /// Storage is behind, and what waits for it takes as much memory as it may.
    fn is_overfull(&self) -> bool {
        let backlog = self.backlog.as_ref();
        let waiting = backlog.map_or(0, |it| it.waiting_bytes());
        let persistence = self.persistence.as_ref();
        let inputs = persistence.map_or(0, |it| it.input_bytes());
        self.stream.held_bytes() + waiting + inputs > HELD_BYTES_MAX
    }
}
