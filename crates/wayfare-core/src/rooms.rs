//! The rooms of one shard: claiming them, waking them, releasing what they did.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use wayfare_protocol::coordination::{
    Commit, Expect, Failure, Outcome, Record, Reply, Request, Revision, Write,
};
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::wire::JoinMode;
use wayfare_protocol::{Address, EntityId, Epoch, ErrorCode, Handle};

use crate::calls::{ATTEMPTS_MAX, Asker, release};
use crate::environment::{Environment, Report};
use crate::game::{Kind, Refusal};
use crate::handles::HandleMap;
use crate::operator::{RoomDetail, RoomSummary};
use crate::peer::{self, Join, ListQuery, Listed, Message, NotOwner};
use crate::room::{Opened, Room, not_a_member, refuse};
use crate::timers::{Timers, Wake};

/// Reads of a record that changes under our hands before the joins are told to come later.
const CLAIM_ATTEMPTS_MAX: u8 = 4;
/// Rooms one listing looks at, so that a filter that matches nothing costs no more.
const LIST_SCAN_MAX: usize = 10_000;

/// A room on its way to be ours.
struct Opening {
    kind: Arc<Kind>,
    waiting: Vec<Join>,
    attempts: u8,
    /// The epoch that was asked for, while the answer is out.
    asked: Option<Epoch>,
}

#[derive(Default)]
pub(crate) struct Rooms {
    by_handle: HandleMap<Box<Room>>,
    by_name: BTreeMap<EntityId, Handle>,
    opening: BTreeMap<EntityId, Opening>,
    timers: Timers<Handle>,
    /// Rooms that did something this turn, in order.
    dirty: Vec<Handle>,
}

impl Rooms {
    pub(crate) fn len(&self) -> usize {
        self.by_handle.len()
    }

    pub(crate) fn poll_timeout(&self) -> Option<Wake> {
        self.timers.next()
    }

    pub(crate) fn join(&mut self, join: Join, environment: &mut Environment) {
        if let Some(handle) = self.by_name.get(&join.entity).copied() {
            return self.with_room(handle, environment, |room, environment| {
                take_join(room, join, environment);
            });
        }
        if let Some(opening) = self.opening.get_mut(&join.entity) {
            return opening.waiting.push(join);
        }
        let Some(kind) = environment.kinds.of(&join.entity).cloned() else {
            let refusal = Refusal::with_code(ErrorCode::KindUnknown, "no such kind of room");
            return refuse(&join, refusal, environment);
        };
        if self.by_handle.len() + self.opening.len() >= environment.config.rooms_max {
            let refusal = Refusal::with_code(ErrorCode::Full, "the server has no place for a room");
            return refuse(&join, refusal, environment);
        }
        let entity = join.entity.clone();
        let opening = Opening {
            kind,
            waiting: vec![join],
            attempts: 0,
            asked: None,
        };
        self.opening.insert(entity.clone(), opening);
        self.read(&entity, environment);
    }

    pub(crate) fn member(&mut self, member: peer::Member, environment: &mut Environment) {
        let handle = member.handle;
        if !self.by_handle.contains_key(&handle) {
            return not_a_member(&member, environment);
        }
        self.with_room(handle, environment, |room, environment| {
            if room.failed.is_some() {
                room.waiting.push_back(Message::Member(member));
            } else {
                room.member(member, environment);
            }
        });
    }

    fn with_room(
        &mut self,
        handle: Handle,
        environment: &mut Environment,
        run: impl FnOnce(&mut Room, &mut Environment),
    ) {
        let Some(room) = self.by_handle.get_mut(&handle) else {
            return;
        };
        run(room, environment);
        if !std::mem::replace(&mut room.dirty, true) {
            self.dirty.push(handle);
        }
    }

    // ---- claiming

    fn read(&mut self, entity: &EntityId, environment: &mut Environment) {
        let Some(opening) = self.opening.get_mut(entity) else {
            return;
        };
        opening.attempts += 1;
        opening.asked = None;
        if opening.attempts > CLAIM_ATTEMPTS_MAX {
            return self.give_up(entity, "the room's record keeps changing", environment);
        }
        let key = EntityRecord::key(entity);
        environment.ask(Asker::Claim(entity.clone()), Request::Get(key));
    }

    /// The answer to a read or a write of a record that we want.
    pub(crate) fn claimed(
        &mut self,
        entity: &EntityId,
        outcome: Outcome,
        environment: &mut Environment,
    ) {
        let Some(opening) = self.opening.get(entity) else {
            return;
        };
        match (outcome, opening.asked) {
            (Ok(Reply::Got { record, store }), None) => {
                self.decide(entity, record, store, environment);
            }
            (Ok(Reply::Committed(Commit::Done(revision))), Some(epoch)) => {
                self.open(entity, epoch, revision, environment);
            }
            (Ok(_) | Err(Failure::Unknown(_)), Some(_)) => self.read(entity, environment),
            (Ok(_), None) => self.give_up(entity, "coordination misanswered", environment),
            (Err(failure), _) => {
                environment.report(Report::CoordinationFailed(failure));
                self.give_up(entity, "ownership cannot be settled now", environment);
            }
        }
    }

