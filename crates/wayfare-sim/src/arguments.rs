//! The command line of the simulator.

use clap::{Args, Parser};
use wayfare_sim::{SCENARIOS, Scenario, named};

/// Runs seeds: a cluster, its clients and its faults, all derived from one number.
#[derive(Parser)]
#[command(name = "sim", bin_name = "cargo xtask sim")]
pub(crate) struct Arguments {
    /// free (the seed chooses everything), or another scenario in src/scenarios.rs
    #[arg(long, value_name = "S", default_value = SCENARIOS[0].name, value_parser = scenario)]
    pub(crate) scenario: &'static Scenario,
    /// The number of threads
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) workers: u64,
    /// With --seed: print the trace even if everything holds
    #[arg(long)]
    pub(crate) trace: bool,
    #[command(flatten)]
    wish: Wishes,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Wishes {
    /// Run one seed; if something breaks, print the fewest faults and a trace of the parts
    /// concerned
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Run these seeds on all workers; continues where it was interrupted
    #[arg(long, value_name = "A..B", value_parser = range)]
    seeds: Option<(u64, u64)>,
    /// Run as many seeds as the time allows, from 0
    #[arg(long, value_name = "M")]
    minutes: Option<u64>,
    /// Find the first of N seeds that breaks something, and print one line
    #[arg(long, value_name = "N")]
    find: Option<u64>,
}

/// The task to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Seed(u64),
    Seeds { from: u64, to: u64 },
    Minutes(u64),
    Find { seeds_max: u64 },
}

impl Arguments {
    pub(crate) fn wish(&self) -> Wish {
        let Wishes {
            seed,
            seeds,
            minutes,
            find,
        } = self.wish;
        None.or(seed.map(Wish::Seed))
            .or(seeds.map(|(from, to)| Wish::Seeds { from, to }))
            .or(minutes.map(Wish::Minutes))
            .or(find.map(|seeds_max| Wish::Find { seeds_max }))
            .unwrap_or_else(|| unreachable!("one of the group is required"))
    }
}

fn scenario(name: &str) -> Result<&'static Scenario, String> {
    named(name).ok_or_else(|| "no such scenario".into())
}

fn range(text: &str) -> Result<(u64, u64), String> {
    let numbers = text.split_once("..");
    let numbers = numbers.and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    numbers.ok_or_else(|| "not two numbers such as 0..200".into())
}
