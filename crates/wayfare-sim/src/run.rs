//! One run of one seed, from its plan to its verdict.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::trace::{Keep, Trace};
use crate::world::{Tally, Watch, World};
use crate::{Chance, Plan, Scenario, Violation};

/// How a run ended.
#[derive(Debug)]
pub enum Verdict {
    /// Everything held.
    Held,
    /// Something was broken.
    Broken(Violation),
}

/// A run that is over.
pub struct Run {
    /// How it ended.
    pub verdict: Verdict,
    /// How much happened.
    pub tally: Tally,
    /// One number for all that happened.
    pub hash: u64,
    /// What it was made of.
    pub plan: Plan,
    /// What happened, as far as it was to be remembered.
    pub trace: Trace,
}

impl Run {
    /// What was broken.
    #[must_use]
    pub fn broken(&self) -> Option<&Violation> {
        match &self.verdict {
            Verdict::Broken(violation) => Some(violation),
            Verdict::Held => None,
        }
    }
}

/// Plays a seed of a scenario.
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

/// Plays a seed twice. The first step at which the two differ, in words of both, if any.
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

/// The fewest faults with which this seed still breaks the same promise: found by halving, so that
/// it is a prefix of all faults that breaks it and one shorter than which does not.
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