    fn decide(
        &mut self,
        entity: &EntityId,
        record: Option<Record>,
        store: Revision,
        environment: &mut Environment,
    ) {
        let key = EntityRecord::key(entity);
        let (former, expect) = match record {
            None => (None, Expect::Absent),
            Some(record) => match EntityRecord::decode(&key, &record.value) {
                Ok(former) => (Some(former), Expect::Revision(record.revision)),
                Err(corrupt) => {
                    environment.report(Report::CorruptRecord(corrupt));
                    return self.give_up(entity, "the room's record is corrupt", environment);
                }
            },
        };
        if let Some(former) = &former
            && !may_claim(&former.owner, environment)
        {
            return self.pass_on(entity, &former.owner, environment);
        }
        if !self.keep_creators(entity, environment) {
            return;
        }
        let after_former = former.map_or(Epoch(1), |former| former.epoch.next());
        let epoch = after_former.max(Epoch(store.0));
        let value = EntityRecord {
            epoch,
            owner: environment.config.address.clone(),
        }
        .encode();
        if let Some(opening) = self.opening.get_mut(entity) {
            opening.asked = Some(epoch);
        }
        let write = Write::Put { key, expect, value };
        environment.ask(Asker::Claim(entity.clone()), Request::Commit(vec![write]));
    }

    /// Refuses the joins that may not create the room. Whether any is left.
    fn keep_creators(&mut self, entity: &EntityId, environment: &mut Environment) -> bool {
        let Some(opening) = self.opening.get_mut(entity) else {
            return false;
        };
        let kind = Arc::clone(&opening.kind);
        opening
            .waiting
            .retain(|join| match may_create(join, &kind) {
                Ok(()) => true,
                Err(refusal) => {
                    refuse(join, refusal, environment);
                    false
                }
            });
        let any = !opening.waiting.is_empty();
        if !any {
            self.opening.remove(entity);
        }
        any
    }

    fn pass_on(&mut self, entity: &EntityId, owner: &Address, environment: &mut Environment) {
        let Some(opening) = self.opening.remove(entity) else {
            return;
        };
        for join in opening.waiting {
            let gateway = join.session.gateway.clone();
            let not_owner = NotOwner {
                join,
                owner: owner.clone(),
            };
            environment.post(gateway, Message::NotOwner(Box::new(not_owner)));
        }
    }

    fn give_up(&mut self, entity: &EntityId, why: &str, environment: &mut Environment) {
        let Some(opening) = self.opening.remove(entity) else {
            return;
        };
        for join in &opening.waiting {
            refuse(
                join,
                Refusal::with_code(ErrorCode::Unavailable, why),
                environment,
            );
        }
    }

    /// The room is ours: the first join that the game accepts opens it, the rest come in.
    fn open(
        &mut self,
        entity: &EntityId,
        epoch: Epoch,
        revision: Revision,
        environment: &mut Environment,
    ) {
        let Some(Opening { kind, waiting, .. }) = self.opening.remove(entity) else {
            return;
        };
        let (creators, mut others): (Vec<Join>, Vec<Join>) = waiting
            .into_iter()
            .partition(|join| may_create(join, &kind).is_ok());
        let mut creators = creators.into_iter();
        let room = creators.find_map(|join| {
            let handle = self.fresh_handle(environment);
            let opened = Opened {
                entity: entity.clone(),
                handle,
                epoch,
                revision,
                open: join.open.clone(),
            };
            match Room::open(opened, &kind, environment) {
                Ok(opened) => Some((opened, join)),
                Err(refusal) => {
                    refuse(&join, refusal, environment);
                    None
                }
            }
        });
        others.extend(creators);
        let Some((room, creator)) = room else {
            for join in others {
                let refusal = may_create(&join, &kind).err();
                let refusal = refusal.unwrap_or_else(|| Refusal::new("the room was not opened"));
                refuse(&join, refusal, environment);
            }
            return release(EntityRecord::key(entity), revision, environment);
        };
        let handle = room.handle;
        self.by_name.insert(entity.clone(), handle);
        self.by_handle.insert(handle, Box::new(room));
        environment.report(Report::Opened {
            entity: entity.clone(),
        });
        self.with_room(handle, environment, |room, environment| {
            room.join(&creator, true, environment);
            for join in others {
                take_join(room, join, environment);
            }
        });
    }

