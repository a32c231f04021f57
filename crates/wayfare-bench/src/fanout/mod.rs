//! `wayfare bench fanout`: every member sends, and every member of the room receives it.

mod fanout_report;
mod most;
mod side;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::cores::Cores;
use crate::output::{print, progress};
use crate::process::raise_open_files;
use crate::schedule::Schedule;

use fanout_report::{Loads, Report};
use side::{Leg, Shape, Side};

/// The longest warm-up of each side: until connections have their windows, and buffers their sizes.
const WARM_UP_MAX: Duration = Duration::from_secs(3);
/// The longest leg. If there are two sides, one is silent during the other's leg. The limit, plus
/// the time to drain, is well below the silence that ends a session.
const LEG_SECONDS_MAX: f64 = 15.0;

/// Fan-out in rooms, with the server's processor time and the latency of each delivery.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Fanout {
    /// The number of rooms.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rooms: u32,
    /// The number of members of each room.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    members: u32,
    /// The number of commands per second of each member. Without it, the most that the server can
    /// deliver at a p99 of 20 ms is looked for, and 25, 50, 75 and 100 % of it are measured.
    #[arg(long, value_name = "HZ")]
    rate: Option<f64>,
    /// The length of a leg in seconds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Also load these servers, in alternating legs.
    #[arg(long, value_delimiter = ',')]
    against: Vec<Against>,
    /// The number of legs of each side, without the warm-up.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    pairs: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A server for comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Against {
    /// A bare loop that reads and writes the same bytes.
    Raw,
    /// Bun's own pub/sub, if `bun` is in PATH.
    Bun,
}

impl Against {
    const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Bun => "bun",
        }
    }
}

/// A server with its name.
type Named = (&'static str, Side);

impl Fanout {
    /// # Errors
    /// If a server or a client fails, or a message was lost, duplicated or reordered.
    pub(crate) fn run(&self) -> Result<()> {
        self.check()?;
        let shape = Shape {
            rooms: self.rooms,
            members: self.members,
        };
        raise_open_files(2 * u64::from(shape.clients()) + 256)?;
        let (epoch, cores) = (Instant::now(), Cores::choose()?);
        progress(format_args!("{} clients come in", shape.clients()));
        let wayfare = || Ok(("wayfare", Side::wayfare(shape, epoch, cores)?));
        let others = self.against.iter().map(|&against| {
            let side = Side::other(against, shape, epoch, cores);
            Ok((against.name(), side?))
        });
        let mut sides = std::iter::once_with(wayfare).chain(others);
        let Some(rate) = self.rate else {
            return self.measure_loads(cores, &mut sides);
        };
        let mut sides = sides.collect::<Result<Vec<Named>>>()?;
        self.measure(rate, cores, &mut sides)?;
        sides.iter().try_for_each(check_faults)
    }

    fn measure(&self, rate: f64, cores: Cores, sides: &mut [Named]) -> Result<()> {
        let legs = self.legs(rate, sides)?;
        let mut results = legs
            .iter()
            .zip(sides)
            .map(|(legs, (name, side))| (*name, legs.as_slice(), side.faults()));
        let (_, ours, faults) = results.next().context("the node is measured")?;
        let others: Vec<_> = results.collect();
        let report = Report::new(cores.are_apart(), (ours, faults), &others)?;
        print(self.json, &report)
    }

    /// Measures one server after the other: the sessions of one that waits would end.
    fn measure_loads(
        &self,
        cores: Cores,
        sides: &mut dyn Iterator<Item = Result<Named>>,
    ) -> Result<()> {
        let mut servers = BTreeMap::new();
        let length = Duration::from_secs_f64(self.seconds);
        for side in sides {
            let mut side = side?;
            servers.insert(side.0, most::measure(side.0, &mut side.1, length)?);
            check_faults(&side)?;
        }
        let pinned = cores.are_apart();
        print(self.json, &Loads { pinned, servers })
    }

    fn check(&self) -> Result<()> {
        ensure!(
            self.rooms * self.members <= 10_000,
            "at most 10000 clients, not {}",
            self.rooms * self.members
        );
        if let Some(rate) = self.rate {
            ensure!(
                (0.2..=most::RATE_MAX).contains(&rate),
                "a session may send 0.2 to {} commands per second here, not {rate}",
                most::RATE_MAX
            );
        }
        ensure!(
            (0.1..=LEG_SECONDS_MAX).contains(&self.seconds),
            "a leg takes 0.1 to {LEG_SECONDS_MAX} seconds, not {}",
            self.seconds
        );
        Ok(())
    }

    /// Returns the legs of each side, in their order.
    fn legs(&self, rate: f64, sides: &mut [Named]) -> Result<Vec<Vec<Leg>>> {
        let length = Duration::from_secs_f64(self.seconds);
        let schedule = |length| Schedule::new(self.rooms * self.members, rate, length);
        for (name, side) in &mut *sides {
            run_leg(
                &format!("{name}, warm-up"),
                side,
                &schedule(length.min(WARM_UP_MAX)),
            )?;
        }
        let mut legs: Vec<Vec<Leg>> = sides.iter().map(|_| Vec::new()).collect();
        for pair in 0..self.pairs as usize {
            // Each side is the first in turn, so that a drift of the machine cancels out.
            for offset in 0..sides.len() {
                let index = (pair + offset) % sides.len();
                let (name, side) = &mut sides[index];
                legs[index].push(run_leg(name, side, &schedule(length))?);
            }
        }
        Ok(legs)
    }
}

fn check_faults((name, side): &Named) -> Result<()> {
    ensure!(
        !side.faults().any(),
        "{name}: messages were lost, doubled or out of order"
    );
    Ok(())
}

fn run_leg(name: &str, side: &mut Side, schedule: &Schedule) -> Result<Leg> {
    let leg = side.leg(schedule.clone())?;
    side.pause()?;
    let latency = leg.latencies.summary(Duration::from_millis(1));
    progress(format_args!(
        "{name}: {:.0} deliveries/s, {:.3} us of processor each, p50 {} ms, p99 {} ms",
        leg.deliveries_per_s(),
        leg.server_us_per_delivery(),
        latency.p50,
        latency.p99,
    ));
    Ok(leg)
}
