//! Loading of an entity from storage: sealed, read, put together, or put aside.

use std::collections::VecDeque;
use std::sync::Arc;

use wayfare_protocol::storage::{Failure, Loaded, Outcome, PartId, Position, Reply, Request};
use wayfare_protocol::{EntityId, Epoch};

use super::room::persistence::image::Image;
use crate::context::Context;
use crate::entities::room::{Recovered, revive};
use crate::game::Kind;
use crate::in_flight::{ATTEMPTS_MAX, Asker};
use crate::report::Report;
use crate::routing::undeliverable::{Undeliverable, bounce};

use super::Entities;

/// Parts that are read at once: enough to keep storage busy.
const PARTS_AT_ONCE: usize = 8;

/// An entity whose parts are coming.
pub(super) struct Loading {
    epoch: Epoch,
    next: Position,
    recovered: Recovered,
    missing: VecDeque<PartId>,
    asked: usize,
}

impl Entities {
    /// Seals an entity with its new epoch, and reads it.
    pub(super) fn load(
        &mut self,
        entity: &EntityId,
        epoch: Epoch,
        attempt: u8,
        context: &mut Context,
    ) {
        let asker = Asker::Load {
            entity: entity.clone(),
            epoch,
            attempt,
        };
        let request = Request::Load {
            entity: entity.as_key(),
            epoch,
        };
        context.store(asker, request);
    }

    /// The answer to [`Rooms::load`].
    pub(super) fn loaded(
        &mut self,
        entity: &EntityId,
        (epoch, attempt): (Epoch, u8),
        outcome: Outcome,
        context: &mut Context,
    ) {
        let Some(kind) = self.kind_of(entity) else {
            return;
        };
        match outcome {
            Ok(Reply::Loaded(loaded)) => match Image::of(&loaded) {
                Ok(None) => self.nothing_stored(entity, epoch, loaded.next(), context),
                Ok(Some(image)) => self.revive(entity, epoch, (&kind, image, &loaded), context),
                Err(reason) => self.quarantine((entity, epoch), reason, 1, context),
            },
            Err(Failure::Corrupt(reason)) => {
                self.quarantine((entity, epoch), reason, 1, context);
            }
            Err(Failure::Sealed { by }) => self.outsealed(entity, by, context),
            Err(failure) if attempt < ATTEMPTS_MAX => {
                self.tell_failed(entity, failure, context);
                self.load(entity, epoch, attempt + 1, context);
            }
            Err(failure) => {
                self.tell_failed(entity, failure, context);
                self.unloadable(entity, "its state cannot be read now", context);
            }
            Ok(_) => self.unloadable(entity, "storage misanswered", context),
        }
    }

    fn tell_failed(&self, entity: &EntityId, failure: Failure, context: &mut Context) {
        context.report(Report::StorageFailed {
            entity: entity.clone(),
            failure,
        });
    }

    /// The kind of an entity that is opening or starting again.
    fn kind_of(&self, entity: &EntityId) -> Option<Arc<Kind>> {
        if let Some(opening) = self.opening.get(entity) {
            return Some(Arc::clone(&opening.kind));
        }
        let room = self.by_handle.get(self.by_name.get(entity)?)?;
        Some(Arc::clone(room.kind()))
    }

    fn nothing_stored(
        &mut self,
        entity: &EntityId,
        epoch: Epoch,
        next: Position,
        context: &mut Context,
    ) {
        if self.opening.contains_key(entity) {
            self.open_anew(entity, epoch, next, context);
        } else {
            self.restart_anew(entity, epoch, next, context);
        }
    }

    fn revive(
        &mut self,
        entity: &EntityId,
        epoch: Epoch,
        (kind, image, loaded): (&Kind, Image, &Loaded),
        context: &mut Context,
    ) {
        // A part that changed behind the snapshot is in the journal.
        let newer = |part: &&PartId| !image.parts.contains_key(&part.number);
        let missing = image.stored_parts.iter().filter(newer).copied().collect();
        let recovered = match revive(kind, image, loaded) {
            Ok(recovered) => recovered,
            Err(reason) => return self.unreadable(entity, &reason, context),
        };
        let loading = Loading {
            epoch,
            next: loaded.next(),
            recovered,
            missing,
            asked: 0,
        };
        self.loading.insert(entity.clone(), loading);
        self.load_parts(entity, context);
    }

    fn load_parts(&mut self, entity: &EntityId, context: &mut Context) {
        let Some(loading) = self.loading.get_mut(entity) else {
            return;
        };
        while loading.asked < PARTS_AT_ONCE
            && let Some(part) = loading.missing.pop_front()
        {
            loading.asked += 1;
            ask_part(entity, (loading.epoch, part, 1), context);
        }
        if loading.asked > 0 {
            return;
        }
        let Some(mut loading) = self.loading.remove(entity) else {
            return;
        };
        if let Err(reason) = loading.recovered.finish() {
            return self.unreadable(entity, &reason, context);
        }
        let Loading {
            epoch,
            next,
            recovered,
            ..
        } = loading;
        if self.opening.contains_key(entity) {
            self.open_recovered(entity, (epoch, next), recovered, context);
        } else {
            self.restart_recovered(entity, (epoch, next), recovered, context);
        }
    }