    fn fresh_handle(&self, environment: &mut Environment) -> Handle {
        loop {
            let handle = Handle(environment.random_u64());
            if !self.by_handle.contains_key(&handle) {
                return handle;
            }
        }
    }

    // ---- time and turns

    pub(crate) fn handle_timeout(&mut self, environment: &mut Environment) {
        while let Some(handle) = self.timers.pop(environment.now) {
            self.with_room(handle, environment, |room, environment| {
                room.armed = None;
                room.handle_timeout(environment);
            });
        }
    }

    /// Ends the turn of every room that did something. Whether there was any.
    pub(crate) fn finish_turn(&mut self, environment: &mut Environment) -> bool {
        let dirty = std::mem::take(&mut self.dirty);
        let any = !dirty.is_empty();
        for handle in &dirty {
            let Some(room) = self.by_handle.get_mut(handle) else {
                continue;
            };
            room.dirty = false;
            if room.failed.is_some() && !room.restarting && !room.closing {
                restart(room, environment);
            }
            if room.closing {
                room.close(environment);
            }
            room.finish_turn(environment);
            while let Some(step) = room.gate.pop() {
                room.release(step, environment);
            }
            let wake = room.poll_timeout();
            self.timers.arm(*handle, &mut room.armed, wake);
            if room.closing {
                self.forget(*handle, environment);
            }
        }
        if self.dirty.is_empty() {
            self.dirty = dirty;
            self.dirty.clear();
        }
        any
    }

    fn forget(&mut self, handle: Handle, environment: &mut Environment) {
        let Some(mut room) = self.by_handle.remove(&handle) else {
            return;
        };
        self.timers.arm(handle, &mut room.armed, None);
        self.by_name.remove(&room.entity);
        release(EntityRecord::key(&room.entity), room.revision, environment);
        environment.report(Report::Closed {
            entity: room.entity.clone(),
        });
        for message in room.waiting {
            match message {
                Message::Member(member) => not_a_member(&member, environment),
                Message::Join(join) => {
                    let closed = Refusal::with_code(ErrorCode::RoomClosed, "the room closed");
                    refuse(&join, closed, environment);
                }
                _ => {}
            }
        }
    }

    /// The answer to the claim of a room that failed.
    pub(crate) fn restarted(
        &mut self,
        (handle, entity, attempt): (Handle, &EntityId, u8),
        outcome: &Outcome,
        environment: &mut Environment,
    ) {
        if !self.by_handle.contains_key(&handle) {
            // It closed meanwhile, and gave up the record at the revision before this one.
            if let Ok(Reply::Committed(Commit::Done(revision))) = *outcome {
                release(EntityRecord::key(entity), revision, environment);
            }
            return;
        }
        self.with_room(handle, environment, |room, environment| {
            let revision = match restart_claim((room, attempt), outcome, environment) {
                Restart::Settled(revision) => revision,
                Restart::Asked => return,
                Restart::Lost => {
                    room.closing = true;
                    return;
                }
            };
            room.restarting = false;
            let epoch = room.epoch.next();
            room.revision = revision;
            if let Err(refusal) = room.restart(epoch, revision, environment) {
                let (entity, reason) = (room.entity.clone(), refusal.message);
                environment.report(Report::SnapshotFailed { entity, reason });
                room.closing = true;
                return;
            }
            environment.report(Report::Restarted {
                entity: room.entity.clone(),
            });
            while room.failed.is_none()
                && let Some(message) = room.waiting.pop_front()
            {
                match message {
                    Message::Join(join) => room.join(&join, false, environment),
                    Message::Member(member) => room.member(member, environment),
                    _ => {}
                }
            }
        });
    }

    // ---- questions

    pub(crate) fn list(&self, query: &ListQuery) -> Listed {
        let mut listed = Listed {
            query: query.query,
            rooms: Vec::new(),
            truncated: false,
        };
        let prefix = format!("{}/", query.kind);
        let rooms = self
            .by_name
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .take_while(|(entity, _)| entity.kind() == query.kind);
        for (scanned, (_, handle)) in rooms.enumerate() {
            let Some(room) = self.by_handle.get(handle) else {
                continue;
            };
            let matches = !room.is_private()
                && query.properties.iter().all(|(name, value)| {
                    room.properties()
                        .get(name)
                        .is_some_and(|known| known == value)
                });
            if scanned >= LIST_SCAN_MAX || (matches && listed.rooms.len() >= query.limit) {
                listed.truncated = true;
                break;
            }
            if matches {
                listed.rooms.push(room.listed());
            }
        }
        listed
    }

    pub(crate) fn summaries(&self) -> Vec<RoomSummary> {
        self.by_name
            .values()
            .filter_map(|handle| self.by_handle.get(handle))
            .map(|r| summary(r))
            .collect()
    }

