//! Everything that a client makes a shard do is charged by its cost, and a turn has a bound.

use std::num::NonZeroU32;
use std::time::Duration;

use wayfare_core::game::KindSettings;
use wayfare_protocol::ErrorCode;
use wayfare_protocol::limits::{
    FRAMES_BURST, FRAMES_HELD_BYTES_MAX, LIST_SLICE_ROOMS_MAX, LIST_SLICES_TURN_MAX,
    LISTS_PENDING_MAX, ROOMS_PER_SESSION_MAX, SILENCE_MAX,
};
use wayfare_protocol::wire;
use wayfare_protocol::wire::client_frame::Body as Say;

use crate::stub_lounge::lounge;
use crate::world::{Client, World, command};

/// The rooms of a list that takes several turns.
const ROOMS: usize = 4 * LIST_SLICE_ROOMS_MAX + 1;

fn world(per_second: u32, burst: u32) -> World {
    let kinds = vec![lounge(KindSettings::default())];
    World::with(1, kinds, 1, move |config| {
        config.settings.frames_per_second = NonZeroU32::new(per_second).unwrap();
        config.settings.frames_burst = NonZeroU32::new(burst).unwrap();
    })
}

/// A shard with [`ROOMS`] rooms, made within the rate by many players.
fn world_of_rooms(burst: u32) -> World {
    let mut world = world(1000, burst);
    for session in 0..ROOMS.div_ceil(ROOMS_PER_SESSION_MAX) {
        let player = world.login(0, &format!("p{session}"));
        for room in 0..ROOMS_PER_SESSION_MAX.min(ROOMS - session * ROOMS_PER_SESSION_MAX) {
            world.join(player, &format!("lounge/{session}-{room}"));
            world.advance(Duration::from_millis(5));
        }
    }
    world
}

fn list(request: u32, properties: &[(&str, &str)]) -> Say {
    let properties = properties
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    Say::List(wire::List {
        request,
        kind: "lounge".into(),
        properties: properties.collect(),
        limit: 0,
    })
}

/// Lets the shard do what is due now, turn by turn, and returns the number of turns.
fn turns(world: &mut World) -> usize {
    let is_due = |world: &World| {
        let wake = world.shards[0].poll_timeout();
        wake.is_some_and(|(at, _)| at <= world.now)
    };
    let mut turns = 0;
    while is_due(world) {
        world.shards[0].handle_timeout(world.now);
        world.settle();
        turns += 1;
    }
    turns
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
fn a_list_looks_at_a_bounded_number_of_rooms_per_turn() {
    let mut world = world_of_rooms(10_000);
    let ada = world.login(0, "ada");
    turns(&mut world);
    world.forget_heard();
    let slices = ROOMS.div_ceil(LIST_SLICE_ROOMS_MAX);
    world.say(ada, list(1, &[("map", "sea")]));
    assert_eq!(turns(&mut world), slices);
    assert_eq!(world.heard(ada), ["listing "]);
    let many = 2 * LIST_SLICES_TURN_MAX as u32;
    (1..=many).for_each(|request| world.say(ada, list(request, &[("map", "sea")])));
    assert_eq!(turns(&mut world), 2 * slices);
    assert_eq!(world.heard(ada).len(), many as usize);
    world.say(ada, list(1, &[]));
    assert_eq!(turns(&mut world), 1, "a hundred rooms are in one slice");
    assert!(world.heard(ada)[0].ends_with(" +"));
}

#[test]
fn a_list_is_charged_for_the_rooms_it_looked_at() {
    let mut world = world_of_rooms(20);
    let ada = world.login(0, "ada");
    turns(&mut world);
    world.say(ada, list(1, &[("map", "sea")]));
    assert!(!world.lines[ada].paused);
    turns(&mut world);
    assert!(world.lines[ada].paused);
}

#[test]
fn a_session_waits_for_so_many_lists_and_no_more() {
    let mut world = world(100, 200);
    let ada = world.login(0, "ada");
    world.forget_heard();
    let one_more = LISTS_PENDING_MAX as u32 + 1;
    (1..=one_more).for_each(|request| world.say(ada, list(request, &[])));
    assert_eq!(world.heard(ada), ["listing  RateLimited"]);
    turns(&mut world);
    assert_eq!(world.heard(ada).len(), LISTS_PENDING_MAX);
    world.say(ada, list(1, &[]));
    turns(&mut world);
    assert_eq!(world.heard(ada), ["listing "]);
}

#[test]
fn lists_end_with_the_connection_that_asked() {
    let mut world = world_of_rooms(1000);
    let ada = world.login(0, "ada");
    turns(&mut world);
    for request in 0..LISTS_PENDING_MAX as u32 {
        world.say(ada, list(request, &[("map", "sea")]));
    }
    world.drop_connection(ada);
    let first_slices = LISTS_PENDING_MAX / LIST_SLICES_TURN_MAX;
    assert_eq!(turns(&mut world), first_slices);
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
