//! The times at which a simulated room expects something, by its own age.

use std::collections::BTreeMap;
use std::time::Duration;

use wayfare_core::HandlerContext;
use wayfare_core::game::LeaveReason;
use wayfare_protocol::PlayerId;

use crate::presence::{self, AWAY};
use crate::stub_state::StubState;

/// The entry of a note: its value is the age at which it is due.
const NOTE: &str = "at:";
/// A room that runs handlers for this long behind such a time has missed it. Inputs that were undone
/// run again one by one, each behind an answer of storage, and come first.
const LATE: Duration = Duration::from_secs(12);

/// The check of the times; see the module's documentation.
pub(crate) struct DueTimes {
    grace: Duration,
    /// The age at which the first handler ran since the room was restored, if it was.
    restored_at: Option<Duration>,
    is_restored: bool,
    /// The entries that are due, with the age at which a handler saw it first. It is not stored: an
    /// outage is no delay.
    overdue: BTreeMap<String, Duration>,
}

impl DueTimes {
    pub(crate) fn new(grace: Duration, is_restored: bool) -> Self {
        Self {
            grace,
            restored_at: None,
            is_restored,
            overdue: BTreeMap::new(),
        }
    }

    /// A note of this errand is to come at this age.
    pub(crate) fn note_in(&self, state: &mut StubState, errand: u64, due: Duration) {
        state.set(&format!("{NOTE}{errand}"), due.as_millis());
    }

    /// The note of this errand came.
    pub(crate) fn note_came(&mut self, state: &mut StubState, errand: &str, age: Duration) {
        let name = format!("{NOTE}{errand}");
        let due = state.number(&name);
        if (age.as_millis() as u64) < due {
            state.defect(&format!(
                "after {errand} came at {age:?}, and was due at {due} ms"
            ));
        }
        state.forget(&name);
        self.overdue.remove(&name);
    }

    /// A member left.
    pub(crate) fn leave(
        &mut self,
        state: &mut StubState,
        player: &PlayerId,
        reason: LeaveReason,
        age: Duration,
    ) {
        // A member that went unseen by storage is away from before the room hears of it.
        let is_late_news = self.restored_at.is_some_and(|restored| {
            let since = Duration::from_millis(state.number(&format!("{AWAY}{player}")));
            since < restored + LATE
        });
        let grace = if is_late_news {
            Duration::ZERO
        } else {
            self.grace
        };
        presence::leave(state, player, reason, (age, grace));
        self.overdue.remove(&format!("{AWAY}{player}"));
    }

    /// A handler runs: nothing may be due for long. Who was told that the room closed is no member,
    /// though a room that failed did not hear it.
    pub(crate) fn look(&mut self, state: &mut StubState, cx: &HandlerContext<'_>) {
        let age = cx.age();
        if self.is_restored {
            self.restored_at.get_or_insert(age);
        }
        let is_member =
            |player: &str| PlayerId::new(player).is_ok_and(|it| cx.member(&it).is_some());
        let mut due: BTreeMap<String, u64> = BTreeMap::new();
        for (errand, at) in state.named(NOTE) {
            due.insert(format!("{NOTE}{errand}"), at.parse().unwrap_or(0));
        }
        for (player, since) in state.named(AWAY).filter(|(player, _)| is_member(player)) {
            // A grace begins again when the room is restored.
            let restored = self.restored_at.unwrap_or_default().as_millis() as u64;
            let since = restored.max(since.parse().unwrap_or(0));
            let at = since + self.grace.as_millis() as u64;
            due.insert(format!("{AWAY}{player}"), at);
        }
        due.retain(|_, at| *at < age.as_millis() as u64);
        self.overdue.retain(|name, _| due.contains_key(name));
        for (name, at) in due {
            let seen = *self.overdue.entry(name.clone()).or_insert(age);
            if age.saturating_sub(seen) > LATE {
                state.defect(&format!(
                    "{name} was due at {at} ms, and is late at {age:?}"
                ));
                self.overdue.insert(name, Duration::MAX);
            }
        }
    }
}
