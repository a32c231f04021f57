//! A client and a reference room over a faulty network: no command is lost or applied twice, and
//! every rollback is reported.

use std::time::Duration;

use proptest::prelude::*;
use wayfare_client_core::CommandError;
use wayfare_protocol::Instant;

use crate::world::{Act, World};

fn steady() -> impl Strategy<Value = Act> {
    prop_oneof![
        20 => any::<bool>().prop_map(|answered| Act::Command { answered }),
        30 => Just(Act::ToServer),
        30 => Just(Act::ToClient),
        6 => Just(Act::Timeout),
        4 => Just(Act::Cut),
        1 => Just(Act::RefuseConnection),
        2 => Just(Act::Migrate),
        3 => Just(Act::Acknowledge),
        1 => Just(Act::ForgetHistory),
        1 => Just(Act::Resync),
    ]
}

pub(crate) fn rolling_back() -> impl Strategy<Value = Act> {
    prop_oneof![20 => steady(), 1 => Just(Act::Snapshot), 1 => Just(Act::RollBack)]
}

pub(crate) fn run(acts: &[Act]) -> World {
    let mut world = World::new();
    for act in acts {
        world.act(*act);
    }
    world.run_until_idle();
    assert_eq!(world.seen, world.server.state, "client and room agree");
    assert_eq!(u32::try_from(world.answers.len()), Ok(world.given));
    world
}

proptest! {
    #[test]
    fn a_room_with_its_state_applies_each_command_once(
        acts in prop::collection::vec(steady(), 0..300),
    ) {
        let forgets = acts.iter().any(|act| matches!(act, Act::ForgetHistory | Act::Resync));
        let world = run(&acts);
        let numbers = |text: &String| text[1..].parse::<u32>().expect("a number");
        let applied: Vec<u32> = world.server.state.iter().map(numbers).collect();
        prop_assert_eq!(applied, (1..=world.given).collect::<Vec<_>>());
        prop_assert!(!world.rollback_reported);
        for (text, answer) in &world.answers {
            let expect = if text.starts_with('r') { text.as_str() } else { "" };
            match answer {
                Ok(payload) => prop_assert_eq!(payload, expect),
                Err(error) => prop_assert!(forgets && *error == CommandError::ReplyLost),
            }
        }
    }

    #[test]
    fn a_rollback_applies_nothing_twice_and_is_reported(
        acts in prop::collection::vec(rolling_back(), 0..300),
    ) {
        let world = run(&acts);
        let mut applied = world.server.state.clone();
        applied.sort();
        applied.dedup();
        prop_assert_eq!(applied.len(), world.server.state.len());
        prop_assert!(world.promised.iter().all(|text| applied.contains(text)));
    }
}

#[test]
fn a_silent_connection_is_replaced() {
    let mut world = World::new();
    world.run_until_idle();
    world.act(Act::Command { answered: true });
    let start = world.now;
    world.to_server.clear();
    while world.connected {
        world.act(Act::Timeout);
        world.to_server.clear();
    }
    assert!(world.now.since(start) <= Duration::from_secs(25));
    world.run_until_idle();
    assert_eq!(world.server.state, ["r1"]);
}

#[test]
fn a_client_retries_without_limit_by_default() {
    let mut world = World::new();
    world.refused = 2000;
    world.act(Act::Cut);
    while !world.connected {
        world.act(Act::Timeout);
    }
    assert!(world.now.since(Instant::ORIGIN) > Duration::from_hours(1));
    world.run_until_idle();
    assert!(world.room.is_some());
}
