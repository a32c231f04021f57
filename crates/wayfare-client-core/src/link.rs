//! The state of the connection and its timers.

use std::time::Duration;

use wayfare_protocol::Instant;

/// The connection state.
#[derive(Debug)]
pub(crate) enum Link {
    /// Waiting until the next attempt.
    Waiting { until: Instant },
    /// The driver was asked to connect.
    Connecting { deadline: Instant },
    /// The Hello was sent.
    Greeting { since: Instant, deadline: Instant },
    /// The Welcome was received.
    Open(Liveness),
    /// The client ended; no further attempt follows.
    Ended,
}

/// Tracks when an open connection last sent and received something.
#[derive(Debug)]
pub(crate) struct Liveness {
    heartbeat: Duration,
    pub(crate) since: Instant,
    received_at: Instant,
    pub(crate) pinged_at: Instant,
    /// The nonce of the last ping, until its pong arrives.
    awaited_pong: Option<u64>,
    pings: u64,
}

/// An action that the connection's timer requires.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LivenessAction {
    Ping { nonce: u64 },
    Dead,
}

impl Liveness {
    pub(crate) const fn new(heartbeat: Duration, now: Instant) -> Self {
        Self {
            heartbeat,
            since: now,
            received_at: now,
            pinged_at: now,
            awaited_pong: None,
            pings: 0,
        }
    }

    pub(crate) const fn received(&mut self, now: Instant) {
        self.received_at = now;
    }

    /// Returns the round-trip time, if this pong answers the last ping.
    pub(crate) fn pong(&mut self, nonce: u64, now: Instant) -> Option<Duration> {
        self.awaited_pong
            .take_if(|awaited_pong| *awaited_pong == nonce)?;
        Some(now.since(self.pinged_at))
    }

    pub(crate) fn poll_timeout(&self, last_sent: Instant) -> (Instant, &'static str) {
        let (ping, dead) = (self.ping_at(last_sent), self.dead_at());
        if ping < dead {
            (ping, "ping")
        } else {
            (dead, "silence")
        }
    }

    pub(crate) fn handle_timeout(
        &mut self,
        last_sent: Instant,
        now: Instant,
    ) -> Option<LivenessAction> {
        if now >= self.dead_at() {
            return Some(LivenessAction::Dead);
        }
        if now < self.ping_at(last_sent) {
            return None;
        }
        self.pings += 1;
        self.pinged_at = now;
        self.awaited_pong = Some(self.pings);
        Some(LivenessAction::Ping { nonce: self.pings })
    }

    /// Pings after one heartbeat without sending, for the server, and after one heartbeat without
    /// receiving, for this client: otherwise a client that sends to a silent room would assume that
    /// the connection is dead.
    fn ping_at(&self, last_sent: Instant) -> Instant {
        last_sent.min(self.received_at.max(self.pinged_at)) + self.heartbeat
    }

    fn dead_at(&self) -> Instant {
        self.received_at + self.heartbeat * 5 / 2
    }
}
