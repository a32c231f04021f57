//! Promises 1 and 2 where nothing ends a membership: each member stays a member, receives
//! everything that the history holds, and gets the reply to each command.

use wayfare_client_core::CommandError;

use super::{Shown, Violation, Watched};
use crate::history::{Given, History};
use crate::ref_room::RefRoom;

/// Makes the violation for a membership that ended, or lost something, without a reason.
pub(super) fn violation(who: &Watched<'_>, what: String) -> Result<(), Violation> {
    who.violation("stays are kept", what)
}

/// Checks that a member joins once, and gets a new view only if the history does not reach.
pub(super) fn check_shown(
    who: &Watched<'_>,
    room: &RefRoom,
    history: &History,
    shown: Shown,
) -> Result<(), Violation> {
    match shown {
        Shown::Joined if history.standing.is_some() => {
            violation(who, "joined a second time".into())
        }
        Shown::Resync { .. } if room.remembers_all => violation(
            who,
            "got a new view, and the history held everything".into(),
        ),
        _ => Ok(()),
    }
}

/// Checks that a reply is lost only if the history did not reach, and that every command is
/// answered.
pub(super) fn check_answer(
    who: &Watched<'_>,
    room: &RefRoom,
    given: &Given,
    error: &CommandError,
) -> Result<(), Violation> {
    match error {
        CommandError::Refused(_) => Ok(()),
        CommandError::ReplyLost if !room.remembers_all => Ok(()),
        error => violation(who, format!("deed {} ended as {error}", given.deed)),
    }
}

/// Checks that a view follows a lost reply at once.
pub(super) fn check_heard(who: &Watched<'_>, history: &History) -> Result<(), Violation> {
    match history.lost_replies {
        0 => Ok(()),
        lost => violation(
            who,
            format!("{lost} replies were lost, and no view followed"),
        ),
    }
}
