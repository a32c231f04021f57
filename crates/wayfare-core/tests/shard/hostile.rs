//! Hostile clients, lost answers and late messages, and what they must not do.

use std::num::NonZeroUsize;
use std::time::Duration;

use wayfare_core::game::KindSettings;
use wayfare_core::{SecondLogin, operator::Counts};
use wayfare_protocol::ErrorCode;
use wayfare_protocol::limits::{MEMBER_GRACE, SESSION_GRACE};
use wayfare_protocol::wire;
use wayfare_protocol::wire::client_frame::Body as Say;

use crate::stub_lounge::lounge;
use crate::world::{World, attach, command, join, leave};

fn world() -> World {
    World::new(2, KindSettings::default())
}

fn records(world: &mut World) -> usize {
    world.records().len()
}

fn long(world: &mut World) {
    for _ in 0..30 {
        world.advance(Duration::from_secs(10));
    }
}

fn empty(world: &mut World) {
    for line in 0..world.lines.len() {
        if world.lines[line].closed.is_none() {
            world.drop_connection(line);
        }
    }
    long(world);
    for shard in &world.shards {
        assert_eq!(shard.counts(), Counts::default());
    }
    assert_eq!(records(world), 0, "records left");
}

#[test]
fn a_stranger_cannot_silence_a_member() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(0, "bo");
    let stay_bo = world.join(bo, "lounge/a");
    let thief = world.login(0, "thief");
    world.forget_heard();
    world.say(
        thief,
        Say::Attach(wire::Attach {
            room: "lounge/nowhere".into(),
            handle: stay.handle,
            membership: stay.membership,
            epoch: 0,
            sequence: 0,
        }),
    );
    world.command(bo, &stay_bo, 2, "say hi");
    assert_eq!(world.heard(ada), ["5 hi"]);
}

#[test]
fn unreliable_and_command_of_another_membership() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(0, "bo");
    let stay_bo = world.join(bo, "lounge/a");
    world.forget_heard();
    world.command(bo, &stay, 2, "say as ada");
    world.say(bo, leave(&stay, 2));
    world.say(
        bo,
        Say::Unreliable(wire::Unreliable {
            handle: stay.handle,
            membership: stay.membership,
            payload: b"say x".to_vec().into(),
        }),
    );
    world.command(bo, &stay_bo, 2, "say hi");
    assert_eq!(world.heard(ada), ["5 hi"]);
}

#[test]
fn a_join_with_the_last_number_then_a_command() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let mut j = join("lounge/a");
    j.sequence = u64::MAX;
    assert_eq!(world.join_with(ada, j), None);
    assert_eq!(world.lines[ada].closed, Some(Some(ErrorCode::BadFrame)));
    let bo = world.login(0, "bo");
    let mut highest = join("lounge/a");
    highest.sequence = wayfare_protocol::Sequence::MAX_FIRST.0;
    let stay = world.join_with(bo, highest.clone()).unwrap();
    world.forget_heard();
    world.command(bo, &stay, highest.sequence + 1, "say hi");
    assert_eq!(
        world.heard(bo),
        [
            "3 hi".to_owned(),
            format!("applied {}", highest.sequence + 1)
        ]
    );
}

#[test]
fn odd_numbers() {
    for sequence in [0, 1, 2, 5, u64::MAX - 1, u64::MAX] {
        for epoch in [0, 1, u64::MAX] {
            let mut world = world();
            let ada = world.login(0, "ada");
            let stay = world.join(ada, "lounge/a");
            world.say(
                ada,
                Say::Command(wire::Command {
                    handle: stay.handle,
                    membership: stay.membership,
                    sequence,
                    epoch,
                    payload: b"say hi".to_vec().into(),
                }),
            );
            world.say(
                ada,
                Say::Attach(wire::Attach {
                    room: stay.room.clone(),
                    handle: stay.handle,
                    membership: stay.membership,
                    epoch,
                    sequence,
                }),
            );
            world.say(
                ada,
                Say::Attach(wire::Attach {
                    room: stay.room.clone(),
                    handle: stay.handle,
                    membership: u32::MAX,
                    epoch,
                    sequence,
                }),
            );
            world.say(
                ada,
                Say::Attach(wire::Attach {
                    room: String::new(),
                    handle: u64::MAX,
                    membership: 0,
                    epoch,
                    sequence,
                }),
            );
            world.say(
                ada,
                Say::List(wire::List {
                    kind: String::new(),
                    limit: u32::MAX,
                    ..Default::default()
                }),
            );
            world.say(
                ada,
                Say::Join(wire::Join {
                    mode: 77,
                    ..join("lounge/a")
                }),
            );
            world.say_raw(ada, &[]);
            empty(&mut world);
        }
    }
}

#[test]
fn there_and_back_again_leaves_no_zombie() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    let stay_bo = world.join(bo, "lounge/a");
    world.hold_peers = true;
    let second = world.resume(1, ada);
    let third = world.resume(0, second);
    world.release_peers();
    world.say(third, attach(&stay, 4));
    world.forget_heard();
    world.command(bo, &stay_bo, 2, "say one");
    assert_eq!(world.heard(third), ["7 one"], "attached");
    assert!(
        world.lines[ada].closed.is_some(),
        "the first connection was told to go"
    );
    let sessions: usize = world.shards.iter().map(|s| s.counts().sessions).sum();
    assert_eq!(sessions, 2);
    empty(&mut world);
}

