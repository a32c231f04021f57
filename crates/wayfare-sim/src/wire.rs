//! A direction of a stream: ordered and reliable while it lasts, with a rate and delays.

use std::collections::VecDeque;
use std::time::Duration;

use wayfare_protocol::Instant;

use crate::chance::Chance;

/// The performance of a direction.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The minimum delay.
    pub delay: Duration,
    /// The maximum additional delay.
    pub jitter: Duration,
    /// The rate; 0 for no limit.
    pub bytes_per_second: u64,
}

/// A direction of a stream.
#[derive(Clone, Debug)]
pub struct SimWire<T> {
    pace: Pace,
    /// The messages in flight: departure time, arrival time, size and content.
    under_way: VecDeque<(Instant, Instant, usize, T)>,
    /// The time before which nothing arrives.
    held_until: Instant,
    free_at: Instant,
    last_arrival: Instant,
    /// The time of the next planned check for arrivals.
    looked_at: Option<Instant>,
}

impl<T> SimWire<T> {
    /// Makes an empty direction.
    #[must_use]
    pub const fn new(pace: Pace) -> Self {
        Self {
            pace,
            under_way: VecDeque::new(),
            held_until: Instant::ORIGIN,
            free_at: Instant::ORIGIN,
            last_arrival: Instant::ORIGIN,
            looked_at: None,
        }
    }

    /// Sets the performance of later messages.
    pub const fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Returns the performance.
    #[must_use]
    pub const fn pace(&self) -> Pace {
        self.pace
    }

    /// Sends a message. Returns its arrival time, which is after those of all earlier ones, unless
    /// the direction is held.
    pub fn send(&mut self, what: T, bytes: usize, now: Instant, chance: &mut Chance) -> Instant {
        let leaves = self.free_at.max(now) + self.takes(bytes);
        self.free_at = leaves;
        let way = self.pace.delay + chance.time(Duration::ZERO, self.pace.jitter);
        let arrival = (leaves + way).max(self.last_arrival).max(self.held_until);
        self.last_arrival = arrival;
        self.under_way.push_back((leaves, arrival, bytes, what));
        arrival
    }

    /// Plans a check. Returns true if none is planned earlier.
    pub fn look(&mut self, at: Instant) -> bool {
        let first = self.looked_at.is_none_or(|looked_at| at < looked_at);
        if first {
            self.looked_at = Some(at);
        }
        first
    }

    /// Returns true if this is the planned check.
    pub fn looks(&mut self, now: Instant) -> bool {
        self.looked_at.take_if(|at| *at == now).is_some()
    }

    /// Returns the next message that has arrived; `Err` has the time of the next arrival.
    pub fn receive(&mut self, now: Instant) -> Result<T, Option<Instant>> {
        let Some((_, arrival, ..)) = self.under_way.front() else {
            return Err(None);
        };
        let arrival = (*arrival).max(self.held_until);
        if arrival > now {
            return Err(Some(arrival));
        }
        let (.., what) = self.under_way.pop_front().expect("there is one");
        Ok(what)
    }

    /// Holds all messages until `until`, when all of them arrive.
    pub fn hold(&mut self, until: Instant) {
        self.held_until = self.held_until.max(until);
    }

    /// Ends the hold.
    pub const fn let_go(&mut self) {
        self.held_until = Instant::ORIGIN;
    }

    /// Makes all messages in flight leave the sender now, and arrive as soon as possible.
    pub fn hurry(&mut self, now: Instant) {
        self.free_at = now;
        self.last_arrival = self.last_arrival.min(now + self.pace.delay);
        for (leaves, arrival, ..) in &mut self.under_way {
            *leaves = now.min(*leaves);
            *arrival = (*arrival).min(now + self.pace.delay);
        }
    }

    /// Returns the bytes that have not left the sender. A receiver that is held acknowledges
    /// nothing, so held messages count as not sent.
    #[must_use]
    pub fn backlog(&self, now: Instant) -> usize {
        let held = self.held_until > now;
        let waits = |leaves: Instant| held || leaves > now;
        let waiting = self.under_way.iter().filter(|(leaves, ..)| waits(*leaves));
        waiting.map(|(_, _, bytes, _)| bytes).sum()
    }

    /// Returns the time at which the backlog may have become smaller.
    #[must_use]
    pub fn drains_at(&self, now: Instant) -> Option<Instant> {
        if self.held_until > now {
            return Some(self.held_until);
        }
        let waiting = self.under_way.iter().map(|(leaves, ..)| *leaves);
        waiting.filter(|leaves| *leaves > now).max()
    }

    /// Returns true if nothing is in flight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Loses everything in flight.
    pub fn clear(&mut self) {
        self.under_way.clear();
    }

    fn takes(&self, bytes: usize) -> Duration {
        match self.pace.bytes_per_second {
            0 => Duration::ZERO,
            pace => Duration::from_nanos(bytes as u64 * 1_000_000_000 / pace),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        delay: Duration::from_millis(10),
        jitter: Duration::from_millis(5),
        bytes_per_second: 1_000,
    };

    #[test]
    fn in_order_at_its_pace_and_held_up() {
        let mut chance = Chance::new(1, "wire");
        let mut wire = SimWire::new(PACE);
        let start = Instant::ORIGIN + Duration::from_secs(1);
        let last = (0..10).map(|number| wire.send(number, 100, start, &mut chance));
        let last = last.last().expect("ten");
        assert!(last >= start + Duration::from_millis(1_010));
        assert_eq!(wire.backlog(start), 1_000);
        assert_eq!(wire.backlog(start + Duration::from_millis(500)), 500);
        wire.hold(start + Duration::from_secs(5));
        assert_eq!(
            wire.receive(last),
            Err(Some(start + Duration::from_secs(5)))
        );
        wire.let_go();
        let all: Vec<i32> = std::iter::from_fn(|| wire.receive(last).ok()).collect();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }
}
