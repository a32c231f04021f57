//! Promise 2, delivery: no reliable message between a client and a room is lost.

use bytes::Bytes;
use wayfare_client_core::CommandError;

use super::{Violation, Watched};
use crate::history::{Given, Standing};

/// Checks that a member receives each number to everyone.
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

/// Checks that a player receives each number of its own.
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

/// Checks that the reply of the room arrives, and that a reply which it did not give is empty.
pub(super) fn check_reply(
    who: &Watched<'_>,
    given: &Given,
    reply: &Bytes,
) -> Result<(), Violation> {
    if reply.is_empty() == given.is_quiet {
        return Ok(());
    }
    let (deed, bytes) = (given.deed, reply.len());
    who.violation(
        "no loss",
        format!("the reply to deed {deed} is {bytes} bytes long"),
    )
}

/// Checks that a room executes each command, unless it has a reason not to.
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