#[test]
fn the_zombie_does_not_take_the_living_with_it() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    let stay_bo = world.join(bo, "lounge/a");
    world.hold_peers = true;
    let second = world.resume(1, ada);
    let third = world.resume(0, second);
    world.release_peers();
    world.say(third, attach(&stay, 4));
    world.forget_heard();
    world.drop_connection(ada);
    world.command(bo, &stay_bo, 2, "say one");
    assert_eq!(world.heard(third), ["7 one"], "the old connection broke");
}

#[test]
fn the_zombies_end_does_not_unname_the_living() {
    let mut world = world();
    let ada = world.login(0, "ada");
    world.hold_peers = true;
    let second = world.resume(1, ada);
    let third = world.resume(0, second);
    world.release_peers();
    world.drop_connection(ada);
    for _ in 0..13 {
        world.advance(Duration::from_secs(5));
        world.say(third, Say::Ping(wire::Ping { nonce: 1 }));
    }
    world.forget_heard();
    world.say(third, Say::Join(join("lounge/a")));
    let heard = world.heard(third);
    assert!(heard.iter().any(|l| l.starts_with("joined")), "{heard:?}");
}

#[test]
fn a_connection_lost_during_login_leaves_no_record() {
    let mut world = world();
    world.late = true;
    let ada = world.login(0, "ada");
    world.answer_one();
    world.drop_connection(ada);
    world.answer_all();
    empty(&mut world);
}

#[test]
fn and_does_not_lock_its_player_out() {
    let mut world = World::with(2, vec![lounge(KindSettings::default())], 1, |c| {
        c.settings.second_login = SecondLogin::Refuse;
    });
    world.late = true;
    let ada = world.login(0, "ada");
    world.answer_one();
    world.drop_connection(ada);
    world.answer_all();
    long(&mut world);
    let again = world.login(0, "ada");
    assert_eq!(world.lines[again].closed, None);
}

#[test]
fn nor_leaves_two_sessions_of_one_player() {
    let mut world = world();
    let first = world.login(0, "ada");
    world.join(first, "lounge/a");
    world.late = true;
    let second = world.login(1, "ada");
    world.answer_one();
    world.drop_connection(second);
    world.answer_all();
    let third = world.login(1, "ada");
    assert_eq!(world.lines[third].closed, None);
    assert_eq!(
        world.lines[first].closed,
        Some(Some(ErrorCode::SessionReplaced))
    );
}

#[test]
fn an_unknown_login_still_replaces_the_former_session() {
    let mut world = world();
    let first = world.login(0, "ada");
    world.late = true;
    let second = world.login(1, "ada");
    world.answer_one();
    world.answer_one_unknown();
    world.answer_all();
    assert!(world.lines[second].welcome.is_some());
    assert_eq!(
        world.lines[first].closed,
        Some(Some(ErrorCode::SessionReplaced))
    );
}

#[test]
fn an_unknown_resume_takes_the_session_from_its_gateway() {
    let mut world = world();
    let first = world.login(0, "ada");
    world.late = true;
    let second = world.resume(1, first);
    world.answer_one();
    world.answer_one_unknown();
    world.answer_all();
    assert!(world.lines[second].welcome.is_some());
    assert_eq!(
        world.lines[first].closed,
        Some(Some(ErrorCode::SessionResumed))
    );
}

#[test]
fn an_unknown_login_under_refuse_gets_in() {
    let mut world = World::with(2, vec![lounge(KindSettings::default())], 1, |c| {
        c.settings.second_login = SecondLogin::Refuse;
    });
    world.late = true;
    let ada = world.login(0, "ada");
    world.answer_one();
    world.answer_one_unknown();
    world.answer_all();
    assert_eq!(world.lines[ada].closed, None);
}

#[test]
fn a_release_that_failed_does_not_lock_out() {
    let mut world = World::with(2, vec![lounge(KindSettings::default())], 1, |c| {
        c.settings.second_login = SecondLogin::Refuse;
    });
    let ada = world.login(0, "ada");
    world.late = true;
    world.say(ada, Say::Bye(wire::Bye {}));
    let (shard, call, _) = world.calls.pop_front().unwrap();
    world.shards[shard].handle_coordination(
        call,
        Err(wayfare_protocol::coordination::Failure::NotDone(
            "busy".into(),
        )),
        world.now,
    );
    world.answer_all();
    long(&mut world);
    let again = world.login(0, "ada");
    assert_eq!(world.lines[again].closed, None);
}

#[test]
fn an_acknowledge_unknown_does_not_leak_the_record() {
    let mut world = world();
    let first = world.login(0, "ada");
    let ada = world.resume(0, first);
    world.late = true;
    world.say(ada, Say::Acknowledge(wire::Acknowledge {}));
    assert_eq!(world.calls_kept(), 1);
    world.answer_one_unknown();
    world.answer_all();
    world.say(ada, Say::Bye(wire::Bye {}));
    empty(&mut world);
}

