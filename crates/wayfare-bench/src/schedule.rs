//! The send times of each client, fixed before the first byte, whatever the server does.
//!
//! It is an open loop. A command that is sent late, because the server or the generator was slow,
//! keeps its due time, and its latency counts from there (Gil Tene's "coordinated omission").

use std::time::Duration;

use crate::wire::scramble;

/// The times at which commands are due are rounded up to this. The generator sleeps in between: one
/// that wakes for each command uses a whole processor, and takes it from the server.
const SLOT: Duration = Duration::from_millis(1);

/// A command that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// The time since the schedule's beginning.
    pub(crate) at: Duration,
    pub(crate) client: u32,
}

/// A schedule in which every client sends once per period, each at its own phase, the same in every
/// run.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    period: Duration,
    rounds: u32,
    /// The clients in the order of their phases.
    order: Vec<Due>,
    round: u32,
    next: usize,
}

/// Returns the end of the slot in which a time lies.
fn slot(at: Duration) -> Duration {
    let slots = at.as_nanos().div_ceil(SLOT.as_nanos());
    SLOT * u32::try_from(slots).unwrap_or(u32::MAX)
}

impl Schedule {
    /// Makes a schedule of as many whole periods as fit into `length`, at least one.
    pub(crate) fn new(clients: u32, rate_hz: f64, length: Duration) -> Self {
        let period = Duration::from_secs_f64(1.0 / rate_hz);
        let mut order: Vec<Due> = (0..clients)
            .map(|client| Due {
                at: period.mul_f64(scramble(u64::from(client)) as f64 / u64::MAX as f64),
                client,
            })
            .collect();
        order.sort_by_key(|due| (due.at, due.client));
        let rounds = (length.as_secs_f64() * rate_hz + 1e-6) as u32;
        Self {
            period,
            rounds: rounds.max(1),
            order,
            round: 0,
            next: 0,
        }
    }

    /// Returns the number of commands.
    pub(crate) fn len(&self) -> u64 {
        u64::from(self.rounds) * self.order.len() as u64
    }

    /// Returns the time from its beginning to the end of its last period.
    pub(crate) fn length(&self) -> Duration {
        self.period * self.rounds
    }

    /// Returns the next command; `None` once all are sent.
    pub(crate) fn peek(&self) -> Option<Due> {
        if self.round == self.rounds {
            return None;
        }
        let due = *self.order.get(self.next)?;
        Some(Due {
            at: slot(due.at + self.period * self.round),
            ..due
        })
    }

    /// Removes and returns a command that is due at `now`.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<Due> {
        let due = self.peek().filter(|due| due.at <= now)?;
        self.next += 1;
        if self.next == self.order.len() {
            self.next = 0;
            self.round += 1;
        }
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(schedule: &mut Schedule, now: Duration) -> Vec<Due> {
        std::iter::from_fn(|| schedule.pop(now)).collect()
    }

    #[test]
    fn a_stall_of_the_sender_does_not_move_due_times() {
        let length = Duration::from_secs(2);
        let mut punctual = Schedule::new(10, 5.0, length);
        let mut stalled = punctual.clone();
        let mut on_time = Vec::new();
        for step in 0..=2000 {
            on_time.extend(drain(&mut punctual, Duration::from_millis(step)));
        }
        let mut late = drain(&mut stalled, Duration::from_millis(100));
        late.extend(drain(&mut stalled, length));
        assert_eq!(late, on_time);
        assert_eq!(on_time.len() as u64, punctual.len());
    }

    #[test]
    fn each_client_sends_once_per_period() {
        let mut schedule = Schedule::new(7, 10.0, Duration::from_secs(3));
        let all = drain(&mut schedule, Duration::from_secs(10));
        assert_eq!(all.len(), 7 * 30);
        assert!(all.is_sorted_by_key(|due| due.at));
        for client in 0..7 {
            let times: Vec<_> = all.iter().filter(|due| due.client == client).collect();
            assert_eq!(times.len(), 30);
            for pair in times.windows(2) {
                assert_eq!(pair[1].at - pair[0].at, Duration::from_millis(100));
            }
        }
    }

    #[test]
    fn commands_are_due_at_the_end_of_their_slot() {
        let mut schedule = Schedule::new(1000, 30.0, Duration::from_secs(2));
        let all = drain(&mut schedule, Duration::from_secs(10));
        assert_eq!(all.len(), 60_000);
        assert!(all.is_sorted_by_key(|due| due.at));
        assert!(
            all.iter()
                .all(|due| due.at.subsec_nanos().is_multiple_of(1_000_000))
        );
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        let mut schedule = Schedule::new(100, 5.0, Duration::from_secs(1));
        let now = Duration::from_millis(50);
        assert!(drain(&mut schedule, now).iter().all(|due| due.at <= now));
        assert!(schedule.peek().is_some_and(|due| due.at > now));
    }
}
