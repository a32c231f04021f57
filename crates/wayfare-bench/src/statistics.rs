//! Medians, slopes and latencies.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// The longest recorded time. Longer ones count as this.
const TIME_MAX: Duration = Duration::from_secs(60);

/// A histogram of latencies with three digits, from a nanosecond to a minute.
#[derive(Clone, Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let nanos_max = TIME_MAX.as_nanos() as u64;
        Ok(Self(Histogram::new_with_bounds(1, nanos_max, 3)?))
    }

    #[inline]
    pub(crate) fn record_ns(&mut self, nanos: u64) {
        self.0.saturating_record(nanos);
    }

    pub(crate) fn add(&mut self, other: &Self) -> anyhow::Result<()> {
        Ok(self.0.add(&other.0)?)
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.len()
    }

    /// Returns a summary in units of `unit`.
    pub(crate) fn summary(&self, unit: Duration) -> Latency {
        let unit = unit.as_nanos() as f64;
        let quantile = |quantile| rounded(self.0.value_at_quantile(quantile) as f64 / unit);
        Latency {
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            max: rounded(self.0.max() as f64 / unit),
        }
    }
}

/// A summary of latencies. The field that holds it names the unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

/// Rounds to three decimals, because more would not be accurate.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Returns the middle value, or the mean of the two middle ones; 0 without values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match (values.len() / 2, values.len() % 2) {
        (0, 0) => 0.0,
        (middle, 0) => f64::midpoint(values[middle - 1], values[middle]),
        (middle, _) => values[middle],
    }
}

/// Returns the slope between two measurements: the cost of one more of `counts`.
pub(crate) fn slope(counts: (u32, u32), values: (u64, u64)) -> f64 {
    (values.1 as f64 - values.0 as f64) / (f64::from(counts.1) - f64::from(counts.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert_eq!(median([]), 0.0);
        assert_eq!(median([3.0]), 3.0);
        assert_eq!(median([9.0, 1.0, 5.0]), 5.0);
        assert_eq!(median([4.0, 1.0, 2.0, 100.0]), 3.0);
    }

    #[test]
    fn a_slope_ignores_a_constant() {
        assert_eq!(slope((2_000, 10_000), (5_000_000, 45_000_000)), 5_000.0);
        assert_eq!(slope((0, 10), (100, 50)), -5.0);
    }

    #[test]
    fn quantiles_are_those_of_all_that_was_recorded() {
        let mut first = Latencies::new().unwrap();
        let mut second = Latencies::new().unwrap();
        for micros in 1..=50 {
            first.record_ns(micros * 1000);
            second.record_ns((micros + 50) * 1000);
        }
        first.add(&second).unwrap();
        assert_eq!(first.len(), 100);
        let summary = first.summary(Duration::from_micros(1));
        assert!((summary.p50 - 50.0).abs() < 0.1, "{summary:?}");
        assert!((summary.p99 - 99.0).abs() < 0.1, "{summary:?}");
        assert!((summary.max - 100.0).abs() < 0.2, "{summary:?}");
    }

    #[test]
    fn a_time_beyond_the_bound_is_kept_as_the_bound() {
        let mut latencies = Latencies::new().unwrap();
        latencies.record_ns(u64::MAX);
        let max = latencies.summary(Duration::from_secs(1)).max;
        assert!((60.0..61.0).contains(&max), "{max}");
    }
}
