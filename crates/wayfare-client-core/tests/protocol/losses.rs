//! A client that loses its room, and sometimes its session, with the server: every command gets
//! exactly one outcome, and the outcome is correct.

use proptest::prelude::*;
use wayfare_client_core::CommandError;
use wayfare_protocol::ErrorCode;

use crate::faults::{rolling_back, run};
use crate::world::{Act, World};

fn lossy() -> impl Strategy<Value = Act> {
    let refusal = prop_oneof![
        3 => Just(ErrorCode::Unavailable),
        1 => Just(ErrorCode::Refused),
    ];
    prop_oneof![
        40 => rolling_back(),
        3 => any::<bool>().prop_map(|applied_reported| Act::LoseRoom { applied_reported }),
        1 => Just(Act::RoomIsGone),
        2 => refusal.prop_map(|code| Act::RefuseJoin { code: code.code() }),
        1 => Just(Act::ForgetSession),
        1 => Just(Act::Leave),
    ]
}

proptest! {
    #[test]
    fn each_command_of_a_lost_room_gets_a_true_answer(
        acts in prop::collection::vec(lossy(), 0..300),
    ) {
        // `World` and `run` check that every command is answered exactly once.
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
fn a_lost_room_loses_only_unanswered_commands() {
    let mut world = World::new();
    world.run_until_idle();
    world.act(Act::Command { answered: true });
    world.run_until_idle();
    world.act(Act::Command { answered: true });
    world.act(Act::LoseRoom {
        applied_reported: false,
    });
    world.act(Act::ToClient);
    world.act(Act::Command { answered: true });
    world.run_until_idle();
    assert_eq!(world.server.state, ["r3"]);
    assert_eq!(world.seen, ["r3"]);
    assert!(world.rollback_reported);
    assert_eq!(world.answers["r1"], Ok("r1".into()));
    assert_eq!(world.answers["r2"], Err(CommandError::RoomLost));
    assert_eq!(world.answers["r3"], Ok("r3".into()));
}

#[test]
fn rejoins_of_a_room_lost_repeatedly_are_delayed() {
    let mut world = World::new();
    world.run_until_idle();
    let start = world.now;
    for _ in 0..20 {
        world.act(Act::LoseRoom {
            applied_reported: false,
        });
        world.run_until_idle();
    }
    assert!(world.now.since(start) > std::time::Duration::from_secs(5));
}
