//! Entities on their way to this shard: who waits for them, and what becomes of each acquisition.

use std::sync::Arc;

use wayfare_protocol::coordination;
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::storage::{self, Position, Request};
use wayfare_protocol::wire::JoinMode;
use wayfare_protocol::{Address, EntityId, ErrorCode, Handle};

use crate::context::Context;
use crate::entities::room::{Opened, Recovered, Room};
use crate::game::{Kind, Refusal};
use crate::in_flight::{AcquisitionId, Call, StorageCall};
use crate::peer::{Join, NotOwner, ToEntity, ToGateway};
use crate::report::Report;
use crate::routing::directory::forward;
use crate::routing::undeliverable::{Undeliverable, bounce, end_stay, refuse_join};

use super::acquisition::{Acquired, Acquisition, Claimant, Held, Output, Purpose};
use super::asks::note_owner;
use super::{Entities, absence};

/// An acquisition under way, and who waits for it. Who waits for a room that starts again waits in
/// the room.
pub(super) struct Acquiring {
    id: AcquisitionId,
    acquisition: Acquisition,
    /// Joins, returns and asks, in order.
    pub(super) waiting: Vec<ToEntity>,
}

impl Acquiring {
    /// Checks whether the entity has no room yet, but a place for one.
    pub(super) fn takes_place(&self) -> bool {
        self.opens() && self.acquisition.is_claimed()
    }

    fn opens(&self) -> bool {
        match self.acquisition.purpose() {
            Purpose::Open | Purpose::ComeBack => true,
            Purpose::Restart(_) => false,
        }
    }
}

impl Entities {
    /// Acquires an entity that somebody waits for.
    pub(super) fn open(
        &mut self,
        entity: &EntityId,
        kind: Arc<Kind>,
        first: ToEntity,
        context: &mut Context,
    ) {
        self.acquire(entity, (kind, Purpose::Open), vec![first], context);
    }

    pub(super) fn acquire(
        &mut self,
        entity: &EntityId,
        (kind, purpose): (Arc<Kind>, Purpose),
        waiting: Vec<ToEntity>,
        context: &mut Context,
    ) {
        self.acquisitions_made += 1;
        let acquiring = Acquiring {
            id: AcquisitionId(self.acquisitions_made),
            acquisition: Acquisition::new(entity.clone(), kind, purpose, &context.config),
            waiting,
        };
        self.acquiring.insert(entity.clone(), acquiring);
        self.drive(entity, context);
    }

    /// The answer of coordination to an acquisition. One that ended since is not there any more.
    pub(crate) fn claimed(
        &mut self,
        (entity, id): (&EntityId, AcquisitionId),
        outcome: coordination::Outcome,
        context: &mut Context,
    ) {
        let has_place = self.has_place(context.config.settings.rooms_max.get());
        let Some(acquiring) = self.acquiring.get_mut(entity).filter(|it| it.id == id) else {
            return;
        };
        let kind = acquiring.acquisition.kind();
        let mut waiting = acquiring.waiting.iter();
        let claimant = Claimant {
            config: &context.config,
            has_creator: waiting.any(|message| is_creator(message, kind)),
            has_place,
        };
        acquiring
            .acquisition
            .handle_coordination(outcome, &claimant);
        self.drive(entity, context);
    }

    /// The answer of storage to an acquisition.
    pub(super) fn loaded(
        &mut self,
        (entity, id): (&EntityId, AcquisitionId),
        call: StorageCall,
        outcome: storage::Outcome,
        context: &mut Context,
    ) {
        let Some(acquiring) = self.acquiring.get_mut(entity).filter(|it| it.id == id) else {
            return;
        };
        let acquisition = &mut acquiring.acquisition;
        acquisition.handle_storage(call, outcome, &context.config);
        self.drive(entity, context);
    }

    fn drive(&mut self, entity: &EntityId, context: &mut Context) {
        while let Some(acquiring) = self.acquiring.get_mut(entity)
            && let Some(output) = acquiring.acquisition.poll_output()
        {
            let (entity, id) = (entity.clone(), acquiring.id);
            match output {
                Output::Coordinate(request) => context.ask(Call::Claim { entity, id }, request),
                Output::Doubt => context.doubt(&EntityRecord::key(&entity)),
                Output::Store(call, request) => {
                    context.store(Call::Load { entity, id, call }, request);
                }
                Output::Report(report) => context.out.report(report),
                Output::Ended(acquired) => {
                    if let Some(acquiring) = self.acquiring.remove(&entity) {
                        self.acquired(&entity, acquiring, acquired, context);
                    }
                }
            }
        }
    }

