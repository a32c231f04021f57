//! DESIGN §4 and §8: notes, futures and asks of a room end exactly once, through all restarts of
//! the room.

use super::{Violation, Watched};

/// Reports a defect that the room itself found: something ended that was not in flight, or ended
/// twice.
pub(super) fn check_defect(who: &Watched<'_>, defect: &str) -> Result<(), Violation> {
    who.violation("errands end once", format!("the room found that {defect}"))
}

/// Checks that nothing is in flight long after the last deadline.
pub(super) fn check_over(who: &Watched<'_>, pending: u64) -> Result<(), Violation> {
    if pending == 0 {
        return Ok(());
    }
    who.violation("errands end once", format!("{pending} never ended"))
}
