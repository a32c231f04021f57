//! Selection of the next endpoint and of the delay before it is tried.

use std::num::NonZeroUsize;
use std::time::Duration;

use wayfare_protocol::Instant;

use crate::Settings;
use crate::backoff::Backoff;
use crate::random::Random;

/// The lifetime after which a connection counts as stable and resets the backoff. A server that
/// drops clients sooner gets the same backoff as one that is down.
pub(crate) const STABLE_AFTER: Duration = Duration::from_secs(2);

pub(crate) struct Route {
    endpoints: NonZeroUsize,
    endpoint: usize,
    failures: u32,
    backoff: Backoff,
}

impl Route {
    pub(crate) const fn new(settings: &Settings, random: Random) -> Self {
        Self {
            endpoints: settings.endpoints,
            endpoint: 0,
            failures: 0,
            backoff: Backoff::new(settings, random),
        }
    }

    /// Returns the endpoint to connect to: the last that worked, or the one after the last that
    /// failed.
    pub(crate) const fn endpoint(&self) -> usize {
        self.endpoint
    }

    /// Moves to the next endpoint because the present one does not serve.
    pub(crate) fn advance(&mut self) {
        self.endpoint = (self.endpoint + 1) % self.endpoints;
    }

    /// Handles the loss of a connection that was established at `since`.
    pub(crate) fn connection_lost(&mut self, since: Instant, now: Instant) {
        if now.since(since) >= STABLE_AFTER {
            self.failures = 0;
        }
    }

    /// Draws the delay before the next attempt.
    pub(crate) fn delay(&mut self, retry_after: Duration) -> Duration {
        let endpoints = u32::try_from(self.endpoints.get()).unwrap_or(u32::MAX);
        let rounds = self.failures / endpoints;
        self.failures = self.failures.saturating_add(1);
        self.backoff.delay(rounds, retry_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Credential;

    fn route(endpoints: usize) -> Route {
        let endpoints = NonZeroUsize::new(endpoints).unwrap();
        Route::new(
            &Settings::new(endpoints, Credential::guest()),
            Random::new(1),
        )
    }

    #[test]
    fn the_delay_ceiling_doubles_each_round_up_to_its_bound() {
        let mut route = route(2);
        for round in 0..40u32 {
            for _ in 0..2 {
                let ceiling = Duration::from_millis(100 * (1 << round.min(20)));
                let ceiling = ceiling.min(Duration::from_secs(10));
                assert!(route.delay(Duration::ZERO) < ceiling, "round {round}");
            }
        }
    }

    #[test]
    fn only_a_stable_connection_resets_the_backoff() {
        let mut route = route(1);
        let at = |millis| Instant::ORIGIN + Duration::from_millis(millis);
        for _ in 0..10 {
            route.delay(Duration::ZERO);
        }
        route.connection_lost(at(0), at(1999));
        assert_eq!(route.failures, 10);
        route.connection_lost(at(0), at(2000));
        assert_eq!(route.failures, 0);
    }

    #[test]
    fn the_delay_respects_retry_after() {
        let after = Duration::from_secs(30);
        assert!(route(1).delay(after) >= after);
    }
}
