//! Defects of the real code that a simulation has found and nobody has mended yet, so that they do
//! not hide others. Each is asserted as it is: `tests/known.rs` fails once its seed passes.

use crate::Violation;
use crate::plan::{Plan, RoomPlan};

/// One of them.
pub struct Known {
    /// What is wrong, in a sentence.
    pub what: &'static str,
    /// A seed of free mode that finds it.
    pub seed: u64,
    matches: fn(&Violation, &Plan, Option<&RoomPlan>) -> bool,
}

/// All of them.
pub const KNOWN: &[Known] = &[];

/// The known defect that this is, if it is one.
#[must_use]
pub fn known(violation: &Violation, plan: &Plan) -> Option<&'static Known> {
    let room = violation.subjects.iter().find_map(|subject| {
        let room: usize = subject.strip_prefix("room")?.parse().ok()?;
        plan.rooms.get(room)
    });
    KNOWN
        .iter()
        .find(|known| (known.matches)(violation, plan, room))
}
