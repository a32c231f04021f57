//! A client whose room, and now and then its session, is lost with the server: every command has
//! one end, and that end is the truth.

use proptest::prelude::*;
use wayfare_client_core::CommandError;
use wayfare_protocol::ErrorCode;

use crate::faults::{run, volatile};
use crate::world::{Act, World};

fn lossy() -> impl Strategy<Value = Act> {
    let refusal = prop_oneof![
        3 => Just(ErrorCode::Unavailable),
        1 => Just(ErrorCode::Refused),
    ];
    prop_oneof![
        40 => volatile(),
        3 => any::<bool>().prop_map(|told_applied| Act::LoseRoom { told_applied }),
        1 => Just(Act::RoomIsGone),
        2 => refusal.prop_map(|code| Act::RefuseJoin { code: code.code() }),
        1 => Just(Act::ForgetSession),
        1 => Just(Act::Leave),
    ]
}

proptest! {
    #[test]
    fn a_room_that_is_lost_leaves_no_command_open_and_none_is_answered_untruly(
        acts in prop::collection::vec(lossy(), 0..300),
    ) {
        // That none is answered twice, and all are answered, `World` and `run` see to.
        let world = run(&acts);
        let applied = &world.server.state;
        for (text, answer) in &world.answers {
            if let Err(CommandError::RoomLost | CommandError::Left(_)) = answer {
                prop_assert!(!applied.contains(text), "{text} came back, {answer:?}");
            }
        }
        prop_assert!(world.promised.iter().all(|text| applied.contains(text)));
        let mut once = applied.clone();
        once.sort();
        once.dedup();
        prop_assert_eq!(once.len(), applied.len());
    }
}

#[test]
fn a_lost_room_costs_what_it_had_not_answered_and_no_more() {
    let mut world = World::new();
    world.settle();
    world.act(Act::Command { answered: true });
    world.settle();
    world.act(Act::Command { answered: true });
    world.act(Act::LoseRoom {
        told_applied: false,
    });
    world.act(Act::ToClient);
    world.act(Act::Command { answered: true });
    world.settle();
    assert_eq!(world.server.state, ["r3"]);
    assert_eq!(world.seen, ["r3"]);
    assert!(world.told_undone);
    assert_eq!(world.answers["r1"], Ok("r1".into()));
    assert_eq!(world.answers["r2"], Err(CommandError::RoomLost));
    assert_eq!(world.answers["r3"], Ok("r3".into()));
}

#[test]
fn a_room_that_is_lost_over_and_over_does_not_keep_the_client_busy() {
    let mut world = World::new();
    world.settle();
    let start = world.now;
    for _ in 0..20 {
        world.act(Act::LoseRoom {
            told_applied: false,
        });
        world.settle();
    }
    assert!(world.now.since(start) > std::time::Duration::from_secs(5));
}
