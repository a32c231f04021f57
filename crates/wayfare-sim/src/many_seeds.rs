//! Runs of many seeds on several threads. Each seed is a separate world.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use wayfare_sim::{Run, Tally, Watch, difference, run};

use crate::arguments::{Arguments, Wish};
use crate::progress::Progress;
use crate::show;

/// The number of seeds that are first run twice.
const TWICE: u64 = 3;
/// The number of seeds between two writes of the progress file.
const NOTED_EVERY: u64 = 50;

/// Runs the requested seeds. Returns true if all held.
pub(crate) fn all(arguments: &Arguments) -> bool {
    if !is_deterministic(arguments) {
        return false;
    }
    let (from, to) = match arguments.wish() {
        Wish::Seeds { from, to } => (from, to),
        _ => (0, u64::MAX),
    };
    let mut progress = Progress::of(arguments.scenario, from, to);
    if progress.done > from {
        println!("continues at seed {}", progress.done);
    }
    let time = match arguments.wish() {
        Wish::Minutes(minutes) => Duration::from_secs(minutes * 60),
        _ => Duration::MAX,
    };
    let mut sums = Sums::default();
    let first = progress.done;
    let next = AtomicU64::new(first);
    let began = now();
    let play = |seed| {
        let wanted = seed < to && now().duration_since(began) < time;
        wanted.then(|| run(arguments.scenario, seed, Watch::default()))
    };
    on_threads(arguments.workers, &next, &play, |runs| {
        let mut waiting = std::collections::BTreeMap::new();
        for (seed, run) in runs {
            sums.add(arguments, seed, &run);
            waiting.insert(seed, ());
            // In order, so that no seed is left out.
            while waiting.remove(&progress.done).is_some() {
                progress.done += 1;
                if progress.done.is_multiple_of(NOTED_EVERY) {
                    progress.note(progress.done);
                }
            }
        }
    });
    if sums.broken == 0 {
        progress.finish();
    }
    sums.print(now().duration_since(began), arguments.workers);
    sums.broken == 0
}

/// Finds the first seed that breaks something, and prints one line: `found <seeds> <invariant>`.
pub(crate) fn find(arguments: &Arguments, seeds_max: u64) -> bool {
    for seed in 0..seeds_max {
        let run = run(arguments.scenario, seed, Watch::default());
        if let Some(violation) = run.broken() {
            println!("found {} {}", seed + 1, violation.invariant);
            return true;
        }
    }
    println!("not found {seeds_max}");
    false
}

fn is_deterministic(arguments: &Arguments) -> bool {
    for seed in 0..TWICE {
        if let Some((first, second)) = difference(arguments.scenario, seed) {
            println!("seed {seed} is not the same twice. First:\n{first}\nand then:\n{second}");
            return false;
        }
    }
    println!("{TWICE} seeds are the same twice, byte for byte");
    true
}

fn now() -> Instant {
    Instant::now()
}

/// Runs all seeds, and passes on each result when it is available.
fn on_threads(
    workers: u64,
    next: &AtomicU64,
    play: &(impl Fn(u64) -> Option<Run> + Sync),
    gather: impl FnOnce(Receiver<(u64, Run)>),
) {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(64);
        for _ in 0..workers {
            let sender = sender.clone();
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let Some(run) = play(seed) else {
                        return;
                    };
                    if sender.send((seed, run)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        gather(receiver);
    });
}

/// The sums over all runs.
#[derive(Default)]
struct Sums {
    seeds: u64,
    broken: u64,
    tally: Tally,
}

impl Sums {
    fn add(&mut self, arguments: &Arguments, seed: u64, run: &Run) {
        self.seeds += 1;
        let (sum, one) = (&mut self.tally, &run.tally);
        sum.steps += one.steps;
        sum.simulated += one.simulated;
        sum.faults += one.faults;
        sum.kills += one.kills;
        sum.connections += one.connections;
        sum.deeds += one.deeds;
        sum.done += one.done;
        sum.refused += one.refused;
        sum.unknown += one.unknown;
        sum.events += one.events;
        sum.resyncs += one.resyncs;
        sum.fell_back += one.fell_back;
        sum.recovered += one.recovered;
        sum.restarted += one.restarted;
        if let Some(violation) = run.broken() {
            self.broken += 1;
            println!("seed {seed}: {violation}");
            if self.broken == 1 {
                show::broken(arguments, seed);
            }
        }
    }

    fn print(&self, took: Duration, workers: u64) {
        let Self { tally, .. } = self;
        let seconds = took.as_secs_f64();
        let hours = tally.simulated.as_secs_f64() / 3600.0;
        let pace = tally.simulated.as_secs_f64() / seconds;
        println!(
            "{} seeds, {hours:.1} simulated hours in {seconds:.1} s on {workers} threads, \
             {pace:.0} times real time",
            self.seeds
        );
        println!("{tally:?}");
        println!("{} broke something", self.broken);
    }
}
