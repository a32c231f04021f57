//! DESIGN §4: a reason that a player or a room is told exists.

use std::time::Duration;

use wayfare_client_core::{JoinRefusal, LeaveReason};
use wayfare_protocol::ErrorCode;

use super::{Violation, Watched};

const NAME: &str = "reasons are true";

/// Reports a defect that the room itself found.
pub(super) fn check_defect(who: &Watched<'_>, defect: &str) -> Result<(), Violation> {
    match defect.contains(" expired") || defect.contains(" kicked") {
        true => who.violation(NAME, format!("the room found that {defect}")),
        false => Ok(()),
    }
}

/// Things that were done in a run, which may end a membership.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Causes {
    /// The player asked to leave.
    pub(crate) left: bool,
    /// Somebody removed the player.
    pub(crate) kicked: bool,
    /// The player logged in again.
    pub(crate) logged_in_again: bool,
    /// The room was closed, or failed.
    pub(crate) ended: bool,
    /// Memory of the room was lost: a kill, a failure.
    pub(crate) lost: bool,
}

/// Checks that a membership ended for the stated reason.
pub(super) fn check_left(
    who: &Watched<'_>,
    reason: LeaveReason,
    causes: Causes,
) -> Result<(), Violation> {
    let is_true = match reason {
        LeaveReason::Requested => causes.left,
        LeaveReason::Kicked => causes.kicked,
        LeaveReason::Replaced => causes.logged_in_again,
        LeaveReason::Closed => causes.ended,
        LeaveReason::RoomGone => causes.ended || causes.lost,
        // The room itself checks that the time was over.
        LeaveReason::Expired
        | LeaveReason::Ended
        | LeaveReason::Restarted
        | LeaveReason::NotAMember
        | LeaveReason::Unknown => true,
    };
    match is_true {
        true => Ok(()),
        false => who.violation(NAME, format!("told {reason:?}, and there was no cause")),
    }
}

/// Things that were done in a run, which may refuse a join.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RefusalCauses {
    /// The join asked the room to refuse it.
    pub(crate) asked: bool,
    /// There are more players than places.
    pub(crate) full: bool,
    /// The room failed, closed, or was busy restarting.
    pub(crate) failed: bool,
    /// A node or an engine had a fault.
    pub(crate) faults: bool,
}

/// Checks that a join was refused for a reason that exists.
pub(super) fn check_refused(
    who: &Watched<'_>,
    error: &JoinRefusal,
    causes: RefusalCauses,
) -> Result<(), Violation> {
    let JoinRefusal::Refused(error) = error else {
        return Ok(());
    };
    let is_true = match error.code {
        code if code == ErrorCode::Refused.code() => causes.asked,
        code if code == ErrorCode::RoomFull.code() => causes.full,
        _ => causes.failed || causes.faults,
    };
    match is_true {
        true => Ok(()),
        false => who.violation(
            NAME,
            format!("its join was refused without a cause: {error:?}"),
        ),
    }
}

/// Checks that a session was lost only behind its grace. The clocks of servers differ by a percent.
pub(crate) fn check_session_lost(
    seat: u32,
    away: Duration,
    grace: Duration,
) -> Result<(), Violation> {
    if away >= grace * 98 / 100 {
        return Ok(());
    }
    let what = format!("its session was lost after {away:?} of {grace:?}");
    Err(Violation::new(NAME, vec![format!("seat{seat}")], what))
}

/// Checks that a private room is not listed.
pub(super) fn check_listed(who: &Watched<'_>, private: bool) -> Result<(), Violation> {
    match private {
        false => Ok(()),
        true => who.violation(NAME, "a private room is listed".into()),
    }
}
