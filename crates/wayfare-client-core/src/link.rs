//! The state of the one connection, and the times that belong to it.

use std::time::Duration;

use wayfare_protocol::Instant;

/// Where the client is between "no connection" and "welcomed".
#[derive(Debug)]
pub(crate) enum Link {
    /// The next attempt begins then.
    Waiting { until: Instant },
    /// `Connect` is out.
    Connecting { deadline: Instant },
    /// The Hello is out.
    Greeting { deadline: Instant },
    /// Welcomed.
    Open(Pulse),
    /// Nothing is tried any more.
    Ended,
}

/// The signs of life of an open connection.
#[derive(Debug)]
pub(crate) struct Pulse {
    heartbeat: Duration,
    pub(crate) since: Instant,
    heard: Instant,
    pinged: Instant,
    /// The last ping, if its pong is still to come.
    awaited: Option<u64>,
    pings: u64,
}

/// What a connection's timer asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    Ping { nonce: u64 },
    Dead,
}

impl Pulse {
    pub(crate) const fn new(heartbeat: Duration, now: Instant) -> Self {
        Self {
            heartbeat,
            since: now,
            heard: now,
            pinged: now,
            awaited: None,
            pings: 0,
        }
    }

    pub(crate) const fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// The round trip, if this answers the last ping.
    pub(crate) fn pong(&mut self, nonce: u64, now: Instant) -> Option<Duration> {
        self.awaited.take_if(|awaited| *awaited == nonce)?;
        Some(now.since(self.pinged))
    }

    pub(crate) fn poll_timeout(&self, last_sent: Instant) -> (Instant, &'static str) {
        let (ping, dead) = (self.ping_at(last_sent), self.dead_at());
        if ping < dead {
            (ping, "ping")
        } else {
            (dead, "silence")
        }
    }

    pub(crate) fn handle_timeout(&mut self, last_sent: Instant, now: Instant) -> Option<Beat> {
        if now >= self.dead_at() {
            return Some(Beat::Dead);
        }
        if now < self.ping_at(last_sent) {
            return None;
        }
        self.pings += 1;
        self.pinged = now;
        self.awaited = Some(self.pings);
        Some(Beat::Ping { nonce: self.pings })
    }

    /// After a heartbeat of saying nothing, for the server's sake; and after one of hearing
    /// nothing, for our own: a client that talks to a silent room would otherwise take the
    /// connection for dead.
    fn ping_at(&self, last_sent: Instant) -> Instant {
        last_sent.min(self.heard.max(self.pinged)) + self.heartbeat
    }

    fn dead_at(&self) -> Instant {
        self.heard + self.heartbeat * 5 / 2
    }
}
