//! Records of a room for the logs of the game: each is appended once, after the step it belongs to.

use wayfare_protocol::Epoch;
use wayfare_protocol::storage::{AppendKey, Failure, Outcome, Position, Request};

use crate::context::Context;
use crate::in_flight::Wants;
use crate::report::Report;

use super::super::Room;

impl Room {
    /// Sends the next records to their log: only those of steps that are kept.
    pub(in crate::entities::room) fn append(&mut self, context: &mut Context) {
        let Some(persistence) = &mut self.persistence else {
            return;
        };
        if persistence.appending || persistence.retry.at.is_some() {
            return;
        }
        let Some(append) = persistence.appends.front() else {
            return;
        };
        persistence.appending = true;
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
        self.store(Wants::Append, request, context);
    }

    /// The answer to an append.
    pub(in crate::entities::room) fn appended(&mut self, outcome: Outcome, context: &mut Context) {
        let Some(persistence) = &mut self.persistence else {
            return;
        };
        persistence.appending = false;
        match outcome {
            Ok(_) => {
                persistence.appends.pop_front();
                persistence.storage_did();
                self.append(context);
            }
            // What is kept of the log is damaged, and stays so: the room goes on without it.
            Err(Failure::Corrupt(reason)) => {
                if let Some(append) = persistence.appends.pop_front() {
                    context.report(Report::NotLogged {
                        entity: self.entity.clone(),
                        log: append.log,
                        records: append.records.len(),
                        reason,
                    });
                }
                persistence.storage_did();
                self.append(context);
            }
            Err(failure) => {
                persistence.retry.failed(context.now);
                self.storage_failed(failure, context);
            }
        }
    }
}
