//! Delays between attempts, which grow with each failed attempt.

use std::time::Duration;

use crate::Settings;
use crate::random::Random;

pub(crate) struct Backoff {
    min: Duration,
    max: Duration,
    random: Random,
}

impl Backoff {
    pub(crate) const fn new(settings: &Settings, random: Random) -> Self {
        Self {
            min: settings.backoff_min,
            max: settings.backoff_max,
            random,
        }
    }

    /// Draws the delay before the next attempt after `rounds` failed rounds. It is never shorter
    /// than `retry_after`, which the server asks for.
    pub(crate) fn delay(&mut self, rounds: u32, retry_after: Duration) -> Duration {
        let factor = 1u32.checked_shl(rounds).unwrap_or(u32::MAX);
        let ceiling = self.min.saturating_mul(factor).min(self.max);
        retry_after.saturating_add(self.random.duration_below(ceiling))
    }
}
