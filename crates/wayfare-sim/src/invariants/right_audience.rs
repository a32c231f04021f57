//! Promise 8, access: a message to one player is received by nobody else.

use super::{Violation, Watched};

/// Checks that a message to a player is received by that player.
pub(super) fn check(who: &Watched<'_>, player: &str) -> Result<(), Violation> {
    if player == who.player {
        return Ok(());
    }
    who.violation("right audience", format!("heard what was said to {player}"))
}
