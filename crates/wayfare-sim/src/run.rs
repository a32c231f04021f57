//! A run of a seed, from its plan to its verdict.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::trace::{Keep, Trace};
use crate::world::{Tally, Watch, World};
use crate::{Chance, Plan, Scenario, Violation};

/// The result of a run.
#[derive(Debug)]
pub enum Verdict {
    /// All invariants held.
    Held,
    /// An invariant was broken.
    Broken(Violation),
}

/// A finished run.
pub struct Run {
    /// The result.
    pub verdict: Verdict,
    /// The numbers of events.
    pub tally: Tally,
    /// A hash of everything that happened.
    pub hash: u64,
    /// The plan.
    pub plan: Plan,
    /// The trace, as far as it was recorded.
    pub trace: Trace,
}

impl Run {
    /// Returns the violation, if there is one.
    #[must_use]
    pub fn broken(&self) -> Option<&Violation> {
        match &self.verdict {
            Verdict::Broken(violation) => Some(violation),
            Verdict::Held => None,
        }
    }
}

/// Runs a seed of a scenario.
#[must_use]
pub fn run(scenario: &Scenario, seed: u64, watch: Watch) -> Run {
    let plan = (scenario.plan)(&mut Chance::new(seed, "plan"));
    let mut world = World::new(seed, plan.clone(), watch);
    let outcome = catch_unwind(AssertUnwindSafe(|| world.run()));
    let verdict = match outcome {
        Ok(Ok(_)) => Verdict::Held,
        Ok(Err(violation)) => Verdict::Broken(violation),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
            let what = words.unwrap_or_default();
            Verdict::Broken(Violation::new("nothing panics", Vec::new(), what))
        }
    };
    Run {
        verdict,
        tally: world.tally(),
        hash: world.trace.hash(),
        plan,
        trace: world.trace,
    }
}

/// Runs a seed twice. Returns the first step at which the runs differ, in both versions.
#[must_use]
pub fn difference(scenario: &Scenario, seed: u64) -> Option<(String, String)> {
    let keep = Keep::Lines;
    let watch = Watch {
        keep,
        ..Watch::default()
    };
    let (first, second) = (run(scenario, seed, watch), run(scenario, seed, watch));
    let (first, second) = (first.trace.lines(), second.trace.lines());
    let same = first.iter().zip(second).take_while(|(a, b)| a == b).count();
    let line = |lines: &[String]| lines.get(same).cloned().unwrap_or_else(|| "the end".into());
    (same < first.len().max(second.len())).then(|| (line(first), line(second)))
}

/// Finds the smallest number of faults with which this seed still breaks the same invariant, by
/// bisection: with that prefix of the faults the invariant breaks, and with one fault fewer it
/// holds.
#[must_use]
pub fn shrink(scenario: &Scenario, seed: u64, invariant: &str, faults: u64) -> u64 {
    let breaks = |faults_max| {
        let watch = Watch {
            faults_max,
            ..Watch::default()
        };
        let run = run(scenario, seed, watch);
        run.broken().is_some_and(|it| it.invariant == invariant)
    };
    let (mut holds, mut broken) = (0, faults);
    if breaks(0) {
        return 0;
    }
    while broken - holds > 1 {
        let middle = holds + (broken - holds) / 2;
        match breaks(middle) {
            true => broken = middle,
            false => holds = middle,
        }
    }
    broken
}