    pub(super) fn part_loaded(
        &mut self,
        entity: &EntityId,
        (epoch, part, attempt): (Epoch, PartId, u8),
        outcome: Outcome,
        context: &mut Context,
    ) {
        let Some(loading) = self.loading.get_mut(entity).filter(|it| it.epoch == epoch) else {
            return;
        };
        match outcome {
            Ok(Reply::Part(Some(bytes))) => {
                loading.asked -= 1;
                match loading.recovered.set_part(part.number, Some(&bytes)) {
                    Ok(()) => self.load_parts(entity, context),
                    Err(reason) => self.unreadable(entity, &reason, context),
                }
            }
            Ok(_) => {
                let reason = format!("part {} of it is missing", part.number);
                self.loading.remove(entity);
                self.quarantine((entity, epoch), reason, 1, context);
            }
            Err(Failure::Corrupt(reason)) => {
                self.loading.remove(entity);
                self.quarantine((entity, epoch), reason, 1, context);
            }
            Err(failure) => {
                self.tell_failed(entity, failure, context);
                if attempt < ATTEMPTS_MAX {
                    return ask_part(entity, (epoch, part, attempt + 1), context);
                }
                self.unloadable(entity, "its state cannot be read now", context);
            }
        }
    }

    // ---- what cannot be read

    /// Puts aside what nobody can read, so that it blocks nobody.
    fn quarantine(
        &mut self,
        (entity, epoch): (&EntityId, Epoch),
        reason: String,
        attempt: u8,
        context: &mut Context,
    ) {
        let asker = Asker::Quarantine {
            entity: entity.clone(),
            epoch,
            reason,
            attempt,
        };
        let request = Request::Quarantine {
            entity: entity.as_key(),
            epoch,
        };
        context.store(asker, request);
    }

    pub(super) fn put_aside(
        &mut self,
        (entity, epoch): (&EntityId, Epoch),
        (reason, attempt): (String, u8),
        outcome: Outcome,
        context: &mut Context,
    ) {
        match outcome {
            Ok(_) => {
                context.report(Report::Quarantined {
                    entity: entity.clone(),
                    reason,
                });
                self.load(entity, epoch, 1, context);
            }
            Err(failure) => {
                self.tell_failed(entity, failure, context);
                if attempt < ATTEMPTS_MAX {
                    return self.quarantine((entity, epoch), reason, attempt + 1, context);
                }
                self.unloadable(entity, "its state cannot be read", context);
            }
        }
    }

    /// The records are whole, but this version of the game cannot make a room of them. They stay
    /// as they are, for a version that can.
    pub(super) fn unreadable(&mut self, entity: &EntityId, reason: &str, context: &mut Context) {
        context.report(Report::SnapshotFailed {
            entity: entity.clone(),
            reason: reason.to_owned(),
        });
        self.loading.remove(entity);
        if let Some(opening) = self.opening.remove(entity) {
            // Nobody has to wait for another version of the game.
            for message in opening.waiting {
                bounce(message, Undeliverable::Unreadable, context);
            }
        } else {
            self.restart_unreadable(entity, context);
        }
    }

    fn unloadable(&mut self, entity: &EntityId, why: &'static str, context: &mut Context) {
        self.loading.remove(entity);
        if self.opening.contains_key(entity) {
            self.give_up(entity, why, context);
        } else {
            // Storage has it still: its members come back, and find it when it can be read again.
            self.restart_lost(entity, context);
        }
    }

    fn outsealed(&mut self, entity: &EntityId, by: Epoch, context: &mut Context) {
        if self.opening.contains_key(entity) {
            return self.claim_above(entity, by, context);
        }
        context.report(Report::Fenced {
            entity: entity.clone(),
            by,
        });
        self.restart_lost(entity, context);
    }
}

fn ask_part(entity: &EntityId, (epoch, part, attempt): (Epoch, PartId, u8), context: &mut Context) {
    let asker = Asker::LoadPart {
        entity: entity.clone(),
        epoch,
        part,
        attempt,
    };
    let request = Request::ReadPart {
        entity: entity.as_key(),
        part,
    };
    context.store(asker, request);
}

/// Takes back a seal of something that is not there. What is left of it otherwise is a few bytes.
pub(super) fn forget(entity: &EntityId, epoch: Epoch, context: &mut Context) {
    let request = Request::Forget {
        entity: entity.as_key(),
        epoch,
    };
    context.store(Asker::Nobody, request);
}
