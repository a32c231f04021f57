//! The wall clock, which says how long a room was away, and which somebody may set.

use std::time::Duration;

use wayfare_protocol::Instant;

/// A difference from which the wall clock was set. Below it, it is being slewed.
const STEP_MIN: Duration = Duration::from_secs(1);

/// Relates the wall clock to the clock of the shard, which nobody can set.
#[derive(Debug)]
pub(crate) struct WallClock {
    /// The time since 1970 at the origin of the shard's clock, by the last reading.
    origin: Duration,
    /// The steps by which it was set in this run, in order.
    steps: Vec<ClockStep>,
}

/// The wall clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStep {
    /// The difference, forward or back.
    pub by: Duration,
    /// It was set forward.
    pub forward: bool,
}

impl WallClock {
    pub(crate) fn new(origin: Duration) -> Self {
        Self {
            origin,
            steps: Vec::new(),
        }
    }

    /// The time since 1970 by the last reading.
    pub(crate) fn now(&self, now: Instant) -> Duration {
        self.origin + now.since(Instant::ORIGIN)
    }

    /// The number of steps in this run, written beside every reading.
    pub(crate) fn steps(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    /// It was read again. Returns the step by which it was set since the last reading, if it was.
    pub(crate) fn handle_reading(&mut self, unix: Duration, now: Instant) -> Option<ClockStep> {
        let expected = self.now(now);
        self.origin = unix.saturating_sub(now.since(Instant::ORIGIN));
        let step = ClockStep {
            by: unix.abs_diff(expected),
            forward: unix > expected,
        };
        if step.by < STEP_MIN {
            return None;
        }
        self.steps.push(step);
        Some(step)
    }

    /// The time since `written` was read. A reading of this run says behind how many steps it was
    /// taken, and is corrected by the later ones. That of another run is taken at its word.
    pub(crate) fn since(&self, written: Duration, behind: Option<u32>, now: Instant) -> Duration {
        let behind = behind.map_or(self.steps.len(), |steps| steps as usize);
        let later = self.steps.iter().skip(behind);
        let written = later.fold(written, |written, step| match step.forward {
            true => written + step.by,
            false => written.saturating_sub(step.by),
        });
        self.now(now).saturating_sub(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const MINUTE: Duration = Duration::from_secs(60);

    fn at(time: Duration) -> Instant {
        Instant::ORIGIN + time
    }

    #[test]
    fn a_clock_that_is_slewed_is_followed() {
        let mut clock = WallClock::new(100 * HOUR);
        let slewed = 100 * HOUR + MINUTE + Duration::from_millis(900);
        assert_eq!(clock.handle_reading(slewed, at(MINUTE)), None);
        assert_eq!(clock.now(at(MINUTE)), slewed);
    }

    #[test]
    fn the_time_since_a_reading_of_this_run_does_not_depend_on_the_clock_being_set() {
        for (forward, set) in [(true, 101 * HOUR), (false, 99 * HOUR)] {
            let mut clock = WallClock::new(100 * HOUR);
            let before = (clock.now(at(MINUTE)), Some(clock.steps()));
            let step = clock.handle_reading(set + 2 * MINUTE, at(2 * MINUTE));
            assert_eq!(step, Some(ClockStep { by: HOUR, forward }));
            let behind = (clock.now(at(3 * MINUTE)), Some(clock.steps()));
            let now = at(5 * MINUTE);
            assert_eq!(clock.since(before.0, before.1, now), 4 * MINUTE);
            assert_eq!(clock.since(behind.0, behind.1, now), 2 * MINUTE);
        }
    }

    #[test]
    fn a_reading_of_another_run_is_taken_at_its_word() {
        let mut clock = WallClock::new(100 * HOUR);
        clock.handle_reading(101 * HOUR, at(Duration::ZERO));
        assert_eq!(clock.since(100 * HOUR, None, at(MINUTE)), HOUR + MINUTE);
        // It never goes back.
        assert_eq!(clock.since(200 * HOUR, None, at(MINUTE)), Duration::ZERO);
    }
}
