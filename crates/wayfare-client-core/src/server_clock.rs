//! The server's clock, as far as its words and the time they took tell.

use std::time::Duration;

use wayfare_protocol::Instant;

/// The most that two clocks drift apart: one part in this many.
const DRIFT_PARTS: u32 = 10_000;

/// A reading of the server's clock, which goes on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerClock {
    at: Instant,
    /// The time since 1970 that it showed then.
    shown: Duration,
    error: Duration,
}

impl ServerClock {
    /// Returns the time since 1970 that the server's clock shows now.
    #[must_use]
    pub fn time(&self, now: Instant) -> Duration {
        self.shown + now.since(self.at)
    }

    /// Handles the server's word, in answer to what was sent at `sent`. It was said at some moment
    /// in between.
    pub(crate) fn hear(known: &mut Option<Self>, time_ms: u64, sent: Instant, now: Instant) {
        if time_ms == 0 {
            return;
        }
        let error = now.since(sent) / 2;
        let heard = Self {
            at: now,
            shown: Duration::from_millis(time_ms) + error,
            error,
        };
        // The better word counts. If two contradict each other, the server's clock was set.
        if known.is_none_or(|known| {
            let known_error = known.error + now.since(known.at) / DRIFT_PARTS;
            error <= known_error || heard.shown.abs_diff(known.time(now)) > error + known_error
        }) {
            *known = Some(heard);
        }
    }
}
