//! The presence of players in a simulated room, as its handlers are told of it.

use std::time::Duration;

use wayfare_core::game::LeaveReason;
use wayfare_protocol::PlayerId;

use crate::stub_state::StubState;

/// The entry of a member that is away: its value is the age of the room at that time.
pub(crate) const AWAY: &str = "away:";

/// A player comes in, attached.
pub(crate) fn enter(state: &mut StubState, player: &PlayerId) {
    state.forget(&format!("{AWAY}{player}"));
    state.forget(&format!("kicked:{player}"));
}

/// The room is told that a member is away or back. The two alternate, also over a restart.
pub(crate) fn turn(state: &mut StubState, player: &PlayerId, attached: bool, age: Duration) {
    let name = format!("{AWAY}{player}");
    match (state.has(&name), attached) {
        (true, true) => state.remove(&name),
        (false, false) => state.set(&name, age.as_millis()),
        (true, false) => state.defect(&format!("{player} is away twice")),
        (false, true) => state.defect(&format!("{player} is back, and was not away")),
    }
}

/// The room removes a member.
pub(crate) fn kick(state: &mut StubState, player: &PlayerId) {
    state.set(&format!("kicked:{player}"), "*");
}

/// A member left: the reason must have been given.
pub(crate) fn leave(
    state: &mut StubState,
    player: &PlayerId,
    reason: LeaveReason,
    (age, grace): (Duration, Duration),
) {
    let (away, kicked) = (format!("{AWAY}{player}"), format!("kicked:{player}"));
    let since = state.has(&away).then(|| state.number(&away));
    let away_for = since.map(|since| (age.as_millis() as u64).saturating_sub(since));
    match (reason, away_for) {
        (LeaveReason::LeaveExpired, None) => {
            state.defect(&format!("{player} expired, and was not away"));
        }
        (LeaveReason::LeaveExpired, Some(for_ms)) if for_ms < grace.as_millis() as u64 => {
            state.defect(&format!("{player} expired after {for_ms} ms of {grace:?}"));
        }
        (LeaveReason::LeaveKicked, _) if !state.has(&kicked) => {
            state.defect(&format!("{player} was kicked by nobody"));
        }
        _ => {}
    }
    state.forget(&away);
    state.forget(&kicked);
}
