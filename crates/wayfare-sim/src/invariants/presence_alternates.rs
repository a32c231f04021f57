//! DESIGN §4: a room is told in turn that a member is away and that it is back, also over a restart,
//! and hears of a player that ended its session at once.

use super::{Violation, Watched};

const NAME: &str = "presence alternates";

/// Reports a defect that the room itself found.
pub(super) fn check_defect(who: &Watched<'_>, defect: &str) -> Result<(), Violation> {
    match defect.contains(" is away") || defect.contains(" is back") {
        true => who.violation(NAME, format!("the room found that {defect}")),
        false => Ok(()),
    }
}

/// Checks that the members of a room are not among those who ended their sessions.
pub(crate) fn check_gone(room: String, lingering: &[String]) -> Result<(), Violation> {
    match lingering {
        [] => Ok(()),
        lingering => {
            let what = format!(
                "{} ended the session, and are members",
                lingering.join(", ")
            );
            Err(Violation::new(NAME, vec![room], what))
        }
    }
}
