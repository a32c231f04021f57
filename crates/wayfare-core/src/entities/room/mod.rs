//! A room: its members, its sequence, its history, and the game's object inside.

mod calls;
mod clock;
mod delivery;
mod ending;
mod handlers;
mod membership;
pub(super) mod persistence;
mod rerun;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::coordination::Revision;
use wayfare_protocol::limits::HELD_BYTES_MAX;
use wayfare_protocol::storage::Position;
use wayfare_protocol::wire::ListedRoom;
use wayfare_protocol::{
    Address, EntityId, Epoch, Handle, Instant, Membership, PlayerId, Sequence, ShardIndex,
};

use crate::context::{Builder, Context};
use crate::game::TimerId;
use crate::game::members::Members;
use crate::game::{AskError, Kind, LeaveReason, Refusal, RoomLogic};
use crate::peer::{self, MemberRequest, ToEntity};
use crate::routing::undeliverable::{Undeliverable, bounce, end_stay};
use crate::stream::gate::Gate;
use crate::stream::history::History;
use crate::stream::lineage::Lineage;

use calls::Pending;
use delivery::Effects;
use persistence::{Persistence, Unwritten};
use rerun::{Failures, Rerun};

pub(crate) use ending::{End, Farewell};
pub(crate) use persistence::recovery::{Recovered, revive};

/// A room that runs on this shard.
pub(crate) struct Room {
    pub(crate) entity: EntityId,
    pub(crate) handle: Handle,
    pub(crate) epoch: Epoch,
    /// Its record in coordination, as this shard wrote it last.
    pub(crate) revision: Revision,
    kind: Arc<Kind>,
    owner: Address,
    logic: Box<dyn RoomLogic>,
    /// The payload that it was opened with, to open it again.
    open: Bytes,
    members: Members,
    next_membership: Membership,
    /// The last event's number.
    sequence: Sequence,
    /// The last number that every member was told of.
    position_announced: Sequence,
    lineage: Lineage,
    /// Numbers that clients gave under a lower epoch are void: the room fell back since.
    valid_from_epoch: Epoch,
    /// Memberships from here on that were given before that are void as well.
    valid_from_membership: Membership,
    history: History,
    pub(crate) gate: Gate<Effects>,
    /// Bytes that wait there.
    held_bytes: usize,
    persistence: Option<Box<Persistence>>,
    builder: Option<Builder>,
    timers: BTreeMap<(Instant, TimerId), Box<[u8]>>,
    timers_made: u64,
    calls: BTreeMap<u64, Pending>,
    calls_made: u64,
    /// Futures that were lost with the node they ran on, still to be told.
    lost_runs: BTreeSet<u64>,
    /// The time left until the deadline of the request that is being answered.
    remaining: Option<Duration>,
    properties: BTreeMap<String, String>,
    locked: bool,
    private: bool,
    /// Its age, as of a point in time.
    age_base: Duration,
    age_since: Instant,
    next_tick: Option<Instant>,
    next_snapshot: Option<Instant>,
    empty_since: Option<Instant>,
    failures: Failures,
    /// The handler that panicked; nothing runs until the room has started again.
    pub(crate) failed: Option<&'static str>,
    /// Inputs that were executed before it failed, and are undone: to be executed one by one.
    rerun: VecDeque<Rerun>,
    /// Messages that arrived since.
    waiting: VecDeque<ToEntity>,
    waiting_bytes: usize,
    /// The claim of the next epoch is out.
    pub(crate) restarting: bool,
    pub(crate) ending: Option<End>,
    /// When the shard will wake it.
    pub(crate) armed: Option<Instant>,
    /// It is on the shard's list of rooms that did something this turn.
    pub(crate) dirty: bool,
}

/// The result of a claim, and the payload that the room is opened with.
pub(crate) struct Opened {
    pub(crate) entity: EntityId,
    pub(crate) handle: Handle,
    pub(crate) epoch: Epoch,
    pub(crate) revision: Revision,
    pub(crate) open: Bytes,
    /// Where storage goes on, if it keeps anything of this kind.
    pub(crate) next: Position,
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
        let now = context.now;
        let nobody = Members::default();
        let logic = handlers::open(kind, &opened, &nobody, context)?;
        let settings = &kind.settings;
        let persistence = || Box::new(Persistence::new(settings.durability, opened.next));
        let mut room = Self {
            entity: opened.entity,
            handle: opened.handle,
            epoch: opened.epoch,
            revision: opened.revision,
            kind: Arc::clone(kind),
            owner: context.config.address.clone(),
            logic,
            open: opened.open,
            members: nobody,
            next_membership: Membership(1),
            sequence: Sequence(0),
            position_announced: Sequence(0),
            lineage: Lineage::new(opened.epoch),
            valid_from_epoch: opened.epoch,
            valid_from_membership: Membership(1),
            history: History::behind(Sequence(0)),
            gate: delivery::gate(settings),
            held_bytes: 0,
            persistence: settings.is_kept().then(persistence),
            builder: None,
            timers: BTreeMap::new(),
            timers_made: 0,
            calls: BTreeMap::new(),
            calls_made: calls::first_call(opened.epoch),
            lost_runs: BTreeSet::new(),
            remaining: None,
            properties: BTreeMap::new(),
            locked: false,
            private: false,
            age_base: Duration::ZERO,
            age_since: now,
            next_tick: settings.tick.map(|tick| now + tick),
            next_snapshot: settings.snapshot_every.map(|every| now + every),
            empty_since: Some(now),
            failures: Failures::default(),
            failed: None,
            rerun: VecDeque::new(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            restarting: false,
            ending: None,
            armed: None,
            dirty: false,
        };
        if let Some(unwritten) = room.unwritten() {
            unwritten.handled = true;
        }
        room.apply_all_effects(context);
        Ok(room)
    }