#[test]
fn a_restart_unknown_does_not_leak_the_record() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.late = true;
    world.command(ada, &stay, 2, "panic");
    world.answer_one_unknown();
    world.answer_all();
    empty(&mut world);
}

#[test]
fn an_operator_closes_a_room_that_is_starting_again() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.late = true;
    world.command(ada, &stay, 2, "panic");
    let close = wayfare_core::operator::Query::CloseRoom(stay.room.parse().unwrap());
    for shard in 0..2 {
        let now = world.now;
        world.shards[shard].handle_operator(1, &close, now);
    }
    world.settle();
    world.answer_all();
    empty(&mut world);
}

#[test]
fn a_full_server_lets_its_own_sessions_resume() {
    let mut world = World::with(1, vec![lounge(KindSettings::default())], 1, |c| {
        c.settings.sessions_max = NonZeroUsize::new(2).unwrap();
    });
    let ada = world.login(0, "ada");
    let _bo = world.login(0, "bo");
    world.drop_connection(ada);
    let again = world.resume(0, ada);
    assert_eq!(world.lines[again].closed, None);
}

#[test]
fn a_join_under_way_when_its_session_ends_leaves_no_ghost() {
    let mut world = world();
    let bo = world.login(1, "bo");
    let stay = world.join(bo, "lounge/a");
    let ada = world.login(0, "ada");
    world.late = true;
    world.say(ada, Say::Join(join("lounge/a")));
    world.say(ada, Say::Bye(wire::Bye {}));
    world.answer_all();
    world.forget_heard();
    world.command(bo, &stay, 2, "who");
    let heard = world.heard(bo);
    assert!(heard[0].ends_with(": bo"), "{heard:?}");
}

#[test]
fn one_joiners_panic_is_not_anothers_refusal() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let bo = world.login(0, "bo");
    world.late = true;
    let mut bad = join("lounge/a");
    bad.payload = b"panic".to_vec().into();
    world.say(ada, Say::Join(bad));
    world.say(bo, Say::Join(join("lounge/a")));
    world.answer_all();
    let heard = world.heard(bo);
    assert!(heard.iter().any(|l| l.starts_with("joined")), "{heard:?}");
}

#[test]
fn frames_that_nobody_knows_are_charged_too() {
    let mut world = world();
    let ada = world.login(0, "ada");
    for _ in 0..100_000 {
        world.say_raw(ada, &[]);
    }
    assert!(world.lines[ada].paused || world.lines[ada].closed.is_some());
}

// Should hold
#[test]
fn join_leave_rejoin_while_cut() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.say_only(ada, leave(&stay, 2));
    world.say_only(
        ada,
        Say::Join(wire::Join {
            sequence: 3,
            ..join("lounge/a")
        }),
    );
    world.drop_connection(ada);
    let ada = world.resume(1, ada);
    world.say(ada, attach(&stay, 3));
    world.say(
        ada,
        Say::Join(wire::Join {
            sequence: 3,
            ..join("lounge/a")
        }),
    );
    let heard = world.heard(ada);
    assert!(
        heard.iter().any(|l| l.starts_with("left"))
            && heard.iter().any(|l| l.starts_with("joined")),
        "{heard:?}"
    );
    empty(&mut world);
}

#[test]
fn kick_during_resume_and_clock_jumps() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    let stay_bo = world.join(bo, "lounge/a");
    world.drop_connection(ada);
    world.late = true;
    let again = world.resume(1, ada);
    world.command(bo, &stay_bo, 2, "kick ada");
    world.answer_all();
    world.say(again, attach(&stay, 4));
    assert!(
        world
            .heard(again)
            .iter()
            .any(|l| l.starts_with("left LeaveNotAMember"))
    );
    let back = world.now;
    world.advance(MEMBER_GRACE + SESSION_GRACE);
    for shard in &mut world.shards {
        shard.handle_timeout(back);
    }
    world.settle();
    empty(&mut world);
}

#[test]
fn second_login_races_resume() {
    for order in 0..2 {
        let mut world = world();
        let ada = world.login(0, "ada");
        world.join(ada, "lounge/a");
        world.late = true;
        let a = world.resume(order, ada);
        let b = world.login(1 - order, "ada");
        world.answer_all();
        let sessions: usize = world.shards.iter().map(|s| s.counts().sessions).sum();
        assert_eq!(sessions, 1);
        assert!(world.lines[ada].closed.is_some());
        assert!(world.lines[a].closed.is_some() != world.lines[b].closed.is_some());
        empty(&mut world);
    }
}

#[test]
fn restart_while_members_are_detached() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    let stay_bo = world.join(bo, "lounge/a");
    world.drop_connection(bo);
    world.late = true;
    world.say_only(ada, command(&stay, 2, "panic"));
    world.say(ada, command(&stay, 3, "say queued"));
    world.late = true;
    let bo = world.resume(0, bo);
    world.answer_all();
    world.say(bo, attach(&stay_bo, 4));
    empty(&mut world);
}
