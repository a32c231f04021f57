//! DESIGN §4 and §8: what a room leaves behind (notes, futures, asks) comes back to it once, through
//! whatever brings the room back.

use super::{Violation, Watched};

/// The room says itself when something ends that was not under way, or is heard twice.
pub(super) fn check_defect(who: &Watched<'_>, defect: &str) -> Result<(), Violation> {
    who.violation("errands end once", format!("the room found that {defect}"))
}

/// Long behind the last deadline nothing is under way any more.
pub(super) fn check_over(who: &Watched<'_>, pending: u64) -> Result<(), Violation> {
    if pending == 0 {
        return Ok(());
    }
    who.violation("errands end once", format!("{pending} never ended"))
}
