//! Retries of what storage did not do.

use std::time::Duration;

use wayfare_protocol::Instant;

const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);

/// The time at which requests that failed are made again.
#[derive(Debug, Default)]
pub(super) struct Retry {
    pub(super) at: Option<Instant>,
    pub(super) failures: u32,
}

impl Retry {
    pub(super) fn handle_failure(&mut self, now: Instant) {
        let wait = RETRY_FIRST.saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        self.at = Some(now + wait.min(RETRY_MAX));
    }
}
