//! What a room says to the logs of the game: each record once, behind the step it belongs to.

use wayfare_protocol::Epoch;
use wayfare_protocol::storage::{AppendKey, Failure, Outcome, Position, Request};

use crate::calls::Wants;
use crate::environment::{Environment, Report};

use super::Room;

impl Room {
    /// Sends the next records to their log: only those of steps that are kept.
    pub(super) fn append(&mut self, environment: &mut Environment) {
        let Some(keeper) = &mut self.keeper else {
            return;
        };
        if keeper.appending || keeper.retry.at.is_some() {
            return;
        }
        let Some(append) = keeper.appends.front() else {
            return;
        };
        keeper.appending = true;
        let request = Request::Append {
            log: append.log.as_str().into(),
            epoch: self.epoch,
            key: AppendKey {
                writer: self.entity.as_key(),
                epoch: Epoch(append.epoch),
                step: Position(append.position),
            },
            records: append.records.clone(),
        };
        self.store(Wants::Append, request, environment);
    }

    /// The answer to an append.
    pub(super) fn appended(&mut self, outcome: Outcome, environment: &mut Environment) {
        let Some(keeper) = &mut self.keeper else {
            return;
        };
        keeper.appending = false;
        match outcome {
            Ok(_) => {
                keeper.appends.pop_front();
                keeper.storage_did();
                self.append(environment);
            }
            // What is kept of the log is damaged, and stays so: the room goes on without it.
            Err(Failure::Corrupt(reason)) => {
                if let Some(append) = keeper.appends.pop_front() {
                    environment.report(Report::NotLogged {
                        entity: self.entity.clone(),
                        log: append.log,
                        records: append.records.len(),
                        reason,
                    });
                }
                keeper.storage_did();
                self.append(environment);
            }
            Err(failure) => {
                keeper.retry.failed(environment.now);
                self.storage_failed(failure, environment);
            }
        }
    }
}
