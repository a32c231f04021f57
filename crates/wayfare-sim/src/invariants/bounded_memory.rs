//! Promise 8, nothing grows without a bound: the queues for slow readers and for storage have
//! limits.

use wayfare_core::operator::{Counts, RoomSummary};
use wayfare_protocol::limits::{BACKLOG_BYTES_MAX, HELD_BYTES_MAX, STEP_BYTES_MAX, VIEW_BYTES_MAX};

use super::Violation;

/// Checks that nothing in a shard exceeds its limit by more than one step.
pub(crate) fn check(
    shard: &str,
    counts: Counts,
    (sessions_max, backlog): (usize, usize),
    rooms: &[RoomSummary],
) -> Result<(), Violation> {
    let violation = |what| {
        Err(Violation::new(
            "bounded memory",
            vec![shard.to_owned()],
            what,
        ))
    };
    if counts.sessions > sessions_max {
        let sessions = counts.sessions;
        return violation(format!("{sessions} sessions of {sessions_max} players"));
    }
    // A reader that is reported as slow is disconnected before more than a step and a view is
    // added.
    if backlog > BACKLOG_BYTES_MAX + VIEW_BYTES_MAX {
        return violation(format!("{backlog} bytes wait for one reader"));
    }
    for room in rooms {
        if room.held_bytes > HELD_BYTES_MAX + STEP_BYTES_MAX {
            let (entity, held) = (&room.entity, room.held_bytes);
            return violation(format!("{held} bytes of {entity} wait for storage"));
        }
    }
    Ok(())
}
