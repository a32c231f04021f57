//! Promise 2, delivery: if a promise cannot be kept, the client is told by a resync.

use super::{Shown, Violation, Watched};
use crate::history::History;
use crate::saying::View;

/// Checks that a view that lacks something its client has received says so.
pub(super) fn check(
    who: &Watched<'_>,
    history: &History,
    view: &View,
    shown: Shown,
) -> Result<(), Violation> {
    let Shown::Resync { fell_back: false } = shown else {
        return Ok(());
    };
    let what = |what: String| who.violation("resync is told", what);
    if view.origin.life != history.heard.0 {
        return what("another life, and nothing was said of a loss".into());
    }
    if view.everyone < history.heard.1 {
        let (view, heard) = (view.everyone, history.heard.1);
        return what(format!(
            "a view at {view} behind {heard}, and nothing was said of a loss"
        ));
    }
    let none = crate::ranges::Ranges::default();
    let done = view.done.get(&who.seat).unwrap_or(&none);
    if history.life == view.origin.life
        && let Some(lost) = history.done.missing_from(done)
    {
        return what(format!("deed {lost} is undone, and nothing was said of it"));
    }
    Ok(())
}
