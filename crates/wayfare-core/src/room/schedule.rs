//! What a room does because time passed: ticks, notes, graces, snapshots.

use wayfare_protocol::Instant;

use crate::environment::{Environment, Report};
use crate::game::LeaveReason;
use crate::timers::{Wake, earlier};

use super::Room;

impl Room {
    /// When the room wants to be woken, and why.
    pub(crate) fn poll_timeout(&self) -> Option<Wake> {
        if self.failed.is_some() {
            return None;
        }
        let settings = &self.kind.settings;
        let empty = self
            .empty_since
            .zip(settings.empty_grace)
            .map(|(since, grace)| since + grace);
        [
            self.next_tick.map(|at| (at, "room tick")),
            self.timers
                .first_key_value()
                .map(|((at, _), _)| (*at, "room timer")),
            self.members
                .expires_at(settings.member_grace)
                .map(|at| (at, "member grace")),
            empty.map(|at| (at, "empty room")),
            self.next_snapshot.map(|at| (at, "room snapshot")),
            self.history
                .expires_at(&settings.history)
                .map(|at| (at, "history age")),
        ]
        .into_iter()
        .fold(None, earlier)
    }

    /// Does what is due. A handler that fails ends it; the rest is due again after the restart.
    pub(crate) fn handle_timeout(&mut self, environment: &mut Environment) {
        let now = environment.now;
        let grace = self.kind.settings.member_grace;
        while self.failed.is_none()
            && let Some(membership) = self.members.pop_expired(grace, now)
        {
            self.remove(membership, LeaveReason::LeaveExpired, "", environment);
        }
        while self.failed.is_none()
            && let Some(entry) = self.timers.first_entry()
            && entry.key().0 <= now
        {
            let note = entry.remove();
            self.note(&note, environment);
        }
        self.tick(environment);
        self.save_if_due(environment);
        if self.failed.is_none() {
            self.trim_history(environment);
        }
        let empty = self.empty_since.zip(self.kind.settings.empty_grace);
        if empty.is_some_and(|(since, grace)| since + grace <= now) {
            self.closing = true;
        }
    }

    fn note(&mut self, note: &[u8], environment: &mut Environment) {
        let outcome = self.call("note", environment, |logic, _, turn| logic.note(note, turn));
        match outcome {
            Ok(()) => {
                self.apply_all_effects(environment);
            }
            Err(super::handlers::Fault::Refused(refusal)) => {
                let entity = self.entity.clone();
                environment.report(Report::NoteLost {
                    entity,
                    reason: refusal.message,
                });
            }
            Err(super::handlers::Fault::Panicked) => {}
        }
    }

    /// One tick if it is due. The beat is counted from the opening, so that it does not drift;
    /// beats that are already over are skipped, so that a late room does not fall further back.
    fn tick(&mut self, environment: &mut Environment) {
        let (Some(due), Some(period)) = (self.next_tick, self.kind.settings.tick) else {
            return;
        };
        if self.failed.is_some() || due > environment.now {
            return;
        }
        let late = environment.now.since(due).as_nanos() / period.as_nanos().max(1);
        let skipped = u64::try_from(late).unwrap_or(u64::MAX);
        let beats = skipped.saturating_add(1);
        self.next_tick = Some(later(due, period, beats));
        if skipped > 0 {
            let entity = self.entity.clone();
            environment.report(Report::TicksSkipped { entity, skipped });
        }
        let outcome = self.call("tick", environment, |logic, _, turn| {
            logic.tick(turn);
            Ok(())
        });
        if outcome.is_ok() {
            self.apply_all_effects(environment);
        }
    }
}

fn later(due: Instant, period: std::time::Duration, beats: u64) -> Instant {
    let period = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
    Instant::from_nanos(due.as_nanos().saturating_add(period.saturating_mul(beats)))
}