    pub(crate) fn detail(&self, entity: &EntityId) -> Option<RoomDetail> {
        let room = self.by_handle.get(self.by_name.get(entity)?)?;
        Some(RoomDetail {
            summary: summary(room),
            properties: room.properties().clone(),
            members: room
                .players()
                .map(|(id, attached)| (id.clone(), attached))
                .collect(),
        })
    }

    /// Closes a room by an operator's word. Whether it was there.
    pub(crate) fn close(&mut self, entity: &EntityId, environment: &mut Environment) -> bool {
        let Some(handle) = self.by_name.get(entity).copied() else {
            return false;
        };
        self.with_room(handle, environment, |room, _| room.closing = true);
        true
    }

    pub(crate) fn timers(&self) -> usize {
        self.timers.len()
    }
}

fn summary(room: &Room) -> RoomSummary {
    let listed = room.listed();
    RoomSummary {
        entity: room.entity.clone(),
        shard: room.shard(),
        members: listed.members as usize,
        locked: listed.locked,
        private: room.is_private(),
        sequence: room.sequence().0,
        epoch: room.epoch.0,
    }
}

/// A join into a room that is there; one that failed takes it when it has started again.
fn take_join(room: &mut Room, join: Join, environment: &mut Environment) {
    if room.failed.is_some() {
        room.waiting.push_back(Message::Join(Box::new(join)));
    } else {
        room.join(&join, false, environment);
    }
}

/// Whether this join may make the room that it did not find.
fn may_create(join: &Join, kind: &Kind) -> Result<(), Refusal> {
    let (code, message) = if join.mode == JoinMode::JoinExisting {
        (ErrorCode::RoomNotFound, "there is no such room")
    } else if !kind.settings.create.includes(&join.player) {
        (
            ErrorCode::NotAllowed,
            "rooms of this kind cannot be created by you",
        )
    } else {
        return Ok(());
    };
    Err(Refusal::with_code(code, message))
}

/// A record may be taken from ourselves, and from an earlier run of our own node.
fn may_claim(owner: &Address, environment: &Environment) -> bool {
    let here = &environment.config.address;
    owner == here || (owner.node == here.node && owner.incarnation < here.incarnation)
}

fn restart(room: &mut Room, environment: &mut Environment) {
    if !room.may_restart(environment.now) {
        room.closing = true;
        return;
    }
    room.restarting = true;
    claim_next_epoch(room, 1, environment);
}

fn claim_next_epoch(room: &Room, attempt: u8, environment: &mut Environment) {
    let owner = environment.config.address.clone();
    let value = EntityRecord {
        epoch: room.epoch.next(),
        owner,
    }
    .encode();
    let expect = Expect::Revision(room.revision);
    let write = Write::Put {
        key: EntityRecord::key(&room.entity),
        expect,
        value,
    };
    let asker = Asker::Restart {
        handle: room.handle,
        entity: room.entity.clone(),
        attempt,
    };
    environment.ask(asker, Request::Commit(vec![write]));
}

/// What the answer to the claim of a room that failed means.
enum Restart {
    /// The next epoch is ours, written at this revision.
    Settled(Revision),
    /// It is not known yet; another question is out.
    Asked,
    /// The room is no longer ours, or that cannot be known.
    Lost,
}

/// Unknown is settled by reading (R10): the record is ours at the next epoch, or as it was.
fn restart_claim(
    (room, attempt): (&Room, u8),
    outcome: &Outcome,
    environment: &mut Environment,
) -> Restart {
    let key = EntityRecord::key(&room.entity);
    match outcome {
        Ok(Reply::Committed(Commit::Done(revision))) => Restart::Settled(*revision),
        Ok(Reply::Got {
            record: Some(record),
            ..
        }) => match EntityRecord::decode(&key, &record.value) {
            Ok(found) if environment.is_here(&found.owner) && found.epoch == room.epoch.next() => {
                Restart::Settled(record.revision)
            }
            Ok(_) if record.revision == room.revision => {
                claim_next_epoch(room, attempt, environment);
                Restart::Asked
            }
            _ => Restart::Lost,
        },
        Err(failure @ Failure::Unknown(_)) => {
            environment.report(Report::CoordinationFailed(failure.clone()));
            if attempt == ATTEMPTS_MAX {
                return Restart::Lost;
            }
            let asker = Asker::Restart {
                handle: room.handle,
                entity: room.entity.clone(),
                attempt: attempt + 1,
            };
            environment.ask(asker, Request::Get(key));
            Restart::Asked
        }
        Err(failure) => {
            environment.report(Report::CoordinationFailed(failure.clone()));
            Restart::Lost
        }
        Ok(_) => Restart::Lost,
    }
}
