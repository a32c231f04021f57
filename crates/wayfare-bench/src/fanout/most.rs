//! The most that a server can deliver in time, and its figures at parts of that.

use std::time::Duration;

use anyhow::Result;

use crate::output::progress;
use crate::schedule::Schedule;

use super::fanout_report::ServerLoads;
use super::run_leg;
use super::side::{Leg, Side};

/// A delivery that is later than this disturbs a game: it is nearly half a tick of 20 Hz.
pub(super) const P99_MAX: Duration = Duration::from_millis(20);
/// The tries at one rate until it is too much: another program may have disturbed the first.
const TRIES: u32 = 2;
/// The length of a try.
const TRY_LENGTH: Duration = Duration::from_millis(1500);
/// The rate of the first try, of each member, in commands per second.
const FIRST_HZ: f64 = 1.0;
/// The highest rate that a session may send at, without what it sends beside.
pub(super) const RATE_MAX: f64 = 90.0;
/// The step from one try to the next while the server keeps up.
const STEP: f64 = 1.6;
/// The tries between the last rate that it kept up with and the first that it did not.
const HALVINGS: u32 = 4;
/// The loads that are measured, in percent of the most.
const PERCENTS: [u32; 4] = [25, 50, 75, 100];

/// Finds the most, and measures at parts of it for `length` each.
pub(super) fn measure(
    name: &'static str,
    side: &mut Side,
    length: Duration,
) -> Result<ServerLoads> {
    let clients = side.shape().clients();
    let rate = most(name, side)?;
    let mut legs = Vec::new();
    // There are no parts of nothing, if even the first try was late.
    let percents = PERCENTS.iter().filter(|_| rate > 0.0);
    for &percent in percents {
        let part = rate * f64::from(percent) / 100.0;
        let schedule = Schedule::new(clients, part, length);
        let label = format!("{name}, {percent} %");
        legs.push((percent, run_leg(&label, side, &schedule)?));
    }
    let per_round = f64::from(clients) * f64::from(side.shape().members);
    ServerLoads::new(rate * per_round, &legs, side.faults())
}

/// Returns the highest rate of each member that the server keeps up with.
fn most(name: &str, side: &mut Side) -> Result<f64> {
    let clients = side.shape().clients();
    let mut kept_up = |rate: f64| -> Result<bool> {
        let label = format!("{name}, try {rate:.2} Hz");
        for _ in 0..TRIES {
            let leg = run_leg(&label, side, &Schedule::new(clients, rate, TRY_LENGTH))?;
            if is_in_time(&leg) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let (mut good, mut bad) = (0.0, None);
    let mut rate = FIRST_HZ;
    while bad.is_none() && good < RATE_MAX {
        match kept_up(rate)? {
            true => good = rate,
            false => bad = Some(rate),
        }
        rate = (rate * STEP).min(RATE_MAX);
    }
    let Some(mut bad) = bad else {
        progress(format_args!(
            "{name} keeps up with all that its sessions may send"
        ));
        return Ok(good);
    };
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(good, bad);
        match kept_up(middle)? {
            true => good = middle,
            false => bad = middle,
        }
    }
    Ok(good)
}

fn is_in_time(leg: &Leg) -> bool {
    let p99 = leg.latencies.summary(Duration::from_millis(1)).p99;
    leg.missing == 0 && p99 <= P99_MAX.as_secs_f64() * 1e3
}
