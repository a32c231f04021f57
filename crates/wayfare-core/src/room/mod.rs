//! One room: its members, its sequence, its history, and the game's object inside.

mod delivery;
mod handlers;
mod membership;
mod restart;
mod schedule;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use wayfare_protocol::coordination::Revision;
use wayfare_protocol::wire::ListedRoom;
use wayfare_protocol::{
    Address, EntityId, Epoch, Handle, Instant, Membership, PlayerId, Sequence, ShardIndex,
};

use crate::environment::{Builder, Environment};
use crate::game::{Kind, Refusal, RoomLogic};
use crate::gate::Gate;
use crate::history::History;
use crate::lineage::Lineage;
use crate::members::Members;
use crate::peer;
use crate::step::Step;
use crate::turn::TimerId;

use restart::{Failures, Saved};

pub(crate) use delivery::{error, wire_error};
pub(crate) use membership::{not_a_member, refuse};

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
    /// What it was opened with, to open it again.
    open: Bytes,
    members: Members,
    next_membership: Membership,
    /// The last event's number.
    sequence: Sequence,
    /// The last number that every member was told of.
    told_everyone: Sequence,
    lineage: Lineage,
    /// Numbers that clients gave under a lower epoch are void: the room fell back since.
    numbers_since: Epoch,
    history: History,
    pub(crate) gate: Gate<Step>,
    builder: Option<Builder>,
    timers: BTreeMap<(Instant, TimerId), Box<[u8]>>,
    timers_made: u64,
    properties: BTreeMap<String, String>,
    locked: bool,
    private: bool,
    opened_at: Instant,
    next_tick: Option<Instant>,
    next_snapshot: Option<Instant>,
    empty_since: Option<Instant>,
    saved: Option<Box<Saved>>,
    failures: Failures,
    /// The handler that panicked; nothing runs until the room has started again.
    pub(crate) failed: Option<&'static str>,
    /// What arrived since.
    pub(crate) waiting: VecDeque<peer::Message>,
    /// The claim of the next epoch is out.
    pub(crate) restarting: bool,
    pub(crate) closing: bool,
    /// When the shard will wake it.
    pub(crate) armed: Option<Instant>,
    /// It is on the shard's list of rooms that did something this turn.
    pub(crate) dirty: bool,
}

/// What a claim settled, and what the room is opened with.
pub(crate) struct Opened {
    pub(crate) entity: EntityId,
    pub(crate) handle: Handle,
    pub(crate) epoch: Epoch,
    pub(crate) revision: Revision,
    pub(crate) open: Bytes,
}

impl Room {
    /// Opens a room.
    ///
    /// # Errors
    /// The kind's refusal, or that its handler panicked.
    pub(crate) fn open(
        opened: Opened,
        kind: &Arc<Kind>,
        environment: &mut Environment,
    ) -> Result<Self, Refusal> {
        let now = environment.now;
        let nobody = Members::default();
        let logic = handlers::open(kind, &opened, &nobody, environment)?;
        let mut room = Self {
            entity: opened.entity,
            handle: opened.handle,
            epoch: opened.epoch,
            revision: opened.revision,
            kind: Arc::clone(kind),
            owner: environment.config.address.clone(),
            logic,
            open: opened.open,
            members: nobody,
            next_membership: Membership(1),
            sequence: Sequence(0),
            told_everyone: Sequence(0),
            lineage: Lineage::new(opened.epoch),
            numbers_since: opened.epoch,
            history: History::behind(Sequence(0)),
            gate: Gate::default(),
            builder: None,
            timers: BTreeMap::new(),
            timers_made: 0,
            properties: BTreeMap::new(),
            locked: false,
            private: false,
            opened_at: now,
            next_tick: kind.settings.tick.map(|tick| now + tick),
            next_snapshot: kind.settings.snapshot_every.map(|every| now + every),
            empty_since: Some(now),
            saved: None,
            failures: Failures::default(),
            failed: None,
            waiting: VecDeque::new(),
            restarting: false,
            closing: false,
            armed: None,
            dirty: false,
        };
        room.apply_all_effects(environment);
        Ok(room)
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

    /// A message about one of its members. Not called while the room has failed.
    pub(crate) fn member(&mut self, message: peer::Member, environment: &mut Environment) {
        use peer::Request;
        let membership = message.membership;
        let known = self
            .members
            .get(membership)
            .filter(|m| m.session.id == message.session.id);
        let Some(member) = known else {
            return membership::not_a_member(&message, environment);
        };
        let peer::Member {
            session, request, ..
        } = message;
        if session.epoch < member.session.epoch {
            return;
        }
        match request {
            Request::Command(numbered, payload) => {
                self.command(membership, numbered, &payload, environment);
            }
            Request::Unreliable(payload) => self.unreliable(membership, &payload, environment),
            Request::Leave(numbered) => self.leave(membership, numbered, environment),
            Request::Attach { epoch, sequence } => {
                self.attach(membership, &session, (epoch, sequence), environment);
            }
            Request::Detach => self.detach(membership, environment),
            Request::End(reason) => self.remove(membership, reason, "", environment),
        }
    }
}
