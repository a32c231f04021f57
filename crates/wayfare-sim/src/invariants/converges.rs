//! Promise 2 after the last fault: every client is served and misses nothing.

use super::{Violation, Watched};
use crate::history::History;

const NAME: &str = "converges";

/// Checks that a player's client is connected.
pub(crate) fn check_connected(seat: u32, connected: bool) -> Result<(), Violation> {
    if connected {
        return Ok(());
    }
    let what = "is not connected, long after the last fault".to_owned();
    Err(Violation::new(NAME, vec![format!("seat{seat}")], what))
}

/// Checks that every command has an outcome.
pub(crate) fn check_answered(who: &Watched<'_>, history: &History) -> Result<(), Violation> {
    let Some(given) = history.given.values().next() else {
        return Ok(());
    };
    let deed = given.deed;
    who.violation(
        NAME,
        format!("deed {deed} has no answer, long after the last fault"),
    )
}

/// Checks that a member of a room that has become silent has received everything.
pub(crate) fn check_heard_all(who: &Watched<'_>, heard: u64, said: u64) -> Result<(), Violation> {
    if heard == said {
        return Ok(());
    }
    who.violation(
        NAME,
        format!("has heard up to {heard}, and {said} was said long ago"),
    )
}