    /// The changes that storage does not have yet, if effects wait for it.
    fn unwritten(&mut self) -> Option<&mut Unwritten> {
        let persistence = self
            .persistence
            .as_mut()
            .filter(|persistence| persistence.durable)?;
        Some(&mut persistence.unwritten)
    }

    /// Messages that arrived and were not executed, from a room that ends.
    pub(crate) fn into_waiting(self) -> impl Iterator<Item = ToEntity> {
        let undone = self.rerun.into_iter().map(Rerun::into_message);
        undone.chain(self.waiting)
    }

    fn is_durable(&self) -> bool {
        self.persistence
            .as_ref()
            .is_some_and(|persistence| persistence.durable)
    }

    /// Storage is behind, and what waits for it takes as much memory as it may.
    fn is_overfull(&self) -> bool {
        let inputs = self
            .persistence
            .as_ref()
            .map_or(0, |persistence| persistence.input_bytes());
        self.held_bytes + self.waiting_bytes + inputs > HELD_BYTES_MAX
    }

    /// Somebody wants something of it: it is not idle.
    fn busy_since(&mut self, now: Instant) {
        if self.empty_since.is_some() {
            self.empty_since = Some(now);
        }
    }

    /// A message for it, carried out now or when it can be.
    pub(crate) fn take(&mut self, message: ToEntity, context: &mut Context) {
        if self.ending == Some(End::Idle) && self.is_durable() {
            self.ending = None;
        }
        if self.is_overfull() && message.is_work() {
            let why = Undeliverable::Unavailable("the room waits for its storage");
            return bounce(message, why, context);
        }
        if self.failed.is_some() || self.ending.is_some() || !self.rerun.is_empty() {
            self.waiting_bytes += message.bytes();
            return self.waiting.push_back(message);
        }
        self.execute(message, false, context);
    }

    /// Carries out a message; `created` says that it is the join that opened the room.
    pub(crate) fn execute(&mut self, message: ToEntity, created: bool, context: &mut Context) {
        if let Some(unwritten) = self.unwritten() {
            unwritten.input(Rerun::Again(message.clone()));
            unwritten.during_input = true;
        }
        match message {
            ToEntity::Join(join) => self.join(&join, created, context),
            ToEntity::Member(member) => self.member(member, context),
            ToEntity::Request(ask) => self.request(&ask, context),
            ToEntity::Reply(answer) => {
                let result = answer.result.as_ref();
                let result = result.map_err(|refusal| AskError::Refused(refusal.clone()));
                self.answered(answer.caller.ask, result.map(|reply| &reply[..]), context);
            }
            ToEntity::Ran(ran) => self.ran(ran.run, ran.note.as_deref(), context),
            ToEntity::Return(back) => self.member(back.member, context),
        }
        if self.failed.is_none()
            && let Some(unwritten) = self.unwritten()
        {
            unwritten.during_input = false;
        }
    }

    pub(crate) fn is_private(&self) -> bool {
        self.private
    }

    pub(crate) fn properties(&self) -> &BTreeMap<String, String> {
        &self.properties
    }

    pub(crate) fn listed(&self) -> ListedRoom {
        ListedRoom {
            room: self.entity.to_string(),
            members: u32::try_from(self.members.len()).unwrap_or(u32::MAX),
            members_max: self.kind.settings.members_max,
            locked: self.locked,
            properties: self.properties.clone(),
        }
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    pub(crate) fn players(&self) -> impl Iterator<Item = (&PlayerId, bool)> {
        self.members
            .iter()
            .map(|(_, member)| (&member.player.id, member.attached))
    }

    pub(crate) fn shard(&self) -> ShardIndex {
        self.owner.shard
    }

    pub(crate) fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// Why somebody who was a member is none: it left, or the room fell back to before it came. Of
    /// who left before what the room fell back to, something may be in it.
    fn absence(&self, membership: Membership, request: &MemberRequest) -> LeaveReason {
        match request {
            MemberRequest::Attach { epoch, .. }
                if *epoch < self.valid_from_epoch && membership >= self.valid_from_membership =>
            {
                LeaveReason::LeaveRoomLost
            }
            MemberRequest::Attach { .. }
            | MemberRequest::Command(..)
            | MemberRequest::Unreliable(_)
            | MemberRequest::Leave(_)
            | MemberRequest::Detach
            | MemberRequest::End(_) => LeaveReason::LeaveNotAMember,
        }
    }

    /// A message about one of its members.
    fn member(&mut self, message: peer::Member, context: &mut Context) {
        let membership = message.membership;
        let known = self
            .members
            .get(membership)
            .filter(|m| m.session.id == message.session.id);
        let Some(member) = known else {
            let reason = self.absence(membership, &message.request);
            return end_stay(&message, reason, context);
        };
        let peer::Member {
            session, request, ..
        } = message;
        if session.epoch < member.session.epoch {
            return;
        }
        match request {
            MemberRequest::Command(numbered, payload) => {
                self.command(membership, numbered, &payload, context);
            }
            MemberRequest::Unreliable(payload) => self.unreliable(membership, &payload, context),
            MemberRequest::Leave(numbered) => self.leave(membership, numbered, context),
            MemberRequest::Attach { epoch, sequence } => {
                self.attach(membership, &session, (epoch, sequence), context);
            }
            MemberRequest::Detach => self.detach(membership, context),
            MemberRequest::End(reason) => self.remove(membership, reason, "", context),
        }
    }
}
