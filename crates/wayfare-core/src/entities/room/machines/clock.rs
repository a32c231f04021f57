//! The clock of a room: its age, its timers, and when it ticks, snapshots and is empty.

use std::collections::BTreeMap;
use std::time::Duration;

use wayfare_protocol::Instant;

use crate::game::{KindSettings, TimerId};

/// The times of a room. Its age is the only clock that the game sees.
#[derive(Debug)]
pub(crate) struct Clock {
    /// The age, as of a point in time.
    age_base: Duration,
    age_since: Instant,
    pub(crate) timers: BTreeMap<(Instant, TimerId), Box<[u8]>>,
    pub(crate) timers_made: u64,
    pub(crate) next_tick: Option<Instant>,
    next_snapshot: Option<Instant>,
    empty_since: Option<Instant>,
}

impl Clock {
    /// The clock of a room of this age, without members.
    pub(crate) fn new(age: Duration, settings: &KindSettings, now: Instant) -> Self {
        Self {
            age_base: age,
            age_since: now,
            timers: BTreeMap::new(),
            timers_made: 0,
            next_tick: settings.tick.map(|tick| now + tick),
            next_snapshot: settings.snapshot_every.map(|every| now + every),
            empty_since: Some(now),
        }
    }

    pub(crate) fn age(&self, now: Instant) -> Duration {
        self.age_base + now.since(self.age_since)
    }

    // ---- timers

    pub(crate) fn start_timer(&mut self, at: Instant, timer: TimerId, note: &[u8]) {
        self.timers.insert((at, timer), note.into());
    }

    pub(crate) fn cancel_timer(&mut self, timer: TimerId) {
        self.timers.retain(|(_, known), _| *known != timer);
    }

    /// The time of the next timer.
    pub(crate) fn timer_due(&self) -> Option<Instant> {
        self.timers.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes out the first timer that is due.
    pub(crate) fn pop_timer(&mut self, now: Instant) -> Option<(TimerId, Box<[u8]>)> {
        let entry = self.timers.first_entry().filter(|it| it.key().0 <= now)?;
        let ((_, timer), note) = entry.remove_entry();
        Some((timer, note))
    }

    // ---- ticks and snapshots

    /// Takes the tick that is due: the number of beats that passed without one. Beats are counted
    /// from the opening, so that they do not drift; those that are over are skipped, so that a late
    /// room does not fall further behind.
    pub(crate) fn take_tick(&mut self, period: Option<Duration>, now: Instant) -> Option<u64> {
        let (due, period) = (self.next_tick?, period?);
        if due > now {
            return None;
        }
        let late = now.since(due).as_nanos() / period.as_nanos().max(1);
        let late = u64::try_from(late).unwrap_or(u64::MAX);
        let period = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
        let passed = period.saturating_mul(late.saturating_add(1));
        let next = due.as_nanos().saturating_add(passed);
        self.next_tick = Some(Instant::from_nanos(next));
        Some(late)
    }

    pub(crate) fn snapshot_due(&self) -> Option<Instant> {
        self.next_snapshot
    }

    /// Checks whether a snapshot is due; the next one is `every` later.
    pub(crate) fn take_snapshot(&mut self, every: Option<Duration>, now: Instant) -> bool {
        let is_due = self.next_snapshot.is_some_and(|due| due <= now);
        if is_due {
            self.next_snapshot = every.map(|every| now + every);
        }
        is_due
    }

    // ---- emptiness

    /// The time since which no member is there, and nobody asked anything of the room.
    pub(crate) fn empty_since(&self) -> Option<Instant> {
        self.empty_since
    }

    /// The room has no members from now on.
    pub(crate) fn note_empty(&mut self, now: Instant) {
        self.empty_since.get_or_insert(now);
    }

    /// The room has members.
    pub(crate) fn note_occupied(&mut self) {
        self.empty_since = None;
    }

    /// Somebody asks something of the room: it is not idle.
    pub(crate) fn note_wanted(&mut self, now: Instant) {
        if self.empty_since.is_some() {
            self.empty_since = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::ORIGIN + Duration::from_millis(millis)
    }

    fn ticking() -> (Clock, Option<Duration>) {
        let settings = KindSettings {
            tick: Some(Duration::from_millis(50)),
            ..KindSettings::default()
        };
        (Clock::new(Duration::ZERO, &settings, at(0)), settings.tick)
    }

    #[test]
    fn ticks_do_not_drift_and_late_ones_are_skipped() {
        let (mut clock, period) = ticking();
        assert_eq!(clock.take_tick(period, at(49)), None);
        assert_eq!(clock.take_tick(period, at(53)), Some(0));
        assert_eq!(clock.next_tick, Some(at(100)));
        assert_eq!(clock.take_tick(period, at(210)), Some(2));
        assert_eq!(clock.next_tick, Some(at(250)));
    }

    #[test]
    fn timers_come_due_in_order_unless_they_are_cancelled() {
        let (mut clock, _) = ticking();
        for (timer, due) in [(1, 30), (2, 10), (3, 20)] {
            clock.start_timer(at(due), TimerId(timer), &[timer as u8]);
        }
        clock.cancel_timer(TimerId(3));
        assert_eq!(clock.timer_due(), Some(at(10)));
        assert_eq!(clock.pop_timer(at(9)), None);
        let mut next = |now| clock.pop_timer(at(now)).map(|(timer, _)| timer);
        assert_eq!(next(30), Some(TimerId(2)));
        assert_eq!(next(30), Some(TimerId(1)));
        assert_eq!(next(30), None);
    }

    #[test]
    fn a_room_is_empty_since_it_was_wanted_last() {
        let (mut clock, _) = ticking();
        clock.note_wanted(at(5));
        clock.note_empty(at(7));
        assert_eq!(clock.empty_since(), Some(at(5)));
        clock.note_occupied();
        clock.note_wanted(at(9));
        assert_eq!(clock.empty_since(), None);
    }
}
