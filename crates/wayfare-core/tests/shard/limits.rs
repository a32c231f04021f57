//! Clients that send too fast, read too slowly, or send what they must not.

use std::num::NonZeroUsize;
use std::time::Duration;

use wayfare_core::game::KindSettings;
use wayfare_protocol::ErrorCode;
use wayfare_protocol::limits::{BACKLOG_BYTES_MAX, BACKLOG_BYTES_SOFT, FRAMES_BURST};
use wayfare_protocol::wire;
use wayfare_protocol::wire::client_frame::Body as Say;

use crate::world::{World, command, hello};

fn world() -> World {
    World::new(1, KindSettings::default())
}

#[test]
fn frames_over_the_rate_are_delayed_not_skipped() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.forget_heard();
    let last = u64::from(FRAMES_BURST) + 100;
    for sequence in 2..=last {
        world.say_only(ada, command(&stay, sequence, "quiet"));
    }
    world.settle();
    assert!(world.lines[ada].paused);
    let applied = |world: &mut World| world.heard(ada).pop().unwrap();
    assert_ne!(applied(&mut world), format!("applied {last}"));
    world.advance(Duration::from_secs(2));
    assert!(!world.lines[ada].paused);
    assert_eq!(applied(&mut world), format!("applied {last}"));
    assert_eq!(world.lines[ada].closed, None);
}

#[test]
fn a_client_that_does_not_stop_is_cut() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    for sequence in 2..3000 {
        world.say_only(ada, command(&stay, sequence, &"quiet ".repeat(20)));
    }
    world.settle();
    assert_eq!(world.lines[ada].closed, Some(Some(ErrorCode::RateLimited)));
}

#[test]
fn a_slow_reader_loses_unreliable_frames_first() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(0, "bo");
    world.join(bo, "lounge/a");
    world.forget_heard();
    world.backlog(bo, BACKLOG_BYTES_SOFT + 1);
    world.command(ada, &stay, 2, "wave one");
    world.command(ada, &stay, 3, "wave two");
    world.command(ada, &stay, 4, "say reliable");
    assert_eq!(world.heard(bo), ["5 reliable"]);
    world.backlog(bo, 0);
    assert_eq!(world.heard(bo), ["~ two"], "newest wins");
    world.backlog(bo, BACKLOG_BYTES_MAX + 1);
    assert_eq!(world.lines[bo].closed, Some(Some(ErrorCode::SlowReader)));
    assert_eq!(world.heard(ada).last().unwrap(), "6 bo is away");
}

#[test]
fn a_waiting_unreliable_frame_never_follows_a_newer_one() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(0, "bo");
    world.join(bo, "lounge/a");
    world.forget_heard();
    world.backlog(bo, BACKLOG_BYTES_SOFT + 1);
    world.command(ada, &stay, 2, "wave one");
    world.backlog(bo, BACKLOG_BYTES_SOFT);
    world.command(ada, &stay, 3, "wave two");
    world.backlog(bo, 0);
    assert_eq!(world.heard(bo), ["~ two"]);
}

#[test]
fn a_bad_frame_ends_the_connection_an_unknown_one_not() {
    let mut world = world();
    let ada = world.login(0, "ada");
    world.say_raw(ada, &[0xfa, 0x07, 0x00]);
    assert_eq!(world.lines[ada].closed, None);
    world.say_raw(ada, &[0xff, 0xff]);
    assert_eq!(world.lines[ada].closed, Some(Some(ErrorCode::BadFrame)));
}

#[test]
fn a_second_hello_ends_the_connection() {
    let mut world = world();
    let ada = world.login(0, "ada");
    world.say(ada, hello(1, 1, None));
    assert_eq!(world.lines[ada].closed, Some(Some(ErrorCode::BadFrame)));
}

#[test]
fn a_handler_that_sends_without_bound_fails_like_a_panic() {
    let mut world = world();
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.forget_heard();
    world.command(ada, &stay, 2, "fill 9000000");
    assert_eq!(world.heard(ada)[0], "3 reply 2: HandlerFailed");
}

#[test]
fn a_full_server_says_so() {
    use crate::stub_lounge::lounge;
    let kinds = vec![lounge(KindSettings::default())];
    let mut world = World::with(1, kinds, 1, |config| {
        config.settings.sessions_max = NonZeroUsize::MIN;
        config.settings.rooms_max = NonZeroUsize::MIN;
    });
    let ada = world.login(0, "ada");
    let bo = world.login(0, "bo");
    assert_eq!(world.lines[bo].closed, Some(Some(ErrorCode::Full)));
    world.join(ada, "lounge/a");
    world.forget_heard();
    world.say(ada, Say::Join(crate::world::join("lounge/b")));
    assert_eq!(world.heard(ada), ["join refused Full"]);
    // It takes its own back: over a new connection, or by a new login.
    world.drop_connection(ada);
    let ada = world.resume(0, ada);
    assert_eq!(world.heard(ada), ["welcome resumed=true"]);
    let ada = world.login(0, "ada");
    assert_eq!(world.heard(ada), ["welcome resumed=false"]);
}

#[test]
fn messages_for_unknown_rooms_are_answered() {
    let mut world = world();
    let ada = world.login(0, "ada");
    world.forget_heard();
    let stay = wire::Joined {
        room: "lounge/x".into(),
        handle: 9,
        membership: 3,
        // Of this run.
        epoch: 100,
        ..Default::default()
    };
    world.command(ada, &stay, 1, "say hi");
    world.say(ada, crate::world::attach(&stay, 0));
    world.say(
        ada,
        Say::Leave(wire::Leave {
            handle: 9,
            membership: 3,
            sequence: 1,
            epoch: 0,
        }),
    );
    assert_eq!(world.heard(ada), ["left LeaveNotAMember applied=0"; 3]);
}
