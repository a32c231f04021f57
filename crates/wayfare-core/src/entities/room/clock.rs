//! The clock of a room: ticks, notes, graces, snapshots.

use wayfare_protocol::Instant;

use crate::context::Context;
use crate::game::LeaveReason;
use crate::report::Report;
use crate::timers::{Wake, earlier};

use super::{End, Room};

impl Room {
    /// When the room wants to be woken, and why.
    pub(crate) fn poll_timeout(&self) -> Option<Wake> {
        let retry = self
            .persistence
            .as_ref()
            .and_then(|persistence| persistence.retry.at);
        let retry = retry.filter(|_| !self.restarting);
        let retry = retry.map(|at| (at, "storage again"));
        if self.failed.is_some() || self.ending.is_some() {
            return retry;
        }
        let settings = &self.kind.settings;
        let more = self
            .wants_turn()
            .then_some((Instant::ORIGIN, "a state on its way"));
        let empty = self.empties_at();
        // What it would say could not leave; once it can, this is asked again.
        let timer = self.timers.first_key_value().map(|((at, _), _)| *at);
        let notes = timer.into_iter().chain(self.ask_due()).min();
        let notes = notes.filter(|_| !self.is_overfull());
        let notes = notes.map(|at| (at, "a note or an answer"));
        [
            retry,
            more,
            notes,
            self.next_tick.map(|at| (at, "room tick")),
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
    pub(crate) fn handle_timeout(&mut self, context: &mut Context) {
        self.retry_storage(context);
        let now = context.now;
        let grace = self.kind.settings.member_grace;
        while self.failed.is_none()
            && let Some(membership) = self.members.pop_expired(grace, now)
        {
            self.remove(membership, LeaveReason::LeaveExpired, "", context);
        }
        while self.failed.is_none()
            && !self.is_overfull()
            && let Some(entry) = self.timers.first_entry()
            && entry.key().0 <= now
        {
            let ((_, timer), note) = entry.remove_entry();
            if let Some(unwritten) = self.unwritten() {
                unwritten.timer_gone(timer);
                unwritten.during_timer = Some(timer);
                unwritten.fired.push(timer);
            }
            self.note(&note, context);
            if self.failed.is_none()
                && let Some(unwritten) = self.unwritten()
            {
                unwritten.during_timer = None;
            }
        }
        if !self.is_overfull() {
            self.fail_late_asks(context);
        }
        self.tick(context);
        self.snapshot_if_due(context);
        if self.failed.is_none() {
            self.trim_history(context);
        }
        if self.empties_at().is_some_and(|at| at <= now) {
            self.end(End::Idle);
        }
    }

    /// Nobody is there, and nothing is waited for: it may go then.
    fn empties_at(&self) -> Option<Instant> {
        let at = self.empty_since? + self.kind.settings.empty_grace?;
        // One that lives in storage is brought back by who wants it, but not by its own notes.
        let waits = !self.timers.is_empty() || !self.calls.is_empty();
        let kept = self
            .persistence
            .as_ref()
            .is_some_and(|persistence| persistence.durable);
        (!kept || !waits).then_some(at)
    }

    fn snapshot_if_due(&mut self, context: &Context) {
        let (Some(due), Some(every)) = (self.next_snapshot, self.kind.settings.snapshot_every)
        else {
            return;
        };
        if due > context.now {
            return;
        }
        self.next_snapshot = Some(context.now + every);
        if let Some(persistence) = &mut self.persistence {
            persistence.snapshot_due |= std::mem::take(&mut persistence.changed);
        }
    }

    pub(super) fn note(&mut self, note: &[u8], context: &mut Context) {
        let outcome = self.call("note", context, |logic, _, cx| logic.note(note, cx));
        match outcome {
            Ok(()) => {
                self.apply_all_effects(context);
            }
            Err(super::handlers::Fault::Refused(refusal)) => {
                let entity = self.entity.clone();
                context.report(Report::NoteLost {
                    entity,
                    reason: refusal.message,
                });
            }
            Err(super::handlers::Fault::Panicked) => {}
        }
    }

    /// Runs a tick if it is due. The beat is counted from the opening, so that it does not drift;
    /// beats that are already over are skipped, so that a late room does not fall further back.
    fn tick(&mut self, context: &mut Context) {
        let (Some(due), Some(period)) = (self.next_tick, self.kind.settings.tick) else {
            return;
        };
        if self.failed.is_some() || due > context.now {
            return;
        }
        let held = self.is_overfull();
        let late = context.now.since(due).as_nanos() / period.as_nanos().max(1);
        let late = u64::try_from(late).unwrap_or(u64::MAX);
        let beats = late.saturating_add(1);
        // What it says could not leave: storage is behind.
        let skipped = late.saturating_add(u64::from(held));
        self.next_tick = Some(later(due, period, beats));
        if skipped > 0 {
            let entity = self.entity.clone();
            context.report(Report::TicksSkipped { entity, skipped });
        }
        if held {
            return;
        }
        let outcome = self.call("tick", context, |logic, _, cx| {
            logic.tick(cx);
            Ok(())
        });
        if outcome.is_ok() {
            self.apply_all_effects(context);
        }
    }
}

fn later(due: Instant, period: std::time::Duration, beats: u64) -> Instant {
    let period = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
    Instant::from_nanos(due.as_nanos().saturating_add(period.saturating_mul(beats)))
}
