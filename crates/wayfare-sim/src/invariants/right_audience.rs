//! Promise 8, nobody gets in: what is said to one player is heard by no other.

use super::{Violation, Watched};

/// A word to one player is for whoever hears it.
pub(super) fn check(who: &Watched<'_>, player: &str) -> Result<(), Violation> {
    if player == who.player {
        return Ok(());
    }
    who.violation("right audience", format!("heard what was said to {player}"))
}
