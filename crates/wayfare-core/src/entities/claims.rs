//! Making an entity ours: read its record, take it by compare-and-set, see what storage has.

use std::sync::Arc;

use wayfare_protocol::coordination::{
    Commit, Expect, Failure, Outcome, Record, Reply, Request, Revision, Write,
};
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::storage::Position;
use wayfare_protocol::wire::JoinMode;
use wayfare_protocol::{Address, EntityId, Epoch, ErrorCode, Handle};

use crate::context::Context;
use crate::entities::room::{Opened, Recovered, Room};
use crate::game::{Durability, Kind, Refusal};
use crate::in_flight::Asker;
use crate::peer::ToEntity;
use crate::peer::{Join, NotOwner, ToGateway};
use crate::report::Report;
use crate::routing::directory::forward_request;
use crate::routing::undeliverable::Undeliverable;
use crate::routing::undeliverable::bounce;
use crate::routing::undeliverable::{end_stay, refuse_join};

use super::{Entities, absence};

/// Reads of a record that changes under our hands before who waits is told to come later.
const CLAIM_ATTEMPTS_MAX: u8 = 4;

/// An entity on its way to be ours.
pub(super) struct Opening {
    pub(super) kind: Arc<Kind>,
    /// Joins, returns and asks, in order.
    pub(super) waiting: Vec<ToEntity>,
    attempts: u8,
    /// The epoch that was asked for, while the answer is out.
    asked: Option<Epoch>,
    /// The record as it was taken.
    pub(super) revision: Revision,
    /// It was ours before, and comes back for itself.
    comes_back: bool,
}

impl Entities {
    /// Wants an entity: for somebody, or because it was ours before.
    pub(super) fn begin(
        &mut self,
        entity: &EntityId,
        kind: Arc<Kind>,
        waiting: Option<ToEntity>,
        context: &mut Context,
    ) {
        let opening = Opening {
            comes_back: waiting.is_none(),
            kind,
            waiting: waiting.into_iter().collect(),
            attempts: 0,
            asked: None,
            revision: Revision::default(),
        };
        self.opening.insert(entity.clone(), opening);
        self.read(entity, context);
    }

    fn read(&mut self, entity: &EntityId, context: &mut Context) {
        let Some(opening) = self.opening.get_mut(entity) else {
            return;
        };
        opening.attempts += 1;
        opening.asked = None;
        if opening.attempts > CLAIM_ATTEMPTS_MAX {
            return self.give_up(entity, "the room's record keeps changing", context);
        }
        let key = EntityRecord::key(entity);
        context.ask(Asker::Claim(entity.clone()), Request::Get(key));
    }

    /// The answer to a read or a write of a record that we want.
    pub(crate) fn claimed(&mut self, entity: &EntityId, outcome: Outcome, context: &mut Context) {
        let Some(opening) = self.opening.get_mut(entity) else {
            return;
        };
        match (outcome, opening.asked) {
            (Ok(Reply::Got { record, store }), None) => {
                self.decide(entity, record, store, context);
            }
            (Ok(Reply::Committed(Commit::Done(revision))), Some(epoch)) => {
                opening.revision = revision;
                match opening.kind.settings.is_kept() {
                    true => self.load(entity, epoch, 1, context),
                    false => self.open_anew(entity, epoch, Position(1), context),
                }
            }
            (outcome @ (Ok(_) | Err(Failure::Unknown(_))), Some(_)) => {
                if outcome.is_err() {
                    context.doubt(&EntityRecord::key(entity));
                }
                self.read(entity, context);
            }
            (Ok(_), None) => self.give_up(entity, "coordination misanswered", context),
            (Err(failure), _) => {
                context.report(Report::CoordinationFailed(failure));
                self.give_up(entity, "ownership cannot be settled now", context);
            }
        }
    }

