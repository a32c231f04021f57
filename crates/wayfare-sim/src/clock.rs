//! The clock of a machine, with its own rate and occasional jumps.

use std::time::Duration;

use wayfare_protocol::Instant;

/// A machine's clock, relative to the world's time.
#[derive(Clone, Copy, Debug)]
pub struct SimClock {
    world: Instant,
    local: Instant,
    /// The nanoseconds that it gains in a second.
    drift: i64,
}

const SECOND: i128 = 1_000_000_000;

impl SimClock {
    /// Makes a clock that shows `local` at `world` and gains `drift` nanoseconds a second.
    #[must_use]
    pub const fn new(world: Instant, local: Instant, drift: i64) -> Self {
        Self {
            world,
            local,
            drift,
        }
    }

    /// Returns the time that it shows.
    #[must_use]
    pub fn local(&self, world: Instant) -> Instant {
        let passed = i128::from(world.as_nanos()) - i128::from(self.world.as_nanos());
        let gained = passed * i128::from(self.drift) / SECOND;
        let local = i128::from(self.local.as_nanos()) + passed + gained;
        Instant::from_nanos(u64::try_from(local).unwrap_or(0))
    }

    /// Returns the world's time at which it will show `local` or a little more.
    #[must_use]
    pub fn world(&self, local: Instant) -> Instant {
        let ahead = i128::from(local.as_nanos()) - i128::from(self.local.as_nanos());
        let rate = SECOND + i128::from(self.drift);
        let passed = (ahead * SECOND).div_euclid(rate) + 2;
        let world = i128::from(self.world.as_nanos()) + passed;
        Instant::from_nanos(u64::try_from(world).unwrap_or(0))
    }

    /// Jumps ahead.
    pub fn step_ahead(&mut self, world: Instant, by: Duration) {
        self.local = self.local(world) + by;
        self.world = world;
    }

    /// Jumps back.
    pub fn step_back(&mut self, world: Instant, by: Duration) {
        self.local = self.local(world) - by;
        self.world = world;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakes_neither_early_nor_much_too_late() {
        let at = Instant::from_nanos;
        for drift in [-10_000_000, -7, 0, 13, 10_000_000] {
            let clock = SimClock::new(at(5_000), at(77_000_000_000), drift);
            for wanted in [77_000_000_001, 78_123_456_789, 99_999_999_999] {
                let local = clock.local(clock.world(at(wanted)));
                assert!(local >= at(wanted), "{drift}: {local:?}");
                assert!(local <= at(wanted + 5), "{drift}: {local:?}");
            }
        }
    }

    #[test]
    fn jumps() {
        let at = Instant::from_nanos;
        let mut clock = SimClock::new(at(0), at(1_000), 0);
        clock.step_ahead(at(10), Duration::from_nanos(500));
        assert_eq!(clock.local(at(20)), at(1_520));
        clock.step_back(at(20), Duration::from_nanos(1_000));
        assert_eq!(clock.local(at(30)), at(530));
    }
}
