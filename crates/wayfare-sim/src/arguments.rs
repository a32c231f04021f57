//! What is asked for on the command line.

use wayfare_sim::{SCENARIOS, Scenario, named};

pub(crate) const HELP: &str = "\
usage: cargo xtask sim [--scenario S] [--workers N] <what>

  --seed N        one seed, and if something breaks: the fewest faults, and a trace of whom it concerns
  --seeds A..B    these seeds, on both cores; goes on where it was interrupted
  --minutes M     as many seeds as there is time for, from 0
  --find N        the first of N seeds that breaks something, in one line

  --trace         with --seed: the trace even if nothing breaks
  --scenario S    free (the seed chooses everything), or one of the others in src/scenarios.rs";

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Seed(u64),
    Seeds { from: u64, to: u64 },
    Minutes(u64),
    Find { seeds_max: u64 },
}

/// See the module's words.
pub(crate) struct Arguments {
    pub(crate) scenario: &'static Scenario,
    pub(crate) wish: Wish,
    pub(crate) trace: bool,
    pub(crate) workers: u64,
}

impl Arguments {
    pub(crate) fn parse(words: &[String]) -> Result<Self, String> {
        let mut arguments = Self {
            scenario: &SCENARIOS[0],
            wish: Wish::Seed(0),
            trace: false,
            workers: 2,
        };
        let mut wished = false;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--trace" {
                arguments.trace = true;
                continue;
            }
            let value = words.next().ok_or(format!("{word} takes a value"))?;
            match word.as_str() {
                "--scenario" => {
                    let scenario = named(value).ok_or(format!("no scenario `{value}`"))?;
                    arguments.scenario = scenario;
                    continue;
                }
                "--workers" => {
                    arguments.workers = number(value)?.max(1);
                    continue;
                }
                "--seed" => arguments.wish = Wish::Seed(number(value)?),
                "--seeds" => {
                    let (from, to) = value.split_once("..").ok_or("--seeds takes A..B")?;
                    let (from, to) = (number(from)?, number(to)?);
                    arguments.wish = Wish::Seeds { from, to };
                }
                "--minutes" => arguments.wish = Wish::Minutes(number(value)?),
                "--find" => {
                    let seeds_max = number(value)?;
                    arguments.wish = Wish::Find { seeds_max };
                }
                other => return Err(format!("no option `{other}`")),
            }
            wished = true;
        }
        match wished {
            true => Ok(arguments),
            false => Err("nothing to do".into()),
        }
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}
