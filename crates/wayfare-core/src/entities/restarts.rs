//! Rooms that failed: acquired anew under the next epoch, then put together again.

use wayfare_protocol::storage::Position;
use wayfare_protocol::{EntityId, Handle};

use crate::context::Context;
use crate::entities::room::{End, Opened, Origin, Recovered, Room};
use crate::game::Durability;
use crate::report::Report;

use super::Entities;
use super::acquisition::{Acquired, Acquisition, Held, Purpose};

impl Entities {
    /// Acquires a room that failed once more, unless it fails too often.
    pub(super) fn restart(&mut self, handle: Handle, context: &mut Context) {
        let Some(room) = self.by_handle.get_mut(&handle) else {
            return;
        };
        if let Err(end) = room.may_restart(context.now) {
            return room.end(end);
        }
        room.begin_restart();
        let held = Held {
            epoch: room.id.epoch,
            revision: room.id.revision,
        };
        let (entity, kind) = (room.id.entity.clone(), room.kind().clone());
        let purpose = Purpose::Restart(held);
        self.acquire(&entity, (kind, purpose), Vec::new(), context);
    }

    /// The end of the acquisition of a room that failed.
    pub(super) fn restarted(
        &mut self,
        entity: &EntityId,
        acquisition: &Acquisition,
        acquired: Acquired,
        context: &mut Context,
    ) {
        if let Some(held) = acquisition.held()
            && let Some(room) = self.room_of(entity)
        {
            room.id.revision = held.revision;
        }
        match acquired {
            Acquired::Anew(held, next) => self.restart_anew(entity, (held, next), context),
            Acquired::Stored(held, next, recovered) => {
                self.restart_recovered(entity, (held, next), *recovered, context);
            }
            Acquired::Unreadable(reason) => {
                context.out.report(Report::SnapshotFailed {
                    entity: entity.clone(),
                    reason,
                });
                self.end_restart(entity, unreadable, context);
            }
            // Storage has it still: its members come back, and find it when it can be read again.
            Acquired::Others(_)
            | Acquired::NotWanted
            | Acquired::NoPlace
            | Acquired::Lost
            | Acquired::Unavailable(_) => self.end_restart(entity, |_| End::Lost, context),
        }
    }

    fn room_of(&mut self, entity: &EntityId) -> Option<&mut Room> {
        let room = self.by_handle.get_mut(self.by_name.get(entity)?)?;
        Some(room)
    }

    /// Storage has nothing of it: it opens again as it was opened first.
    fn restart_anew(
        &mut self,
        entity: &EntityId,
        (held, next): (Held, Position),
        context: &mut Context,
    ) {
        self.replace(entity, Origin::Anew, context, |room, context| {
            let opened = Opened {
                epoch: held.epoch,
                next,
                ..room.opened()
            };
            let kind = room.kind().clone();
            Room::open(opened, &kind, context).map_err(|refusal| refusal.message)
        });
    }

    fn restart_recovered(
        &mut self,
        entity: &EntityId,
        (held, next): (Held, Position),
        recovered: Recovered,
        context: &mut Context,
    ) {
        self.replace(entity, Origin::Stored, context, |room, context| {
            let opened = Opened {
                epoch: held.epoch,
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
                    turn.context.out.report(Report::Restarted {
                        entity: turn.room.id.entity.clone(),
                    });
                }
                Err(reason) => {
                    let entity = turn.room.id.entity.clone();
                    let failed = Report::SnapshotFailed { entity, reason };
                    turn.context.out.report(failed);
                    turn.room.end(unreadable(turn.room));
                }
            }
        });
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
