//! Named runs, as data. In `free` the seed chooses everything.

use std::time::Duration;

use wayfare_core::SecondLogin;
use wayfare_core::game::{Form, HistoryBounds, KindSettings};

use crate::chance::Chance;
use crate::plan::{Deeds, FaultOdds, Plan, RoomPlan, ServerPlan, WHOLE_HISTORY};

/// A named sort of run.
pub struct Scenario {
    /// The name on the command line.
    pub name: &'static str,
    /// The description.
    pub about: &'static str,
    /// The function that makes its plan.
    pub plan: fn(&mut Chance) -> Plan,
}

/// All scenarios. The first is the default.
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
        name: "undone",
        about: "rooms that keep snapshots, fail again and again, and are rolled back to them",
        plan: |chance| {
            let plan = Plan {
                pause_max: Duration::from_millis(50),
                faults: FaultOdds {
                    cut: 10,
                    address: 5,
                    kill: 3,
                    storage: 3,
                    ..FaultOdds::default()
                },
                deeds: Deeds {
                    panic: 10,
                    close: 0,
                    kick: 0,
                    ..Deeds::ALL
                },
                ..Plan::free(chance)
            };
            plan.rolled_back(chance)
        },
    },
    Scenario {
        name: "steady-cuts",
        about: "connections break at any moment, and histories hold everything",
        plan: |chance| Plan {
            faults: FaultOdds {
                cut: 10,
                reset: 10,
                ..FaultOdds::default()
            },
            ..steady(chance, WHOLE_HISTORY)
        },
    },
    Scenario {
        name: "steady-short",
        about: "connections break at any moment, and histories hold eight events",
        plan: |chance| Plan {
            faults: FaultOdds {
                cut: 10,
                reset: 10,
                ..FaultOdds::default()
            },
            ..steady(chance, 8)
        },
    },
    Scenario {
        name: "steady-kills",
        about: "durable rooms that hold everything, kills, bad storage, few panics",
        plan: |chance| {
            let plan = Plan {
                faults: FaultOdds {
                    cut: 6,
                    reset: 6,
                    kill: 3,
                    storage: 6,
                    storage_away: 1,
                    ..FaultOdds::default()
                },
                panics_max: 2,
                ..steady(chance, WHOLE_HISTORY)
            };
            plan.durable()
        },
    },
    Scenario {
        name: "visitors",
        about: "durable rooms that players enter, leave, hide and are thrown out of, cuts and kills",
        plan: |chance| {
            let plan = Plan {
                faults: FaultOdds {
                    cut: 10,
                    reset: 5,
                    vanish: 5,
                    kill: 3,
                    pause: 2,
                    ..FaultOdds::default()
                },
                deeds: Deeds {
                    kick: 4,
                    leave: 6,
                    bye: 4,
                    list: 8,
                    private: 2,
                    panic: 0,
                    close: 0,
                    ..Deeds::ALL
                },
                ..Plan::free(chance)
            };
            plan.durable()
        },
    },
    Scenario {
        name: "liars",
        about: "clients that state to have received less than they have, in durable rooms",
        plan: |chance| {
            let plan = Plan {
                faults: FaultOdds {
                    cut: 10,
                    reset: 10,
                    kill: 1,
                    ..FaultOdds::default()
                },
                deeds: Deeds {
                    close: 0,
                    ..Deeds::ALL
                },
                liars: true,
                ..Plan::free(chance)
            };
            plan.durable()
        },
    },
    Scenario {
        name: "hurried",
        about: "players who say a little more than their rate of frames admits, and cuts",
        plan: |chance| {
            let steady = steady(chance, WHOLE_HISTORY);
            Plan {
                pause_max: Duration::from_millis(80),
                trouble_for: steady.trouble_for.min(Duration::from_secs(8)),
                faults: FaultOdds {
                    cut: 3,
                    reset: 3,
                    ..FaultOdds::default()
                },
                server: ServerPlan {
                    frames: Some((20, 40)),
                    ..steady.server
                },
                ..steady
            }
        },
    },
    Scenario {
        name: "late-storage",
        about: "durable rooms, kills, and storage that applies requests late, behind later ones",
        plan: |chance| {
            let plan = Plan {
                faults: FaultOdds {
                    kill: 6,
                    cut: 3,
                    storage: 20,
                    ..FaultOdds::default()
                },
                deeds: Deeds {
                    close: 12,
                    ..Deeds::ALL
                },
                ..Plan::free(chance)
            };
            let plan = plan.durable();
            Plan {
                server: ServerPlan {
                    late_storage: true,
                    ..plan.server
                },
                ..plan
            }
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

/// Returns the scenario of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}

/// Makes a plan with players who stay, in one room on three shards that never ends a membership.
fn steady(chance: &mut Chance, events_max: usize) -> Plan {
    // Longer than the time with faults.
    let grace = Duration::from_secs(120);
    let settings = KindSettings {
        member_grace: grace,
        empty_grace: Some(Duration::from_secs(5)),
        history: HistoryBounds {
            events_max,
            bytes_max: 1 << 30,
            age_max: Duration::from_secs(36_000),
        },
        snapshot_every: None,
        ..KindSettings::default()
    };
    let form = *chance.pick(&[Form::Whole, Form::Changes, Form::Parts]);
    let room = RoomPlan {
        settings,
        form,
        tick_bytes: 0,
    };
    let plan = Plan::free(chance);
    Plan {
        nodes: 1,
        shards: 3,
        rooms: vec![room],
        players: 5,
        pause_max: *chance.pick(&[Duration::from_millis(50), Duration::from_millis(300)]),
        deeds: Deeds {
            quiet: 20,
            panic: 1,
            ..Deeds::TALK
        },
        fault_every_max: *chance.pick(&[Duration::from_millis(300), Duration::from_secs(2)]),
        server: ServerPlan {
            session_grace: grace,
            second_login: SecondLogin::Replace,
            ..plan.server
        },
        panics_max: 0,
        steady: true,
        ..plan
    }
}

/// Makes a plan in which slow readers reach their queue's limit long before they count as silent.
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
            frames: None,
            late_storage: false,
            inside: true,
        },
        panics_max: 0,
        liars: false,
        steady: false,
    }
}
