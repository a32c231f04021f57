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
pub const KNOWN: &[Known] = &[
    Known {
        what: "the record of a session or an entity stays behind where its revision was not \
               known for certain, or coordination was away for all attempts to remove it",
        seed: 490,
        matches: |violation, plan, _| {
            let faults = &plan.faults;
            faults.coordination + faults.coordination_away + faults.kill > 0
                && violation.invariant == "no leak"
                && (violation.what.contains("session/") || violation.what.contains("entity/"))
        },
    },
    Known {
        what: "a client is told that nothing is left of a command, and the snapshot that its \
               volatile room comes back from knows it",
        seed: 277,
        matches: |violation, _, room| {
            violation.what.contains("never was to be")
                && room.is_some_and(|room| room.is_kept() && !room.is_durable())
        },
    },
    Known {
        what: "after a volatile room fell back, the number of a command that it once failed on is \
               told again, and another command has that number by then",
        seed: 233,
        matches: |violation, _, room| {
            violation.what.contains("HandlerFailed")
                && room.is_some_and(|room| room.is_kept() && !room.is_durable())
        },
    },
];

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
