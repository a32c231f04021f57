//! Promise 2, delivery: no reliable message between a client and a room is delivered twice.

use super::{Violation, Watched};
use crate::history::Standing;

/// Checks that nobody receives a number to everyone again.
pub(super) fn check_everyone(
    who: &Watched<'_>,
    standing: &Standing,
    number: u64,
) -> Result<(), Violation> {
    if number > standing.everyone {
        return Ok(());
    }
    let last = standing.everyone;
    who.violation("no duplication", format!("heard {number} behind {last}"))
}

/// Checks that nobody receives a number of its own again, except the greeting that its view already
/// knows.
pub(super) fn check_one(
    who: &Watched<'_>,
    standing: &Standing,
    number: u64,
    welcome: bool,
) -> Result<(), Violation> {
    let known = welcome && number == standing.one && !standing.welcomed;
    if number > standing.one || known {
        return Ok(());
    }
    let last = standing.one;
    who.violation("no duplication", format!("was told {number} behind {last}"))
}

/// Checks that a command has one answer, and that it is its own.
pub(super) fn check_answer(
    who: &Watched<'_>,
    given: Option<u32>,
    answered: Option<u32>,
) -> Result<(), Violation> {
    let Some(given) = given else {
        return who.violation("no duplication", "an answer to nothing that waits".into());
    };
    match answered {
        Some(answered) if answered != given => {
            let what = format!("deed {given} got the answer to deed {answered}");
            who.violation("no duplication", what)
        }
        _ => Ok(()),
    }
}