    fn acquired(
        &mut self,
        entity: &EntityId,
        acquiring: Acquiring,
        acquired: Acquired,
        context: &mut Context,
    ) {
        let opens = acquiring.opens();
        let Acquiring {
            acquisition,
            waiting,
            ..
        } = acquiring;
        if !opens {
            return self.restarted(entity, &acquisition, acquired, context);
        }
        let kind = acquisition.kind();
        match acquired {
            Acquired::Anew(held, next) => {
                self.open_anew(entity, (held, next), (kind, waiting), context);
            }
            Acquired::Stored(held, next, recovered) => {
                self.open_recovered(entity, (held, next), *recovered, (kind, waiting), context);
            }
            Acquired::Others(owner) => pass_on(entity, waiting, &owner, context),
            Acquired::NotWanted => drop(keep_creators(entity, kind, waiting, context)),
            Acquired::NoPlace => {
                let waiting = match kind.settings.is_kept() {
                    true => waiting,
                    false => keep_creators(entity, kind, waiting, context),
                };
                refuse_for_lack_of_place(waiting, context);
            }
            Acquired::Unreadable(reason) => unreadable(entity, reason, waiting, context),
            Acquired::Lost => {
                let why = "the room is another's";
                self.give_up(entity, &acquisition, why, waiting, context);
            }
            Acquired::Unavailable(why) => {
                self.give_up(entity, &acquisition, why, waiting, context);
            }
        }
    }

    /// Everybody who waits is told to come later.
    fn give_up(
        &mut self,
        entity: &EntityId,
        acquisition: &Acquisition,
        why: &'static str,
        waiting: Vec<ToEntity>,
        context: &mut Context,
    ) {
        // What is ours by now may have timers, and is not to be left lying.
        if acquisition.purpose() == Purpose::ComeBack || acquisition.held().is_some() {
            self.restore_later(entity, context);
        }
        for message in waiting {
            bounce(message, Undeliverable::Unavailable(why), &mut context.out);
        }
    }

