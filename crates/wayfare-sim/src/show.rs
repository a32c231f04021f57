//! The full output for one seed: the violation, the fewest faults that cause it, and the trace.

use wayfare_sim::{Keep, Run, Verdict, Violation, Watch, difference, run, shrink};

use crate::arguments::Arguments;

/// The maximum number of printed lines of a trace.
const LINES_MAX: usize = 120;

/// Runs a seed and prints the result. Returns true if it held.
pub(crate) fn seed(arguments: &Arguments, seed: u64) -> bool {
    if let Some((first, second)) = difference(arguments.scenario, seed) {
        println!("it is not the same twice. First:\n{first}\nand then:\n{second}");
        return false;
    }
    let run = run(arguments.scenario, seed, watch(u64::MAX));
    println!(
        "seed {seed} of {}: {:?}",
        arguments.scenario.name, run.tally
    );
    if arguments.trace {
        for line in run.trace.lines() {
            println!("{line}");
        }
    }
    match &run.verdict {
        Verdict::Held => {
            println!("everything held; hash {:016x}", run.hash);
            true
        }
        Verdict::Broken(_) => {
            broken(arguments, seed);
            false
        }
    }
}

/// Shrinks a seed that broke something, and prints the relevant part of its trace.
pub(crate) fn broken(arguments: &Arguments, seed: u64) {
    let scenario = arguments.scenario;
    let full = run(scenario, seed, Watch::default());
    let Verdict::Broken(violation) = &full.verdict else {
        return println!("seed {seed} held when it was played again: that is worse");
    };
    let (invariant, faults) = (violation.invariant, full.tally.faults);
    let fewest = shrink(scenario, seed, invariant, faults);
    let short = run(scenario, seed, watch(fewest));
    println!("seed {seed}: the first {fewest} of {faults} faults are enough");
    if let Verdict::Broken(violation) = &short.verdict {
        println!("{violation}");
        print_trace(&short, violation);
    }
    println!(
        "again: cargo xtask sim --scenario {} --seed {seed}",
        scenario.name
    );
}

const fn watch(faults_max: u64) -> Watch {
    Watch {
        keep: Keep::Lines,
        faults_max,
        steps_max: u64::MAX,
    }
}

fn print_trace(run: &Run, violation: &Violation) {
    let concerned = |line: &&String| {
        let always = ["FAULT", "VIOLATION", "begins run", "nothing goes wrong"];
        always.iter().any(|word| line.contains(word))
            || violation
                .subjects
                .iter()
                .any(|subject| names(line, subject))
    };
    let lines: Vec<&String> = run.trace.lines().iter().filter(concerned).collect();
    let first = lines.len().saturating_sub(LINES_MAX);
    println!(
        "the last {} of {} lines that concern {}:",
        lines.len() - first,
        lines.len(),
        violation.subjects.join(" and ")
    );
    for line in &lines[first..] {
        println!("{}", line.chars().take(220).collect::<String>());
    }
}

/// Checks that the line contains the whole name, not only a longer name that begins with it.
fn names(line: &str, subject: &str) -> bool {
    line.match_indices(subject).any(|(at, _)| {
        let behind = line[at + subject.len()..].chars().next();
        behind.is_none_or(|it| !it.is_ascii_digit())
    })
}
