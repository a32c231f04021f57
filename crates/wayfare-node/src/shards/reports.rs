//! What a shard reports, as log lines and counters.

use metrics::counter;
use tracing::{debug, error, info, warn};
use wayfare_core::Report;

/// Logs and counts one report of one shard. Nothing here says more than an operator may see.
pub(crate) fn tell(report: &Report) {
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
        Report::SessionOpened { player } => {
            counter!("wayfare_sessions_opened_total").increment(1);
            debug!(player = %player, "session opened");
        }
        Report::Refused { code, message } => {
            counter!("wayfare_connections_ended_total", "code" => code.code().to_string())
                .increment(1);
            info!(code = code.code(), message, "connection ended");
        }
        Report::CorruptRecord(corrupt) => error!(%corrupt, "a record is set aside"),
        Report::CoordinationFailed(failure) => {
            counter!("wayfare_coordination_failures_total").increment(1);
            warn!(%failure, "coordination did not answer as needed");
        }
    }
}
