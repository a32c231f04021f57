//! The report of the fan-out benchmark.

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::output::Table;
use crate::receiver::Faults;
use crate::statistics::{Latencies, Latency, median, rounded};
use crate::usage::Usage;

use super::side::Leg;

/// The share of a processor that must be idle for a server not to count as saturated.
const HEADROOM_MIN: f64 = 0.1;

/// The figures of all legs: medians over the legs, latencies over all deliveries.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    #[serde(flatten)]
    wayfare: Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<Figures>,
    /// The node's processor time per delivery divided by the bare server's: the median over the
    /// pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ratios: Vec<f64>,
}

#[derive(Debug, Serialize)]
struct Figures {
    deliveries: u64,
    deliveries_per_s: f64,
    server_cpu_us_per_delivery: f64,
    latency_ms: Latency,
    lost: u64,
    duplicated: u64,
    reordered: u64,
    /// The processors used by the server, the generator and everything else.
    server_processors: f64,
    generator_processors: f64,
    others_processors: f64,
    /// True if the server used all the time it could get. A saturated server writes more at once to
    /// each client, because it gets to each later. A slower server then has the same time per
    /// delivery and a worse latency, and only a lower rate would show the cost of a delivery.
    saturated: bool,
    /// The delay of the generator itself, which is part of the latencies but not caused by the
    /// server.
    generator_late_ms: Latency,
    legs: usize,
}

impl Report {
    pub(super) fn new(wayfare: (&[Leg], Faults), raw: (&[Leg], Faults)) -> Result<Self> {
        let ratio = |(ours, theirs): (&Leg, &Leg)| {
            rounded(ours.server_us_per_delivery() / theirs.server_us_per_delivery())
        };
        let ratios: Vec<f64> = wayfare.0.iter().zip(raw.0).map(ratio).collect();
        Ok(Self {
            wayfare: Figures::new(wayfare.0, wayfare.1)?,
            raw: match raw.0 {
                [] => None,
                legs => Some(Figures::new(legs, raw.1)?),
            },
            ratio: (!ratios.is_empty()).then(|| rounded(median(ratios.iter().copied()))),
            ratios,
        })
    }
}

impl Figures {
    fn new(legs: &[Leg], faults: Faults) -> Result<Self> {
        let mut latencies = Latencies::new()?;
        let mut lateness = Latencies::new()?;
        for leg in legs {
            latencies.add(&leg.latencies)?;
            lateness.add(&leg.lateness)?;
        }
        let millisecond = Duration::from_millis(1);
        let processors = |of: fn(&Usage) -> Duration| {
            let each = legs.iter().map(|leg| leg.usage.processors(of(&leg.usage)));
            rounded(median(each))
        };
        Ok(Self {
            deliveries: legs.iter().map(|leg| leg.deliveries).sum(),
            deliveries_per_s: median(legs.iter().map(Leg::deliveries_per_s)).round(),
            server_cpu_us_per_delivery: rounded(median(
                legs.iter().map(Leg::server_us_per_delivery),
            )),
            latency_ms: latencies.summary(millisecond),
            lost: faults.lost,
            duplicated: faults.duplicated,
            reordered: faults.reordered,
            server_processors: processors(|usage| usage.server),
            generator_processors: processors(|usage| usage.generator),
            others_processors: processors(|usage| usage.others),
            saturated: median(legs.iter().map(|leg| leg.usage.headroom())) < HEADROOM_MIN,
            generator_late_ms: lateness.summary(millisecond),
            legs: legs.len(),
        })
    }

    fn rows(&self, name: &str, table: &mut Table) {
        let Latency { p50, p99, max, .. } = self.latency_ms;
        let late = self.generator_late_ms;
        table.heading(format!("{name}, {} legs", self.legs));
        table.row("deliveries per second", self.deliveries_per_s);
        table.row(
            "server processor per delivery, us",
            self.server_cpu_us_per_delivery,
        );
        table.row(
            "latency, ms (p50, p99, max)",
            format!("{p50}, {p99}, {max}"),
        );
        let faults = format!("{}, {}, {}", self.lost, self.duplicated, self.reordered);
        table.row("lost, duplicated, reordered", faults);
        let shares = [
            self.server_processors,
            self.generator_processors,
            self.others_processors,
        ];
        let [server, generator, others] = shares;
        let shares = format!("{server}, {generator}, {others}");
        table.row("processors (server, generator, others)", shares);
        if self.saturated {
            table.row("saturated", "compare latencies, or lower the rate");
        }
        let late = format!("{}, {}, {}", late.p50, late.p99, late.max);
        table.row("generator late, ms (p50, p99, max)", late);
    }
}

impl From<&Report> for Table {
    fn from(report: &Report) -> Self {
        let mut table = Self::default();
        report.wayfare.rows("wayfare", &mut table);
        if let (Some(raw), Some(ratio)) = (&report.raw, report.ratio) {
            raw.rows("raw", &mut table);
            table.heading(format!("ratio {ratio}, the median of {:?}", report.ratios));
        }
        table
    }
}
