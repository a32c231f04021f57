//! `wayfare bench fanout`: every member sends, and every member of the room receives it.

mod fanout_report;
mod side;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::output::{print, progress};
use crate::process::raise_open_files;
use crate::schedule::Schedule;

use fanout_report::Report;
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
    /// The number of commands per second of each member.
    #[arg(long, value_name = "HZ", default_value_t = 5.0)]
    rate: f64,
    /// The length of a leg in seconds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Also load a bare server, in alternating legs.
    #[arg(long)]
    against: Option<Against>,
    /// The number of legs of each side, without the warm-up.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    pairs: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The server for comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Against {
    /// A bare loop that reads and writes the same bytes.
    Raw,
}

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
        let epoch = Instant::now();
        progress(format_args!("{} clients come in", shape.clients()));
        let mut wayfare = Side::wayfare(shape, epoch)?;
        let mut raw = match self.against {
            Some(Against::Raw) => Some(Side::raw(shape, epoch)?),
            None => None,
        };
        let (ours, theirs) = self.legs(&mut wayfare, raw.as_mut())?;
        let raw_faults = raw.as_ref().map(Side::faults).unwrap_or_default();
        let report = Report::new((&ours, wayfare.faults()), (&theirs, raw_faults))?;
        print(self.json, &report)?;
        ensure!(
            !wayfare.faults().any() && !raw_faults.any(),
            "messages were lost, doubled or out of order"
        );
        Ok(())
    }

    fn check(&self) -> Result<()> {
        ensure!(
            self.rooms * self.members <= 10_000,
            "at most 10000 clients, not {}",
            self.rooms * self.members
        );
        ensure!(
            (0.2..=90.0).contains(&self.rate),
            "a session may send 0.2 to 90 commands per second here, not {}",
            self.rate
        );
        ensure!(
            (0.1..=LEG_SECONDS_MAX).contains(&self.seconds),
            "a leg takes 0.1 to {LEG_SECONDS_MAX} seconds, not {}",
            self.seconds
        );
        Ok(())
    }

    fn legs(&self, wayfare: &mut Side, mut raw: Option<&mut Side>) -> Result<(Vec<Leg>, Vec<Leg>)> {
        let length = Duration::from_secs_f64(self.seconds);
        let warm_up = self.schedule(length.min(WARM_UP_MAX));
        run_leg("wayfare, warm-up", wayfare, &warm_up)?;
        if let Some(raw) = &mut raw {
            run_leg("raw, warm-up", raw, &warm_up)?;
        }
        let schedule = self.schedule(length);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for pair in 0..self.pairs {
            // The sides alternate in being first, so that a drift of the machine cancels out.
            let (first, raw_first) = (pair % 2 == 0, pair % 2 == 1);
            for raw_turn in [raw_first, first] {
                match &mut raw {
                    Some(raw) if raw_turn => theirs.push(run_leg("raw", raw, &schedule)?),
                    Some(_) => ours.push(run_leg("wayfare", wayfare, &schedule)?),
                    None if raw_turn => {}
                    None => ours.push(run_leg("wayfare", wayfare, &schedule)?),
                }
            }
        }
        Ok((ours, theirs))
    }

    fn schedule(&self, length: Duration) -> Schedule {
        Schedule::new(self.rooms * self.members, self.rate, length)
    }
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