    fn decide(
        &mut self,
        entity: &EntityId,
        record: Option<Record>,
        store: Revision,
        context: &mut Context,
    ) {
        let key = EntityRecord::key(entity);
        let expect = record.as_ref().map(|record| record.revision);
        let expect = expect.map_or(Expect::Absent, Expect::Revision);
        let former = record.map(|record| EntityRecord::decode(&key, &record.value));
        // No epoch is above the revision of the commit that wrote it, so that an entity whose record
        // nobody can read can be taken over: above the store's revision it is fenced (R9).
        let floor = match &former {
            Some(Err(corrupt)) => {
                context.report(Report::CorruptRecord(corrupt.clone()));
                Epoch(store.0).next()
            }
            _ => Epoch(store.0),
        };
        let former = former.and_then(Result::ok);
        if let Some(former) = &former
            && !may_claim(&former.owner, context)
        {
            return self.pass_on(entity, &former.owner, context);
        }
        // Of what storage may have it is not known yet whether it has to be created.
        let kept = self
            .opening
            .get(entity)
            .is_some_and(|it| it.kind.settings.is_kept());
        if !kept && !self.keep_creators(entity, context) {
            return;
        }
        let after_former = former.map_or(Epoch(1), |former| former.epoch.next());
        let epoch = after_former.max(floor);
        self.claim(entity, epoch, expect, context);
    }

    fn claim(&mut self, entity: &EntityId, epoch: Epoch, expect: Expect, context: &mut Context) {
        let Some(opening) = self.opening.get_mut(entity) else {
            return;
        };
        opening.asked = Some(epoch);
        let owner = context.config.address.clone();
        let write = Write::Put {
            key: EntityRecord::key(entity),
            expect,
            value: EntityRecord { epoch, owner }.encode(),
        };
        let request = match opening.kind.settings.durability {
            Durability::Volatile => Request::CommitLazily(vec![write]),
            Durability::Durable => Request::Commit(vec![write]),
        };
        context.ask(Asker::Claim(entity.clone()), request);
    }

    /// Storage was sealed with a higher epoch: the record is raised above it first.
    pub(super) fn claim_above(&mut self, entity: &EntityId, sealed: Epoch, context: &mut Context) {
        let Some(opening) = self.opening.get_mut(entity) else {
            return;
        };
        opening.attempts += 1;
        if opening.attempts > CLAIM_ATTEMPTS_MAX {
            return self.give_up(entity, "the room's seal keeps changing", context);
        }
        let expect = Expect::Revision(opening.revision);
        self.claim(entity, sealed.next(), expect, context);
    }

    /// Refuses who may not create what is not there. Whether anybody is left who may.
    fn keep_creators(&mut self, entity: &EntityId, context: &mut Context) -> bool {
        let Some(opening) = self.opening.get_mut(entity) else {
            return false;
        };
        let kind = Arc::clone(&opening.kind);
        opening.waiting.retain(|message| match message {
            ToEntity::Join(join) => match may_create(join, &kind) {
                Ok(()) => true,
                Err(refusal) => {
                    refuse_join(join, refusal, context);
                    false
                }
            },
            ToEntity::Return(back) => {
                let reason = absence(entity, &back.member, context);
                end_stay(&back.member, reason, context);
                false
            }
            ToEntity::Member(_) | ToEntity::Request(_) | ToEntity::Reply(_) | ToEntity::Ran(_) => {
                true
            }
        });
        let any = !opening.waiting.is_empty();
        if !any {
            self.opening.remove(entity);
        }
        any
    }

    fn pass_on(&mut self, entity: &EntityId, owner: &Address, context: &mut Context) {
        let Some(opening) = self.opening.remove(entity) else {
            return;
        };
        for message in opening.waiting {
            match message {
                ToEntity::Join(join) => {
                    let gateway = join.session.gateway.clone();
                    let not_owner = NotOwner {
                        join: *join,
                        owner: owner.clone(),
                    };
                    context.post(&gateway, ToGateway::NotOwner(Box::new(not_owner)));
                }
                ToEntity::Request(ask) => forward_request(owner, ask, context),
                message @ (ToEntity::Member(_)
                | ToEntity::Return(_)
                | ToEntity::Reply(_)
                | ToEntity::Ran(_)) => context.post(owner, message),
            }
        }
    }

    /// Everybody who waits is told to come later.
    pub(super) fn give_up(&mut self, entity: &EntityId, why: &'static str, context: &mut Context) {
        let Some(opening) = self.opening.remove(entity) else {
            return;
        };
        // What is ours by now may have timers, and is not to be left lying.
        if opening.comes_back || opening.revision != Revision::default() {
            self.bring_back_later(entity, context);
        }
        for message in opening.waiting {
            bounce(message, Undeliverable::Unavailable(why), context);
        }
    }

