//! DESIGN §4: notes and graces of a room end when they are due by its age, not before and not much
//! later, without anybody who looks.

use super::{Violation, Watched};

const NAME: &str = "in time";

/// Reports a defect that the room itself found: something came early, or did not come.
pub(super) fn check_defect(who: &Watched<'_>, defect: &str) -> Result<(), Violation> {
    match defect.contains(" due at ") {
        true => who.violation(NAME, format!("the room found that {defect}")),
        false => Ok(()),
    }
}

/// Checks that a member was told of the end of everything, long after the last deadline.
pub(super) fn check_over(who: &Watched<'_>, pending: u64) -> Result<(), Violation> {
    match pending {
        0 => Ok(()),
        _ => who.violation(
            NAME,
            format!("{pending} notes, futures or asks never ended"),
        ),
    }
}

/// Checks that nothing is left to come in a room that nobody visits.
pub(crate) fn check_unvisited(room: String, due: &[String]) -> Result<(), Violation> {
    match due {
        [] => Ok(()),
        due => {
            let what = format!(
                "nobody was there, and these did not end: {}",
                due.join(", ")
            );
            Err(Violation::new(NAME, vec![room], what))
        }
    }
}
