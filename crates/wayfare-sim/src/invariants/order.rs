//! Promise 2, delivery: reliable messages between a client and a room are delivered in order.

use super::{Violation, Watched};
use crate::history::Standing;

/// Checks that the room's sequence grows with every event of a membership.
pub(super) fn check(
    who: &Watched<'_>,
    standing: &Standing,
    sequence: u64,
) -> Result<(), Violation> {
    if sequence > standing.sequence {
        return Ok(());
    }
    let before = standing.sequence;
    who.violation(
        "order",
        format!("event {sequence} came behind event {before}"),
    )
}

/// Reports a defect that the room itself found: a command came after a later one of the same seat.
pub(super) fn check_defect(who: &Watched<'_>, defect: &str) -> Result<(), Violation> {
    if defect.contains("deed") {
        return who.violation("order", format!("the room found that {defect}"));
    }
    Ok(())
}
