//! Promises 1 and 2 of durable rooms: an acknowledged command is never undone, and a command that
//! was reported as never executed is never executed.

use super::{Shown, Violation, Watched};
use crate::history::History;
use crate::ranges::Ranges;
use crate::ref_room::RefRoom;
use crate::saying::View;

const NAME: &str = "acknowledged is kept";

/// Checks that every view of a durable room contains everything that its client was told, and that
/// no view contains a command that was given up.
pub(super) fn check(
    who: &Watched<'_>,
    history: &History,
    room: &RefRoom,
    view: &View,
    shown: Shown,
) -> Result<(), Violation> {
    let none = Ranges::default();
    let done = view.done.get(&who.seat).unwrap_or(&none);
    if let Some(deed) = history.never.shared_with(done) {
        return who.violation(NAME, format!("deed {deed} is done, and never was to be"));
    }
    if !room.durable || view.origin.life != history.life {
        return Ok(());
    }
    if let Shown::Resync { fell_back: true } = shown {
        return who.violation(NAME, "a durable room was rolled back".into());
    }
    if let Some(deed) = history.done.missing_from(done) {
        return who.violation(
            NAME,
            format!("deed {deed} was acknowledged and is not there"),
        );
    }
    if view.origin.life == history.heard.0 && view.everyone < history.heard.1 {
        let (view, heard) = (view.everyone, history.heard.1);
        return who.violation(NAME, format!("it is at {view}, and was heard at {heard}"));
    }
    Ok(())
}
