//! Promise 8, access: a message to one player is received by nobody else, and nothing by who was no
//! member yet.

use super::{Violation, Watched};

/// Checks that a message to a player is received by that player.
pub(super) fn check(who: &Watched<'_>, player: &str) -> Result<(), Violation> {
    if player == who.player {
        return Ok(());
    }
    who.violation("right audience", format!("heard what was said to {player}"))
}

/// Checks that an event to a seat is later than the view of its join.
pub(crate) fn check_not_earlier(seat: u32, sequence: u64, joined_at: u64) -> Result<(), Violation> {
    if sequence > joined_at {
        return Ok(());
    }
    let what = format!("read event {sequence}, and joined at {joined_at}");
    Err(Violation::new(
        "right audience",
        vec![format!("seat{seat}")],
        what,
    ))
}
