//! Tests of seeds that once found a defect.

use wayfare_sim::{SCENARIOS, Tally, Watch, named, run};

/// Seeds of free mode that found a defect that is fixed now.
const FOUND: &[u64] = &[
    // A client was told that commands of a stay that is over never were applied.
    1, 3, 12, // A future of a closed room ended in the next room of its name.
    9, 18, 24,
    // A room that failed did not continue with the records for its logs, and could not close.
    21,
    // A future that ended after a snapshot never ended for the room that was rolled back to it.
    67, 460, 525, 545,
    // A durable room was given up, and a member that was leaving received later events with a gap.
    949, 2057, 3519, // A record stayed behind whose removal was refused, or went unheard.
    215, 490,
    // A client was told that nothing is left of a command which the snapshot has.
    277, // The number of a command that failed was told again, when another command had it.
    233,
    // A durable room that another had sealed, or that closed on a panic, told members as applied
    // what storage does not have.
    94, 3743, 18171,
    // Messages to a room that closed on a panic were applied when the room was restored.
    13004, // Leftovers of earlier incarnations were not listed again after a failure.
    2563,
    // A room was looked at before a note came that a clock set back had put off.
    8132, // A snapshot that came again forgot the parts of the next.
    9052, // A room that failed again lost what it was to run again.
    10627,
    // An unreliable message that waited for a slow reader came behind a newer one.
    16734,
];

/// Seeds of other scenarios that did.
const FOUND_IN: &[(&str, u64)] = &[
    // A durable room that was given up did not release what storage had confirmed in that turn.
    ("panics", 265),
    ("panics", 471),
    ("panics", 485),
    // A player that said goodbye behind its return stayed a member.
    ("steady-cuts", 119),
    // A grace that began before the last attachment ended a stay.
    ("logins", 113),
    ("free", 95),
    // A room heard that a member is back, and not that it was away.
    ("steady-kills", 21),
    ("steady-kills", 34),
    ("panics", 107),
];

/// Played of every scenario here; CI plays more of them in a build that is optimised.
const SEEDS_EACH: u64 = 3;

#[test]
fn seeds_that_found_defects_hold() {
    for seed in FOUND {
        let run = run(&SCENARIOS[0], *seed, Watch::default());
        assert!(run.broken().is_none(), "seed {seed}: {:?}", run.broken());
    }
    for (name, seed) in FOUND_IN {
        let scenario = named(name).expect("a scenario of that name");
        let run = run(scenario, *seed, Watch::default());
        assert!(run.broken().is_none(), "{name} {seed}: {:?}", run.broken());
    }
}

#[test]
fn every_scenario_holds() {
    for scenario in SCENARIOS {
        let name = scenario.name;
        let mut tallies = Vec::new();
        for seed in 0..SEEDS_EACH {
            let run = run(scenario, seed, Watch::default());
            assert!(run.broken().is_none(), "{name} {seed}: {:?}", run.broken());
            tallies.push(run.tally);
        }
        let count = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
        let met = match name {
            "steady-cuts" => count(|it| it.connections) > 100 && count(|it| it.events) > 10_000,
            "steady-short" => count(|it| it.resyncs) > 20,
            "steady-kills" => count(|it| it.kills) > 5 && count(|it| it.restarted) > 1,
            "undone" => count(|it| it.fell_back) > 5,
            _ => true,
        };
        assert!(met, "{name} does not meet what it is about: {tallies:?}");
    }
    assert!(named("free").is_some() && named("none").is_none());
}
