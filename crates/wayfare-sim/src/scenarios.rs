//! Runs that have a name, as data; the one called `free` leaves everything to its seed.

use std::time::Duration;

use wayfare_core::SecondLogin;
use wayfare_core::game::{Form, KindSettings};

use crate::chance::Chance;
use crate::plan::{Deeds, FaultOdds, Plan, RoomPlan, ServerPlan};

/// A named sort of run.
pub struct Scenario {
    /// What it is asked for by.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// What it is made of, where the seed chooses.
    pub plan: fn(&mut Chance) -> Plan,
}

/// All of them; the first is what is run unless another is asked for.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "free",
        about: "the seed chooses everything",
        plan: Plan::free,
    },
    Scenario {
        name: "cuts",
        about: "connections break in every way, the server does not",
        plan: |chance| Plan {
            faults: FaultOdds {
                cut: 10,
                reset: 5,
                address: 5,
                deaf_server: 3,
                deaf_client: 3,
                hold_up: 5,
                hold_down: 5,
                slow_reader: 5,
                ..FaultOdds::default()
            },
            ..Plan::free(chance)
        },
    },
    Scenario {
        name: "durable-kills",
        about: "durable rooms of every form, a server that is killed again and again, bad storage",
        plan: |chance| {
            let plan = Plan {
                faults: FaultOdds {
                    kill: 10,
                    storage: 6,
                    storage_away: 2,
                    cut: 5,
                    ..FaultOdds::default()
                },
                deeds: Deeds {
                    close: 0,
                    ..Deeds::ALL
                },
                ..Plan::free(chance)
            };
            plan.durable()
        },
    },
    Scenario {
        name: "logins",
        about: "the same players log in twice, vanish, and come back",
        plan: |chance| Plan {
            faults: FaultOdds {
                second_login: 10,
                vanish: 6,
                cut: 5,
                address: 5,
                coordination: 5,
                coordination_away: 2,
                ..FaultOdds::default()
            },
            deeds: Deeds {
                bye: 6,
                leave: 6,
                ..Deeds::ALL
            },
            ..Plan::free(chance)
        },
    },
    Scenario {
        name: "panics",
        about: "durable rooms that fail again and again, and storage that is slow and forgetful",
        plan: |chance| {
            let plan = Plan {
                faults: FaultOdds {
                    storage: 10,
                    cut: 3,
                    ..FaultOdds::default()
                },
                deeds: Deeds {
                    panic: Deeds::ALL.say,
                    close: 0,
                    ..Deeds::ALL
                },
                ..Plan::free(chance)
            };
            plan.durable()
        },
    },
    Scenario {
        name: "slow-readers",
        about: "two rooms that say 600 KB a second, and connections that take far less",
        plan: |_| slow_readers(),
    },
    Scenario {
        name: "pace",
        about: "three nodes, five rooms at 20 Hz, ten players: how fast time passes",
        plan: |_| pace(),
    },
];

/// The scenario of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}

/// What waits for a reader reaches its bound long before anybody is silent.
fn slow_readers() -> Plan {
    let plan = pace();
    let rooms = plan.rooms.into_iter().take(2);
    Plan {
        nodes: 1,
        rooms: rooms
            .map(|room| RoomPlan {
                tick_bytes: 30_000,
                ..room
            })
            .collect(),
        players: 3,
        trouble_for: Duration::from_secs(40),
        fault_every_max: Duration::from_secs(2),
        faults: FaultOdds {
            slow_reader: 10,
            hold_down: 1,
            ..FaultOdds::default()
        },
        ..plan
    }
}

fn pace() -> Plan {
    let room = RoomPlan {
        settings: KindSettings {
            tick: Some(Duration::from_millis(50)),
            member_grace: Duration::from_secs(5),
            empty_grace: Some(Duration::from_secs(5)),
            ..KindSettings::default()
        },
        form: Form::Whole,
        tick_bytes: 0,
    };
    Plan {
        nodes: 3,
        shards: 1,
        rooms: vec![room; 5],
        players: 10,
        pause_max: Duration::from_secs(2),
        deeds: Deeds::TALK,
        trouble_for: Duration::from_secs(120),
        fault_every_max: Duration::from_secs(6),
        faults: FaultOdds {
            cut: 1,
            address: 1,
            ..FaultOdds::default()
        },
        drift_max: 10_000_000,
        server: ServerPlan {
            session_grace: Duration::from_secs(10),
            heartbeat: Duration::from_secs(2),
            second_login: SecondLogin::Replace,
            inside: true,
        },
    }
}
