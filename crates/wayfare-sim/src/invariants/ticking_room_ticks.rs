//! DESIGN §4: a room whose kind has a tick rate ticks at that rate while it lives.

use std::time::Duration;

use super::{Violation, Watched};

/// Checks the number of `ticks` that a member received in `time`, while nothing went wrong.
pub(crate) fn check(
    who: &Watched<'_>,
    ticks: u64,
    time: Duration,
    tick: Duration,
) -> Result<(), Violation> {
    let wanted = (time.as_nanos() / tick.as_nanos()) as u64;
    if ticks * 10 < wanted * 9 || ticks * 10 > wanted * 11 + 30 {
        let what = format!("{ticks} ticks in {time:?}, and {wanted} were due");
        return who.violation("a ticking room ticks", what);
    }
    Ok(())
}
