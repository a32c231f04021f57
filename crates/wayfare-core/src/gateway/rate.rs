//! The rate at which a session may send.

use std::num::NonZeroU32;
use std::time::Duration;

use wayfare_protocol::Instant;

/// A rate with a burst: the generic cell rate algorithm (ITU-T I.371, annex A), one word a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Time that one frame costs.
    interval: Duration,
    /// The time that a session may be ahead of its rate.
    tolerance: Duration,
}

impl Rate {
    pub(crate) fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let interval = Duration::from_secs(1) / per_second.get();
        Self {
            interval,
            tolerance: interval * burst.get(),
        }
    }

    /// Charges `cost` frames, or says when there is room for them. `paid_until` is the session's.
    pub(crate) fn charge(
        self,
        paid_until: &mut Instant,
        cost: u32,
        now: Instant,
    ) -> Result<(), Instant> {
        let until = (*paid_until).max(now) + self.interval * cost;
        if until.since(now) > self.tolerance.max(self.interval * cost) {
            return Err(until - self.tolerance.max(self.interval * cost));
        }
        *paid_until = until;
        Ok(())
    }

    /// Charges `cost` frames for work that was done already. Returns when there is room for the
    /// next frame, if there is none now.
    pub(crate) fn overdraw(
        self,
        paid_until: &mut Instant,
        cost: u32,
        now: Instant,
    ) -> Option<Instant> {
        *paid_until = (*paid_until).max(now) + self.interval * cost;
        let mut next = *paid_until;
        self.charge(&mut next, 1, now).err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: u32, burst: u32) -> Rate {
        let number = |number| NonZeroU32::new(number).unwrap();
        Rate::new(number(per_second), number(burst))
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let rate = rate(10, 5);
        let mut paid = Instant::ORIGIN;
        let start = Instant::ORIGIN + Duration::from_secs(1);
        for _ in 0..5 {
            assert_eq!(rate.charge(&mut paid, 1, start), Ok(()));
        }
        let next = start + Duration::from_millis(100);
        assert_eq!(rate.charge(&mut paid, 1, start), Err(next));
        assert_eq!(rate.charge(&mut paid, 1, next), Ok(()));
        assert!(rate.charge(&mut paid, 1, next).is_err());
    }

    #[test]
    fn an_overdraft_is_paid_off_before_the_next_frame() {
        let rate = rate(10, 5);
        let mut paid = Instant::ORIGIN;
        let start = Instant::ORIGIN + Duration::from_secs(1);
        assert_eq!(rate.overdraw(&mut paid, 4, start), None);
        assert_eq!(
            rate.overdraw(&mut paid, 11, start),
            Some(start + Duration::from_millis(1100))
        );
        assert!(
            rate.charge(&mut paid, 1, start + Duration::from_secs(1))
                .is_err()
        );
        let next = start + Duration::from_millis(1100);
        assert_eq!(rate.charge(&mut paid, 1, next), Ok(()));
    }

    #[test]
    fn a_cost_above_the_burst_passes_when_all_is_paid() {
        let rate = rate(10, 1);
        let mut paid = Instant::ORIGIN;
        assert_eq!(rate.charge(&mut paid, 5, Instant::ORIGIN), Ok(()));
        let again = Instant::ORIGIN + Duration::from_millis(500);
        assert_eq!(rate.charge(&mut paid, 5, Instant::ORIGIN), Err(again));
    }
}
