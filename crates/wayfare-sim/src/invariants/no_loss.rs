//! Promise 2, delivery: between a client and a room, no reliable message is lost.

use wayfare_client_core::CommandError;

use super::{Violation, Watched};
use crate::history::{Given, Standing};

/// Everyone hears each number said to everyone.
pub(super) fn check_everyone(
    who: &Watched<'_>,
    standing: &Standing,
    number: u64,
) -> Result<(), Violation> {
    let wanted = standing.everyone + 1;
    if number <= wanted {
        return Ok(());
    }
    who.violation("no loss", format!("heard {number} behind {}", wanted - 1))
}

/// A player hears each number said to it.
pub(super) fn check_one(
    who: &Watched<'_>,
    standing: &Standing,
    number: u64,
) -> Result<(), Violation> {
    if number > standing.one + 1 {
        let last = standing.one;
        return who.violation("no loss", format!("was told {number} behind {last}"));
    }
    Ok(())
}

/// What a room takes it does, unless it has a reason not to.
pub(super) fn check_refused(
    who: &Watched<'_>,
    given: &Given,
    error: &CommandError,
) -> Result<(), Violation> {
    match error {
        CommandError::Refused(error) if !given.is_bad => {
            let deed = given.deed;
            who.violation("no loss", format!("deed {deed} was refused: {error}"))
        }
        _ => Ok(()),
    }
}
