//! The report of the fan-out benchmark.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::output::Table;
use crate::receiver::Faults;
use crate::statistics::{Latencies, Latency, median, rounded};
use crate::usage::Usage;

use super::side::Leg;

/// The share of a processor that must be idle for a side not to count as saturated.
const HEADROOM_MIN: f64 = 0.1;

/// The figures of all legs at one rate: medians over the legs, latencies over all deliveries.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// True if server and generator had a processor each.
    pinned: bool,
    #[serde(flatten)]
    wayfare: Figures,
    #[serde(flatten)]
    others: BTreeMap<&'static str, Compared>,
}

/// The figures of another server.
#[derive(Debug, Serialize)]
struct Compared {
    #[serde(flatten)]
    figures: Figures,
    /// The node's processor time per delivery divided by this server's: the median over the pairs.
    ratio: f64,
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
    server_saturated: bool,
    /// True if the generator did. The latencies are then its own, too.
    generator_saturated: bool,
    /// True if no processor was idle. Then either side may have waited for other programs.
    machine_busy: bool,
    /// The delay of the generator itself, which is part of the latencies but not caused by the
    /// server.
    generator_late_ms: Latency,
    legs: usize,
}

impl Report {
    pub(super) fn new(
        pinned: bool,
        wayfare: (&[Leg], Faults),
        others: &[(&'static str, &[Leg], Faults)],
    ) -> Result<Self> {
        let mut compared = BTreeMap::new();
        for (name, legs, faults) in others {
            let ratio = |(ours, theirs): (&Leg, &Leg)| {
                rounded(ours.server_us_per_delivery() / theirs.server_us_per_delivery())
            };
            let ratios: Vec<f64> = wayfare.0.iter().zip(*legs).map(ratio).collect();
            let others = Compared {
                figures: Figures::new(legs, *faults)?,
                ratio: rounded(median(ratios.iter().copied())),
                ratios,
            };
            compared.insert(*name, others);
        }
        Ok(Self {
            pinned,
            wayfare: Figures::new(wayfare.0, wayfare.1)?,
            others: compared,
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
        let is_scarce = |headroom: fn(&Usage) -> f64| {
            median(legs.iter().map(|leg| headroom(&leg.usage))) < HEADROOM_MIN
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
            server_saturated: is_scarce(Usage::server_headroom),
            generator_saturated: is_scarce(Usage::generator_headroom),
            machine_busy: is_scarce(Usage::machine_headroom),
            generator_late_ms: lateness.summary(millisecond),
            legs: legs.len(),
        })
    }

    fn saturated(&self) -> &'static str {
        match (self.server_saturated, self.generator_saturated) {
            (false, false) if self.machine_busy => "neither, but other programs leave no time",
            (false, false) => "neither side",
            (true, false) => "the server: compare latencies, or lower the rate",
            (false, true) => "the generator: its delays are in the latencies",
            (true, true) => "both: lower the rate",
        }
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
        table.row("saturated", self.saturated());
        let late = format!("{}, {}, {}", late.p50, late.p99, late.max);
        table.row("generator late, ms (p50, p99, max)", late);
    }
}

impl From<&Report> for Table {
    fn from(report: &Report) -> Self {
        let mut table = Self::default();
        table.heading(processors(report.pinned));
        report.wayfare.rows("wayfare", &mut table);
        for (name, other) in &report.others {
            other.figures.rows(name, &mut table);
            let (ratio, ratios) = (other.ratio, &other.ratios);
            table.heading(format!("ratio to {name} {ratio}, the median of {ratios:?}"));
        }
        table
    }
}

fn processors(pinned: bool) -> &'static str {
    match pinned {
        true => "server and generator have a processor each",
        false => "server and generator share the only processor: the figures are of both",
    }
}

/// The most that each server can do, and its figures at parts of it.
#[derive(Debug, Serialize)]
pub(super) struct Loads {
    pub(super) pinned: bool,
    #[serde(flatten)]
    pub(super) servers: BTreeMap<&'static str, ServerLoads>,
}

/// The most that a server can do, and its figures at parts of it.
#[derive(Debug, Serialize)]
pub(super) struct ServerLoads {
    /// The most deliveries per second at a p99 of [`super::most::P99_MAX`].
    max_deliveries_per_s: f64,
    loads: Vec<Load>,
}

#[derive(Debug, Serialize)]
struct Load {
    percent: u32,
    #[serde(flatten)]
    figures: Figures,
}

impl ServerLoads {
    pub(super) fn new(most: f64, legs: &[(u32, Leg)], faults: Faults) -> Result<Self> {
        let load = |(percent, leg): &(u32, Leg)| {
            Ok(Load {
                percent: *percent,
                figures: Figures::new(std::slice::from_ref(leg), faults)?,
            })
        };
        Ok(Self {
            max_deliveries_per_s: most.round(),
            loads: legs.iter().map(load).collect::<Result<_>>()?,
        })
    }
}

impl From<&Loads> for Table {
    fn from(report: &Loads) -> Self {
        let mut table = Self::default();
        table.heading(processors(report.pinned));
        for (name, server) in &report.servers {
            let most = server.max_deliveries_per_s;
            table.heading(format!("{name}: {most} deliveries/s at p99 ≤ 20 ms"));
            for Load { percent, figures } in &server.loads {
                table.row(
                    &format!("at {percent} %, deliveries per second"),
                    figures.deliveries_per_s,
                );
                let us = figures.server_cpu_us_per_delivery;
                table.row("  server processor per delivery, us", us);
                let Latency { p50, p99, max, .. } = figures.latency_ms;
                table.row(
                    "  latency, ms (p50, p99, max)",
                    format!("{p50}, {p99}, {max}"),
                );
                let shares = (figures.server_processors, figures.generator_processors);
                table.row(
                    "  processors (server, generator)",
                    format!("{}, {}", shares.0, shares.1),
                );
                table.row("  saturated", figures.saturated());
            }
        }
        table
    }
}