    /// The entity is ours, and storage has nothing of it: who waits for it may make it.
    pub(super) fn open_anew(
        &mut self,
        entity: &EntityId,
        epoch: Epoch,
        next: Position,
        context: &mut Context,
    ) {
        let Some(opening) = self.opening.get(entity) else {
            return;
        };
        let (revision, kept) = (opening.revision, opening.kind.settings.is_kept());
        let kind = Arc::clone(&opening.kind);
        let opened = match self.keep_creators(entity, context) {
            true => self.open_first(entity, (epoch, revision, next), &kind, context),
            false => None,
        };
        let Some((room, first, others)) = opened else {
            if kept {
                // The seal is all there is of it.
                super::loading::forget(entity, epoch, context);
            }
            return context.release(EntityRecord::key(entity), revision);
        };
        let handle = self.seat(room);
        context.report(Report::Opened {
            entity: entity.clone(),
        });
        self.with_room(handle, context, |turn| {
            turn.execute(first, true);
            for message in others {
                turn.accept(message);
            }
        });
    }

    /// The first of those who wait that the game accepts opens the room.
    fn open_first(
        &mut self,
        entity: &EntityId,
        (epoch, revision, next): (Epoch, Revision, Position),
        kind: &Arc<Kind>,
        context: &mut Context,
    ) -> Option<(Room, ToEntity, Vec<ToEntity>)> {
        let Opening { waiting, .. } = self.opening.remove(entity)?;
        let mut waiting = waiting.into_iter();
        while let Some(message) = waiting.next() {
            let open = match &message {
                ToEntity::Join(join) => join.open.clone(),
                ToEntity::Member(_)
                | ToEntity::Return(_)
                | ToEntity::Request(_)
                | ToEntity::Reply(_)
                | ToEntity::Ran(_) => bytes::Bytes::new(),
            };
            let opened = Opened {
                entity: entity.clone(),
                handle: self.fresh_handle(context),
                epoch,
                revision,
                open,
                next,
            };
            match Room::open(opened, kind, context) {
                Ok(room) => return Some((room, message, waiting.collect())),
                Err(refusal) => bounce(message, Undeliverable::NotOpened(refusal), context),
            }
        }
        None
    }

    /// The entity is ours, and this is what storage has of it.
    pub(super) fn open_recovered(
        &mut self,
        entity: &EntityId,
        (epoch, next): (Epoch, Position),
        recovered: Recovered,
        context: &mut Context,
    ) {
        let Some(opening) = self.opening.get(entity) else {
            return;
        };
        let opened = Opened {
            entity: entity.clone(),
            handle: Handle(recovered.image.base.handle),
            epoch,
            revision: opening.revision,
            open: recovered.image.base.open.clone(),
            next,
        };
        let kind = Arc::clone(&opening.kind);
        let room = match Room::recover(opened, &kind, recovered, context) {
            Ok(room) if !self.by_handle.contains_key(&room.handle()) => room,
            Ok(_) => return self.unreadable(entity, "its handle is another's", context),
            Err(reason) => return self.unreadable(entity, &reason, context),
        };
        let waiting = self.opening.remove(entity).map(|opening| opening.waiting);
        let handle = self.seat(room);
        context.report(Report::Recovered {
            entity: entity.clone(),
        });
        self.with_room(handle, context, |turn| {
            turn.begin_service();
            for message in waiting.into_iter().flatten() {
                turn.accept(message);
            }
        });
    }

    fn seat(&mut self, room: Room) -> Handle {
        let handle = room.handle();
        self.by_name.insert(room.id.entity.clone(), handle);
        self.by_handle.insert(handle, Box::new(room));
        handle
    }

    fn fresh_handle(&self, context: &mut Context) -> Handle {
        loop {
            let handle = Handle(context.random_u64());
            if !self.by_handle.contains_key(&handle) {
                return handle;
            }
        }
    }
}

/// Checks that this join may create the room that it did not find.
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
pub(super) fn may_claim(owner: &Address, context: &Context) -> bool {
    owner == &context.config.address || context.is_former(owner)
}
