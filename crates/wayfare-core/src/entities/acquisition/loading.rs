//! Loading of a claimed entity from storage: sealed, read, put together, or put aside.

use std::collections::VecDeque;

use wayfare_protocol::storage::{Failure, Loaded, Outcome, PartId, Position, Reply, Request};

use crate::config::ShardConfig;
use crate::entities::room::persistence::image::Image;
use crate::entities::room::{Recovered, revive};
use crate::in_flight::StorageCall;
use crate::report::Report;

use super::{Acquired, Acquisition, Held, Output, Stage};

/// Parts that are read at once: enough to keep storage busy.
const PARTS_AT_ONCE: usize = 8;
/// Requests of one sort to storage before the entity is given up.
const ATTEMPTS_MAX: u8 = 3;
const UNREADABLE_NOW: &str = "its state cannot be read now";

/// A state whose parts are coming.
pub(super) struct Loading {
    held: Held,
    next: Position,
    recovered: Recovered,
    missing: VecDeque<PartId>,
    in_flight: usize,
}

impl Acquisition {
    /// The answer to a request to storage. One that is not waited for any more is ignored.
    pub(in crate::entities) fn handle_storage(
        &mut self,
        call: StorageCall,
        outcome: Outcome,
        config: &ShardConfig,
    ) {
        match (std::mem::replace(&mut self.stage, Stage::Ended), call) {
            (Stage::Load { held, attempt }, StorageCall::Load) => {
                self.loaded((held, attempt), outcome, config);
            }
            (Stage::Parts(loading), StorageCall::Part(part, attempt)) => {
                self.part_loaded(loading, (part, attempt), outcome);
            }
            (
                Stage::Quarantine {
                    held,
                    reason,
                    attempt,
                },
                StorageCall::Quarantine,
            ) => {
                self.put_aside(held, (reason, attempt), outcome);
            }
            (stage, _) => self.stage = stage,
        }
    }

    /// Seals the entity with the new epoch, and reads it.
    pub(super) fn load(&mut self, held: Held, attempt: u8) {
        self.stage = Stage::Load { held, attempt };
        let request = Request::Load {
            entity: self.entity.as_key(),
            epoch: held.epoch,
        };
        self.store(StorageCall::Load, request);
    }

    fn loaded(&mut self, (held, attempt): (Held, u8), outcome: Outcome, config: &ShardConfig) {
        match outcome {
            Ok(Reply::Loaded(loaded)) => match Image::of(&loaded) {
                Ok(None) => self.end(Acquired::Anew(held, loaded.next())),
                Ok(Some(image)) => self.revive(held, (image, &loaded), config),
                Err(reason) => self.quarantine(held, reason, 1),
            },
            Err(Failure::Corrupt(reason)) => self.quarantine(held, reason, 1),
            Err(Failure::Sealed { by }) => self.outsealed(held, by, config),
            Err(failure) => {
                self.report_failure(failure);
                match attempt < ATTEMPTS_MAX {
                    true => self.load(held, attempt + 1),
                    false => self.end(Acquired::Unavailable(UNREADABLE_NOW)),
                }
            }
            Ok(_) => self.end(Acquired::Unavailable("storage misanswered")),
        }
    }

    fn revive(&mut self, held: Held, (image, loaded): (Image, &Loaded), config: &ShardConfig) {
        let missing = image.missing_parts().collect();
        let hook = config.hook.clone();
        let recovered = match revive(&self.entity, (&self.kind, image, loaded), hook) {
            Ok(recovered) => recovered,
            Err(reason) => return self.end(Acquired::Unreadable(reason)),
        };
        self.load_parts(Box::new(Loading {
            held,
            next: loaded.next(),
            recovered,
            missing,
            in_flight: 0,
        }));
    }

    fn load_parts(&mut self, mut loading: Box<Loading>) {
        while loading.in_flight < PARTS_AT_ONCE
            && let Some(part) = loading.missing.pop_front()
        {
            loading.in_flight += 1;
            self.load_part(part, 1);
        }
        if loading.in_flight > 0 {
            self.stage = Stage::Parts(loading);
            return;
        }
        let Loading {
            held,
            next,
            mut recovered,
            ..
        } = *loading;
        self.end(match recovered.finish() {
            Ok(()) => Acquired::Stored(held, next, Box::new(recovered)),
            Err(reason) => Acquired::Unreadable(reason),
        });
    }

    fn load_part(&mut self, part: PartId, attempt: u8) {
        let request = Request::ReadPart {
            entity: self.entity.as_key(),
            part,
        };
        self.store(StorageCall::Part(part, attempt), request);
    }

    fn part_loaded(
        &mut self,
        mut loading: Box<Loading>,
        (part, attempt): (PartId, u8),
        outcome: Outcome,
    ) {
        match outcome {
            Ok(Reply::Part(Some(bytes))) => {
                loading.in_flight -= 1;
                match loading.recovered.set_part(part.number, Some(&bytes)) {
                    Ok(()) => self.load_parts(loading),
                    Err(reason) => self.end(Acquired::Unreadable(reason)),
                }
            }
            Ok(_) => {
                let reason = format!("part {} of it is missing", part.number);
                self.quarantine(loading.held, reason, 1);
            }
            Err(Failure::Corrupt(reason)) => self.quarantine(loading.held, reason, 1),
            Err(failure) => {
                self.report_failure(failure);
                if attempt == ATTEMPTS_MAX {
                    return self.end(Acquired::Unavailable(UNREADABLE_NOW));
                }
                self.stage = Stage::Parts(loading);
                self.load_part(part, attempt + 1);
            }
        }
    }

    /// Puts aside what nobody can read, so that it blocks nobody.
    fn quarantine(&mut self, held: Held, reason: String, attempt: u8) {
        self.stage = Stage::Quarantine {
            held,
            reason,
            attempt,
        };
        let request = Request::Quarantine {
            entity: self.entity.as_key(),
            epoch: held.epoch,
        };
        self.store(StorageCall::Quarantine, request);
    }

    fn put_aside(&mut self, held: Held, (reason, attempt): (String, u8), outcome: Outcome) {
        let Err(failure) = outcome else {
            let entity = self.entity.clone();
            self.report(Report::Quarantined { entity, reason });
            return self.load(held, 1);
        };
        self.report_failure(failure);
        match attempt < ATTEMPTS_MAX {
            true => self.quarantine(held, reason, attempt + 1),
            false => self.end(Acquired::Unavailable("its state cannot be read")),
        }
    }

    fn report_failure(&mut self, failure: Failure) {
        let entity = self.entity.clone();
        self.report(Report::StorageFailed { entity, failure });
    }

    fn store(&mut self, call: StorageCall, request: Request) {
        self.outputs.push_back(Output::Store(call, request));
    }
}