    /// The entity is ours, and storage has nothing of it: who waits for it may make it.
    fn open_anew(
        &mut self,
        entity: &EntityId,
        (held, next): (Held, Position),
        (kind, waiting): (&Arc<Kind>, Vec<ToEntity>),
        context: &mut Context,
    ) {
        let waiting = keep_creators(entity, kind, waiting, context);
        let opened = self.open_first(entity, (held, next), (kind, waiting), context);
        let Some((room, first, others)) = opened else {
            if kind.settings.is_kept() {
                // The seal is all there is of it: it is taken back. What is left of it otherwise is a
                // few bytes.
                let (entity, epoch) = (entity.as_key(), held.epoch);
                context.store(Call::Nobody, Request::Forget { entity, epoch });
            }
            return context.release(EntityRecord::key(entity), held.revision);
        };
        let handle = self.seat(room);
        context.out.report(Report::Opened {
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
        (held, next): (Held, Position),
        (kind, waiting): (&Arc<Kind>, Vec<ToEntity>),
        context: &mut Context,
    ) -> Option<(Room, ToEntity, Vec<ToEntity>)> {
        let mut waiting = waiting.into_iter();
        let mut behind = Vec::new();
        while let Some(message) = waiting.next() {
            if !is_creator(&message, kind) {
                behind.push(message);
                continue;
            }
            let open = match &message {
                ToEntity::Join(join) => join.open.clone(),
                ToEntity::Member(_)
                | ToEntity::Return(_)
                | ToEntity::Request(_)
                | ToEntity::Reply(_)
                | ToEntity::Ran(_) => bytes::Bytes::new(),
            };
            let handle = self.fresh_handle(context);
            let opened = opened(entity, (held, next), (handle, open));
            match Room::open(opened, kind, context) {
                Ok(room) => {
                    behind.extend(waiting);
                    return Some((room, message, behind));
                }
                Err(refusal) => {
                    bounce(message, Undeliverable::NotOpened(refusal), &mut context.out);
                }
            }
        }
        for message in behind {
            let refusal = Refusal::with_code(ErrorCode::RoomNotFound, "there is no such room");
            bounce(message, Undeliverable::NotOpened(refusal), &mut context.out);
        }
        None
    }

    /// The entity is ours, and this is what storage has of it.
    fn open_recovered(
        &mut self,
        entity: &EntityId,
        (held, next): (Held, Position),
        recovered: Recovered,
        (kind, waiting): (&Arc<Kind>, Vec<ToEntity>),
        context: &mut Context,
    ) {
        let base = &recovered.image.base;
        let (handle, open) = (Handle(base.handle), base.open.clone());
        let opened = opened(entity, (held, next), (handle, open));
        let room = match Room::recover(opened, kind, recovered, context) {
            Ok(room) if !self.by_handle.contains_key(&room.handle()) => room,
            Ok(_) => {
                let reason = "its handle is another's".to_owned();
                return unreadable(entity, reason, waiting, context);
            }
            Err(reason) => return unreadable(entity, reason, waiting, context),
        };
        let handle = self.seat(room);
        context.out.report(Report::Recovered {
            entity: entity.clone(),
        });
        self.with_room(handle, context, |turn| {
            turn.begin_service();
            for message in waiting {
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

fn opened(
    entity: &EntityId,
    (held, next): (Held, Position),
    (handle, open): (Handle, bytes::Bytes),
) -> Opened {
    Opened {
        entity: entity.clone(),
        handle,
        epoch: held.epoch,
        revision: held.revision,
        open,
        next,
    }
}

/// The records are whole, but this version of the game cannot make a room of them. They stay as they
/// are, for a version that can, and nobody has to wait for it.
fn unreadable(entity: &EntityId, reason: String, waiting: Vec<ToEntity>, context: &mut Context) {
    context.out.report(Report::SnapshotFailed {
        entity: entity.clone(),
        reason,
    });
    for message in waiting {
        bounce(message, Undeliverable::Unreadable, &mut context.out);
    }
}

/// Sends those who wait to the owner.
fn pass_on(entity: &EntityId, waiting: Vec<ToEntity>, owner: &Address, context: &mut Context) {
    note_owner(entity, owner, context);
    for message in waiting {
        match message {
            ToEntity::Join(join) => {
                let gateway = join.session.gateway.clone();
                let not_owner = NotOwner {
                    join: *join,
                    owner: owner.clone(),
                };
                context
                    .out
                    .post(&gateway, ToGateway::NotOwner(Box::new(not_owner)));
            }
            message @ (ToEntity::Request(_)
            | ToEntity::Member(_)
            | ToEntity::Return(_)
            | ToEntity::Reply(_)
            | ToEntity::Ran(_)) => forward(owner, message, &mut context.out),
        }
    }
}

/// Refuses those for whom there is no place.
fn refuse_for_lack_of_place(waiting: Vec<ToEntity>, context: &mut Context) {
    for message in waiting {
        let full = Refusal::with_code(ErrorCode::Full, "the server has no place for a room");
        bounce(message, Undeliverable::NotOpened(full), &mut context.out);
    }
}

/// Refuses who may not create what is not there, and keeps who may, or who waits for those.
fn keep_creators(
    entity: &EntityId,
    kind: &Kind,
    waiting: Vec<ToEntity>,
    context: &mut Context,
) -> Vec<ToEntity> {
    let mut kept = Vec::with_capacity(waiting.len());
    for message in waiting {
        match message {
            ToEntity::Join(join) => match may_create(&join, kind) {
                Ok(()) => kept.push(ToEntity::Join(join)),
                Err(refusal) => refuse_join(&join, refusal, &mut context.out),
            },
            ToEntity::Return(back) => {
                let reason = absence(entity, &back.member, context);
                end_stay(&back.member, reason, &mut context.out);
            }
            message @ (ToEntity::Member(_)
            | ToEntity::Request(_)
            | ToEntity::Reply(_)
            | ToEntity::Ran(_)) => kept.push(message),
        }
    }
    kept
}

fn is_creator(message: &ToEntity, kind: &Kind) -> bool {
    match message {
        ToEntity::Join(join) => may_create(join, kind).is_ok(),
        // An entity that is asked is opened by whoever asks; a room is opened by joins only.
        ToEntity::Request(_) => kind.logic.is_asked(),
        ToEntity::Return(_) | ToEntity::Member(_) | ToEntity::Reply(_) | ToEntity::Ran(_) => false,
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
