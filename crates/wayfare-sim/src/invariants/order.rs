//! Promise 2, delivery: between a client and a room, reliable messages are delivered in order.

use super::{Violation, Watched};
use crate::history::Standing;

/// The room's own numbers grow with every event of a stay.
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

/// The room says itself when a deed comes behind a later one of the same seat.
pub(super) fn check_defect(who: &Watched<'_>, defect: &str) -> Result<(), Violation> {
    if defect.contains("deed") {
        return who.violation("order", format!("the room found that {defect}"));
    }
    Ok(())
}
