//! Reports of a shard, written as log lines and counters.

use std::time::Duration;

use metrics::counter;
use tracing::{debug, error, info, warn};
use wayfare_core::Report;
use wayfare_protocol::Instant;

use super::ration::Ration;

/// The limit of log lines about an engine in trouble.
const TROUBLE: (u32, Duration) = (5, Duration::from_secs(10));

/// The log limits and labels of one shard.
pub(crate) struct Reports {
    storage: Ration,
    coordination: Ration,
    not_kept: Ration,
    misdirected: Ration,
}

impl Default for Reports {
    fn default() -> Self {
        let (lines_max, per) = TROUBLE;
        let ration = || Ration::new(lines_max, per);
        Self {
            storage: ration(),
            coordination: ration(),
            not_kept: ration(),
            misdirected: ration(),
        }
    }
}

impl Reports {
    /// Logs and counts a report. Log lines contain nothing that an operator may not see.
    pub(crate) fn tell(&mut self, report: &Report, now: Instant) {
        match report {
            Report::Panicked { .. }
            | Report::Restarted { .. }
            | Report::Opened { .. }
            | Report::Closed { .. }
            | Report::TicksSkipped { .. }
            | Report::NoteLost { .. }
            | Report::SnapshotFailed { .. }
            | Report::PropertiesFull { .. } => tell_of_room(report),
            Report::SessionOpened { .. } | Report::Refused { .. } => tell_of_session(report),
            Report::ClockSet(step) => {
                counter!("wayfare_wall_clock_steps_total").increment(1);
                warn!(
                    seconds = step.by.as_secs_f64(),
                    forward = step.forward,
                    "the wall clock was set: ages and timers of rooms do not follow it"
                );
            }
            Report::CorruptRecord(corrupt) => error!(%corrupt, "a record is set aside"),
            Report::CoordinationFailed(failure) => {
                counter!("wayfare_coordination_failures_total").increment(1);
                if let Some(untold) = self.coordination.admit(now) {
                    warn!(%failure, untold, "coordination did not answer as needed");
                }
            }
            Report::StorageFailed { entity, failure } => {
                counter!("wayfare_storage_failures_total").increment(1);
                if let Some(untold) = self.storage.admit(now) {
                    warn!(
                        room = %entity, %failure, untold,
                        "storage did not execute the room's request; it is repeated"
                    );
                }
            }
            Report::NotKept { entity, reason } => {
                counter!("wayfare_steps_undone_total").increment(1);
                if let Some(untold) = self.not_kept.admit(now) {
                    error!(
                        room = %entity, reason, untold,
                        "the room's state cannot be stored: the step is undone"
                    );
                }
            }
            Report::Misdirected { to } => {
                counter!("wayfare_messages_misdirected_total").increment(1);
                if let Some(untold) = self.misdirected.admit(now) {
                    warn!(%to, untold, "a message for another run of a node is dropped");
                }
            }
            Report::Quarantined { .. }
            | Report::NotLogged { .. }
            | Report::Recovered { .. }
            | Report::PutAway { .. }
            | Report::Fenced { .. } => tell_of_kept(report),
        }
    }
}

fn tell_of_room(report: &Report) {
    match report {
        Report::Panicked {
            entity,
            handler,
            panic,
        } => {
            counter!("wayfare_handler_panics_total").increment(1);
            error!(room = %entity, handler, panic, "a handler panicked");
        }
        Report::Restarted { entity } => {
            counter!("wayfare_room_restarts_total").increment(1);
            warn!(room = %entity, "the room started again after a panic");
        }
        Report::Opened { entity } => {
            counter!("wayfare_rooms_opened_total").increment(1);
            debug!(room = %entity, "room opened");
        }
        Report::Closed { entity } => {
            counter!("wayfare_rooms_closed_total").increment(1);
            debug!(room = %entity, "room closed");
        }
        Report::TicksSkipped { entity, skipped } => {
            counter!("wayfare_ticks_skipped_total").increment(*skipped);
            debug!(room = %entity, skipped, "ticks left out: the shard is late");
        }
        Report::NoteLost { entity, reason } => {
            counter!("wayfare_notes_lost_total").increment(1);
            error!(room = %entity, reason, "a note of the room did not decode and is lost");
        }
        Report::SnapshotFailed { entity, reason } => {
            counter!("wayfare_snapshots_failed_total").increment(1);
            error!(room = %entity, reason, "a snapshot could not be taken or restored");
        }
        Report::PropertiesFull { entity } => {
            warn!(room = %entity, "the room has as many properties as it may; one was not set");
        }
        _ => {}
    }
}

fn tell_of_session(report: &Report) {
    match report {
        Report::SessionOpened { player } => {
            counter!("wayfare_sessions_opened_total").increment(1);
            debug!(player = %player, "session opened");
        }
        Report::Refused { code, message } => {
            counter!("wayfare_connections_ended_total", "code" => code.code().to_string())
                .increment(1);
            info!(code = code.code(), message, "connection ended");
        }
        _ => {}
    }
}

/// Logs reports about stored entities.
fn tell_of_kept(report: &Report) {
    match report {
        Report::Quarantined { entity, reason } => {
            counter!("wayfare_rooms_quarantined_total").increment(1);
            error!(
                room = %entity, reason,
                "the room's stored state cannot be read: it is moved to quarantine, and the room begins empty"
            );
        }
        Report::NotLogged {
            entity,
            log,
            records,
            reason,
        } => {
            counter!("wayfare_log_records_lost_total").increment(*records as u64);
            error!(
                room = %entity, log, records, reason,
                "the game log is damaged: the room's records for it are dropped"
            );
        }
        Report::Recovered { entity } => {
            counter!("wayfare_rooms_recovered_total").increment(1);
            debug!(room = %entity, "the room was restored from storage");
        }
        Report::PutAway { entity } => {
            counter!("wayfare_rooms_put_away_total").increment(1);
            debug!(room = %entity, "the idle room is put away");
        }
        Report::Fenced { entity, by } => {
            counter!("wayfare_rooms_fenced_total").increment(1);
            warn!(room = %entity, by = by.0, "another owner has the room: it ends here");
        }
        _ => {}
    }
}
