//! Rate limits for log lines that may repeat a thousand times a second: the first few are logged,
//! then only their number.

use std::time::Duration;

use wayfare_protocol::Instant;

pub(crate) struct Ration {
    lines_max: u32,
    per: Duration,
    since: Option<Instant>,
    told: u32,
    untold: u64,
}

impl Ration {
    pub(crate) fn new(lines_max: u32, per: Duration) -> Self {
        Self {
            lines_max,
            per,
            since: None,
            told: 0,
            untold: 0,
        }
    }

    /// Returns `Some` if this line is logged, with the number of lines left out before it.
    pub(crate) fn admit(&mut self, now: Instant) -> Option<u64> {
        if self.since.is_none_or(|since| since + self.per <= now) {
            self.since = Some(now);
            self.told = 0;
        }
        if self.told == self.lines_max {
            self.untold += 1;
            return None;
        }
        self.told += 1;
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_are_logged_and_the_rest_counted() {
        let mut ration = Ration::new(2, Duration::from_secs(10));
        let at = |seconds| Instant::ORIGIN + Duration::from_secs(seconds);
        let mut admit = |seconds| ration.admit(at(seconds));
        assert_eq!([0, 1, 2, 9].map(&mut admit), [Some(0), Some(0), None, None]);
        assert_eq!([10, 11, 12].map(&mut admit), [Some(2), Some(0), None]);
        assert_eq!(admit(100), Some(1));
    }
}
