//! The deeds of a room that come due: retries, graces, timers, ticks, snapshots, its end.

use wayfare_protocol::Instant;

use super::handlers::Fault;
use super::machines::phase::Phase;
use super::persistence::InProgress;
use super::turn::RoomTurn;
use super::{End, Room};
use crate::game::LeaveReason;
use crate::report::Report;
use crate::timers::{Wake, earlier};

impl Room {
    /// When the room wants to be woken, and why.
    pub(crate) fn poll_timeout(&self) -> Option<Wake> {
        let persistence = self.persistence.as_ref();
        let retry = persistence.and_then(|it| it.poll_timeout());
        let retry = retry.filter(|_| !self.phase.is_restarting());
        let retry = retry.map(|at| (at, "storage again"));
        match self.phase {
            Phase::Failed(_) | Phase::Restarting(_) | Phase::Ending(..) => return retry,
            Phase::Running | Phase::Rerunning => {}
        }
        let settings = &self.kind.settings;
        let more = persistence.is_some_and(|it| it.wants_turn());
        let more = more.then_some((Instant::ORIGIN, "a state to be shipped"));
        // What it would say could not leave; once it can, this is asked again.
        let notes = self.clock.timer_due().into_iter().chain(self.calls.due());
        let notes = notes.min().filter(|_| !self.is_overfull());
        let grace = self.members.expires_at(settings.member_grace);
        let history = self.stream.history.expires_at(&settings.history);
        let ticks = persistence.and_then(|it| it.ticks_due);
        [
            retry,
            ticks.map(|at| (at, "ticks to be written")),
            more,
            notes.map(|at| (at, "a note or an answer")),
            self.clock.next_tick.map(|at| (at, "room tick")),
            grace.map(|at| (at, "member grace")),
            self.empties_at().map(|at| (at, "empty room")),
            self.clock.snapshot_due().map(|at| (at, "room snapshot")),
            history.map(|at| (at, "history age")),
        ]
        .into_iter()
        .fold(None, earlier)
    }

    /// The time at which it may go: nobody is there, and nothing is waited for.
    fn empties_at(&self) -> Option<Instant> {
        let at = self.clock.empty_since()? + self.kind.settings.empty_grace?;
        // One that lives in storage is restored for a visitor, but not for its own notes.
        let waits = !self.clock.timers.is_empty() || !self.calls.pending.is_empty();
        (!self.is_durable() || !waits).then_some(at)
    }
}

impl RoomTurn<'_> {
    /// The wall clock was set: what is stored of the age of this room is to be read by it.
    pub(crate) fn handle_clock_step(&mut self) {
        if let Some(unwritten) = self.room.unwritten() {
            unwritten.clock = true;
        } else if let Some(persistence) = &mut self.room.persistence {
            // With the next snapshot, which is then not left out as unneeded.
            persistence.changed = true;
        }
    }

    /// Does what is due. A handler that fails ends it; the rest is due again after the restart.
    pub(crate) fn handle_timeout(&mut self) {
        self.retry_storage();
        self.end_expired_stays();
        self.deliver_due_notes();
        if !self.room.is_overfull() {
            self.fail_late_asks();
        }
        self.tick();
        self.snapshot_if_due();
        let now = self.context.now;
        if self.room.phase.runs_handlers() {
            let bounds = &self.room.kind.settings.history;
            self.room.stream.trim(bounds, now);
        }
        if self.room.empties_at().is_some_and(|at| at <= now) {
            self.room.end(End::Idle);
        }
    }

    fn end_expired_stays(&mut self) {
        let (now, grace) = (self.context.now, self.room.kind.settings.member_grace);
        while self.room.phase.runs_handlers()
            && let Some(membership) = self.room.members.pop_expired(grace, now)
        {
            self.remove(membership, LeaveReason::LeaveExpired, "");
        }
    }

    fn deliver_due_notes(&mut self) {
        let now = self.context.now;
        while self.room.phase.runs_handlers()
            && !self.room.is_overfull()
            && let Some((timer, note)) = self.room.clock.pop_timer(now)
        {
            if let Some(unwritten) = self.room.unwritten() {
                unwritten.timers.remove(timer);
                unwritten.fired.push(timer);
            }
            self.begin_progress(InProgress::Timer(timer));
            self.note(&note);
            self.end_progress();
        }
    }

    fn snapshot_if_due(&mut self) {
        let every = self.room.kind.settings.snapshot_every;
        if self.room.clock.take_snapshot(every, self.context.now)
            && let Some(persistence) = &mut self.room.persistence
        {
            persistence.snapshot_due |= std::mem::take(&mut persistence.changed);
        }
    }

    pub(super) fn note(&mut self, note: &[u8]) {
        match self.call("note", |logic, _, cx| logic.note(note, cx)) {
            Ok(()) => self.apply_all_effects(),
            Err(Fault::Refused(refusal)) => self.context.out.report(Report::NoteLost {
                entity: self.room.id.entity.clone(),
                reason: refusal.message,
            }),
            Err(Fault::Panicked) => {}
        }
    }

    /// Runs a tick if it is due.
    fn tick(&mut self) {
        if !self.room.phase.runs_handlers() {
            return;
        }
        let period = self.room.kind.settings.tick;
        let Some(late) = self.room.clock.take_tick(period, self.context.now) else {
            return;
        };
        // What it says could not leave: storage is behind.
        let held = self.room.is_overfull();
        let skipped = late.saturating_add(u64::from(held));
        if skipped > 0 {
            self.context.out.report(Report::TicksSkipped {
                entity: self.room.id.entity.clone(),
                skipped,
            });
        }
        if held {
            return;
        }
        let outcome = self.call("tick", |logic, _, cx| {
            logic.tick(cx);
            Ok(())
        });
        if outcome.is_ok() {
            self.apply_all_effects();
        }
    }
}
