//! Rooms that failed: claimed anew under the next epoch, then put together again.

use wayfare_protocol::coordination::{
    Commit, Expect, Failure, Outcome, Reply, Request, Revision, Write,
};
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::storage::Position;
use wayfare_protocol::{EntityId, Epoch, Handle};

use crate::context::Context;
use crate::entities::room::{End, Opened, Origin, Recovered, Room};
use crate::game::Durability;
use crate::in_flight::{ATTEMPTS_MAX, Asker};
use crate::report::Report;

use super::Entities;

impl Entities {
    /// The answer to the claim of a room that failed.
    pub(crate) fn restarted(
        &mut self,
        (handle, entity, attempt): (Handle, &EntityId, u8),
        outcome: &Outcome,
        context: &mut Context,
    ) {
        let Some(room) = self.by_handle.get_mut(&handle) else {
            // It closed meanwhile, and has given up the record.
            return;
        };
        match restart_claim((room, attempt), outcome, context) {
            Restart::Asked => {}
            Restart::Lost => self.restart_lost(entity, context),
            Restart::Settled(revision) => {
                room.id.revision = revision;
                let epoch = room.id.epoch.next();
                match room.kind().settings.is_kept() {
                    true => self.load(entity, epoch, 1, context),
                    false => self.restart_anew(entity, epoch, Position(1), context),
                }
            }
        }
    }

    /// Storage has nothing of it: it opens again as it was opened first.
    pub(super) fn restart_anew(
        &mut self,
        entity: &EntityId,
        epoch: Epoch,
        next: Position,
        context: &mut Context,
    ) {
        self.replace(entity, Origin::Anew, context, |room, context| {
            let opened = Opened {
                epoch,
                next,
                ..room.opened()
            };
            let kind = room.kind().clone();
            Room::open(opened, &kind, context).map_err(|refusal| refusal.message)
        });
    }

    pub(super) fn restart_recovered(
        &mut self,
        entity: &EntityId,
        (epoch, next): (Epoch, Position),
        recovered: Recovered,
        context: &mut Context,
    ) {
        self.replace(entity, Origin::Stored, context, |room, context| {
            let opened = Opened {
                epoch,
                next,
                ..room.opened()
            };
            let kind = room.kind().clone();
            Room::recover(opened, &kind, recovered, context)
        });
    }

    fn replace(
        &mut self,
        entity: &EntityId,
        origin: Origin,
        context: &mut Context,
        make: impl FnOnce(&Room, &mut Context) -> Result<Room, String>,
    ) {
        let Some(handle) = self.by_name.get(entity).copied() else {
            return;
        };
        self.with_room(handle, context, |turn| {
            turn.room.end_restart();
            match make(turn.room, turn.context) {
                Ok(fresh) => {
                    turn.replace_by(fresh, origin);
                    turn.context.report(Report::Restarted {
                        entity: turn.room.id.entity.clone(),
                    });
                }
                Err(reason) => {
                    let entity = turn.room.id.entity.clone();
                    let failed = Report::SnapshotFailed { entity, reason };
                    turn.context.report(failed);
                    turn.room.end(unreadable(turn.room));
                }
            }
        });
    }

    pub(super) fn restart_lost(&mut self, entity: &EntityId, context: &mut Context) {
        self.end_restart(entity, |_| End::Lost, context);
    }

    pub(super) fn restart_unreadable(&mut self, entity: &EntityId, context: &mut Context) {
        self.end_restart(entity, unreadable, context);
    }

    fn end_restart(
        &mut self,
        entity: &EntityId,
        end: impl FnOnce(&Room) -> End,
        context: &mut Context,
    ) {
        if let Some(handle) = self.by_name.get(entity).copied() {
            self.with_room(handle, context, |turn| {
                turn.room.end_restart();
                turn.room.end(end(turn.room));
            });
        }
    }
}

/// The end of a room that cannot be restored. The last confirmation of a `Durable` one is not
/// known here: its members find out when they come again.
fn unreadable(room: &Room) -> End {
    match room.kind().settings.durability {
        Durability::Durable => End::Lost,
        Durability::Volatile => End::Failed,
    }
}

/// Wants the next epoch for a room that failed, unless it fails too often.
pub(super) fn restart(room: &mut Room, context: &mut Context) {
    if let Err(end) = room.may_restart(context.now) {
        return room.end(end);
    }
    room.begin_restart();
    claim_next_epoch(room, 1, context);
}

fn claim_next_epoch(room: &Room, attempt: u8, context: &mut Context) {
    let owner = context.config.address.clone();
    let value = EntityRecord {
        epoch: room.id.epoch.next(),
        owner,
    }
    .encode();
    let expect = Expect::Revision(room.id.revision);
    let write = Write::Put {
        key: EntityRecord::key(&room.id.entity),
        expect,
        value,
    };
    let asker = Asker::Restart {
        handle: room.handle(),
        entity: room.id.entity.clone(),
        attempt,
    };
    context.ask(asker, Request::Commit(vec![write]));
}

/// The meaning of the answer to the claim of a room that failed.
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
    context: &mut Context,
) -> Restart {
    let key = EntityRecord::key(&room.id.entity);
    match outcome {
        Ok(Reply::Committed(Commit::Done(revision))) => Restart::Settled(*revision),
        Ok(Reply::Got {
            record: Some(record),
            ..
        }) => match EntityRecord::decode(&key, &record.value) {
            Ok(found) if context.is_here(&found.owner) && found.epoch == room.id.epoch.next() => {
                Restart::Settled(record.revision)
            }
            Ok(_) if record.revision == room.id.revision => {
                claim_next_epoch(room, attempt, context);
                Restart::Asked
            }
            _ => Restart::Lost,
        },
        Err(failure @ Failure::Unknown(_)) => {
            context.report(Report::CoordinationFailed(failure.clone()));
            if attempt == ATTEMPTS_MAX {
                return Restart::Lost;
            }
            let asker = Asker::Restart {
                handle: room.handle(),
                entity: room.id.entity.clone(),
                attempt: attempt + 1,
            };
            context.ask(asker, Request::Get(key));
            Restart::Asked
        }
        Err(failure) => {
            context.report(Report::CoordinationFailed(failure.clone()));
            Restart::Lost
        }
        Ok(_) => Restart::Lost,
    }
}
