//! Everything that a client makes a shard do is charged by its cost, and a turn has a bound.

use std::num::NonZeroU32;
use std::time::Duration;

use wayfare_core::game::KindSettings;
use wayfare_protocol::ErrorCode;
use wayfare_protocol::limits::{FRAMES_BURST, FRAMES_HELD_BYTES_MAX, SILENCE_MAX};

use crate::stub_lounge::lounge;
use crate::world::{Client, World, command};

fn world(per_second: u32, burst: u32) -> World {
    let kinds = vec![lounge(KindSettings::default())];
    World::with(1, kinds, 1, move |config| {
        config.settings.frames_per_second = NonZeroU32::new(per_second).unwrap();
        config.settings.frames_burst = NonZeroU32::new(burst).unwrap();
    })
}

fn closed(world: &World, client: Client) -> Option<ErrorCode> {
    world.lines[client].closed.flatten()
}

#[test]
fn control_frames_are_charged_like_others() {
    let mut world = world(100, 200);
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.advance(Duration::from_secs(10));
    world.forget_heard();
    world.overhead(ada, 200);
    assert!(world.lines[ada].paused);
    world.command(ada, &stay, 2, "quiet");
    assert!(world.heard(ada).is_empty());
    world.advance(Duration::from_millis(20));
    assert!(!world.lines[ada].paused);
    assert_eq!(world.heard(ada), ["applied 2"]);
}

#[test]
fn control_frames_before_a_login_are_bounded() {
    let mut world = world(100, 200);
    let nobody = world.connect(0);
    world.overhead(nobody, FRAMES_BURST);
    assert_eq!(world.lines[nobody].closed, None);
    world.overhead(nobody, 1);
    assert_eq!(closed(&world, nobody), Some(ErrorCode::RateLimited));
}

#[test]
fn an_empty_frame_that_is_held_counts_what_it_takes() {
    let mut world = world(100, 200);
    let ada = world.login(0, "ada");
    for _ in 0..FRAMES_HELD_BYTES_MAX / 16 {
        world.say_raw(ada, &[]);
    }
    assert_eq!(closed(&world, ada), Some(ErrorCode::RateLimited));
}

#[test]
fn held_frames_are_taken_in_order_as_the_rate_allows() {
    let mut world = world(10, 10);
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.advance(Duration::from_secs(2));
    world.forget_heard();
    for sequence in 2..=31 {
        world.say_only(ada, command(&stay, sequence, "quiet"));
    }
    world.settle();
    assert_eq!(world.heard(ada).pop().as_deref(), Some("applied 11"));
    world.advance(Duration::from_secs(1));
    assert_eq!(world.heard(ada).pop().as_deref(), Some("applied 21"));
    assert!(world.lines[ada].paused);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.heard(ada).pop().as_deref(), Some("applied 31"));
    assert!(!world.lines[ada].paused);
}

#[test]
fn a_client_that_is_held_back_is_not_silent() {
    let mut world = world(1, 10);
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.advance(Duration::from_secs(10));
    for sequence in 2..=51 {
        world.say_only(ada, command(&stay, sequence, "quiet"));
    }
    world.settle();
    world.forget_heard();
    world.advance(Duration::from_secs(40));
    assert_eq!(world.heard(ada).pop().as_deref(), Some("applied 51"));
    assert_eq!(world.lines[ada].closed, None);
    world.advance(SILENCE_MAX);
    assert_eq!(closed(&world, ada), Some(ErrorCode::Silent));
}
