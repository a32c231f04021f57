//! The stored form of the timers of a room: each with the age at which it is due.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wayfare_protocol::Instant;
use wayfare_protocol::records::room::{self as stored, RoomRecord};

use crate::context::Context;
use crate::game::{KindSettings, TimerId};

use super::image::Image;
use super::nanos;
use crate::entities::room::machines::clock::Clock;

/// The timers that changed since the last write.
#[derive(Debug, Default)]
pub(in crate::entities::room) struct TimerChanges {
    started: BTreeSet<TimerId>,
    gone: BTreeSet<TimerId>,
}

impl TimerChanges {
    pub(in crate::entities::room) fn is_empty(&self) -> bool {
        self.started.is_empty() && self.gone.is_empty()
    }

    pub(in crate::entities::room) fn start(&mut self, timer: TimerId) {
        self.started.insert(timer);
    }

    pub(in crate::entities::room) fn remove(&mut self, timer: TimerId) {
        // One that was never written need not be taken back.
        if !self.started.remove(&timer) {
            self.gone.insert(timer);
        }
    }
}

/// Writes all timers.
pub(in crate::entities::room) fn put_all(clock: &Clock, record: &mut RoomRecord) {
    let timers = clock.timers.iter();
    record.timers = timers
        .map(|(key, note)| encode(clock, *key, note))
        .collect();
}

/// Writes those that changed.
pub(in crate::entities::room) fn put_changes(
    clock: &Clock,
    changes: &TimerChanges,
    record: &mut RoomRecord,
) {
    if !changes.started.is_empty() {
        let timers = clock.timers.iter();
        let started = timers.filter(|((_, id), _)| changes.started.contains(id));
        record.timers = started
            .map(|(key, note)| encode(clock, *key, note))
            .collect();
    }
    record.timers_gone = changes.gone.iter().map(|id| id.0).collect();
}

/// Applies a record.
pub(in crate::entities::room) fn apply(
    timers: &mut BTreeMap<u64, stored::Timer>,
    record: &mut RoomRecord,
) {
    for gone in record.timers_gone.drain(..) {
        timers.remove(&gone);
    }
    for timer in record.timers.drain(..) {
        timers.insert(timer.id, timer);
    }
}

/// The clock of an image, with its timers.
pub(in crate::entities::room) fn restore(
    image: &Image,
    settings: &KindSettings,
    times: &Times,
    has_members: bool,
) -> Clock {
    let mut clock = Clock::new(times.age, settings, times.now);
    if has_members {
        clock.note_occupied();
    }
    clock.timers_made = image.metadata.timers_made;
    for timer in image.timers.values() {
        let at = times.at(timer.due_ns);
        clock.start_timer(at, TimerId(timer.id), &timer.note);
    }
    clock
}

/// The age of a room of an image now.
pub(in crate::entities::room) struct Times {
    now: Instant,
    age: Duration,
}

impl Times {
    /// The age has gone on while nobody had the room, by the wall clock, and never goes back.
    pub(in crate::entities::room) fn of(image: &Image, context: &Context) -> Self {
        let written = Duration::from_millis(image.last.unix_ms);
        let is_of_this_run = image.last.epoch >= context.config.began_at.0;
        let behind = is_of_this_run.then_some(image.last.clock_steps);
        let away = context.wall_clock.since(written, behind, context.now);
        Self {
            now: context.now,
            age: Duration::from_nanos(image.last.age_ns) + away,
        }
    }

    /// The time at which the room has this age; now if it is older.
    pub(in crate::entities::room) fn at(&self, age_ns: u64) -> Instant {
        self.now + Duration::from_nanos(age_ns).saturating_sub(self.age)
    }
}

fn encode(clock: &Clock, (at, id): (Instant, TimerId), note: &[u8]) -> stored::Timer {
    stored::Timer {
        id: id.0,
        due_ns: nanos(clock.age(at)),
        note: note.to_vec().into(),
    }
}
