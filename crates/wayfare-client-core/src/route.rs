//! Which endpoint to try next, and when.

use std::num::NonZeroUsize;
use std::time::Duration;

use wayfare_protocol::Instant;

use crate::Settings;
use crate::backoff::Backoff;
use crate::random::Random;

/// A connection that lived this long was a good one: the next attempt starts over at once. Below
/// it, a server that lets clients in only to drop them is backed off from like one that is down.
pub(crate) const GOOD_AFTER: Duration = Duration::from_secs(2);

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

    /// Where to connect: the last good one, or the next behind one that was not.
    pub(crate) const fn endpoint(&self) -> usize {
        self.endpoint
    }

    /// This endpoint does not serve now.
    pub(crate) fn turn(&mut self) {
        self.endpoint = (self.endpoint + 1) % self.endpoints;
    }

    /// The connection that was made at `since` is gone.
    pub(crate) fn lost(&mut self, since: Instant, now: Instant) {
        if now.since(since) >= GOOD_AFTER {
            self.failures = 0;
        }
    }

    /// How long to wait before the next attempt.
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
    fn the_ceiling_doubles_with_each_round_up_to_its_bound() {
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
    fn only_a_connection_that_lived_starts_over() {
        let mut route = route(1);
        let at = |millis| Instant::ORIGIN + Duration::from_millis(millis);
        for _ in 0..10 {
            route.delay(Duration::ZERO);
        }
        route.lost(at(0), at(1999));
        assert_eq!(route.failures, 10);
        route.lost(at(0), at(2000));
        assert_eq!(route.failures, 0);
    }

    #[test]
    fn never_before_the_server_allows_it() {
        let after = Duration::from_secs(30);
        assert!(route(1).delay(after) >= after);
    }
}
