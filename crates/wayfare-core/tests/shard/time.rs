//! Ticks that neither drift nor spiral, and notes that come when they are due.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use wayfare_core::Report;
use wayfare_core::game::{Durability, KindSettings};
use wayfare_protocol::Instant;
use wayfare_protocol::wire::{self, client_frame::Body as Say};

use crate::stub_lounge::lounge;
use crate::world::{Client, World, attach, leave};

const PERIOD: Duration = Duration::from_millis(50);

fn ticking() -> World {
    World::new(
        1,
        KindSettings {
            tick: Some(PERIOD),
            ..KindSettings::default()
        },
    )
}

fn ticks(world: &mut World, client: usize) -> Vec<String> {
    world
        .heard(client)
        .into_iter()
        .filter_map(|l| Some(l.split_once("tick ")?.1.into()))
        .collect()
}

#[test]
fn ticks_keep_their_beat_when_woken_late() {
    let mut world = ticking();
    let ada = world.login(0, "ada");
    world.join(ada, "lounge/a");
    world.forget_heard();
    world.advance(PERIOD * 3);
    assert_eq!(ticks(&mut world, ada), ["50", "100", "150"]);
    // The shard wakes 30 ms late: the tick runs late, the next is due on the beat.
    world.now = world.now + PERIOD + Duration::from_millis(30);
    world.shards[0].handle_timeout(world.now);
    world.settle();
    assert_eq!(ticks(&mut world, ada), ["230"]);
    world.advance(Duration::from_millis(20));
    assert_eq!(ticks(&mut world, ada), ["250"]);
}

#[test]
fn a_room_that_is_far_behind_skips_instead_of_catching_up() {
    let mut world = ticking();
    let ada = world.login(0, "ada");
    world.join(ada, "lounge/a");
    world.forget_heard();
    world.now = world.now + PERIOD * 10;
    world.shards[0].handle_timeout(world.now);
    world.settle();
    assert_eq!(ticks(&mut world, ada), ["500"]);
    let skipped: u64 = world
        .reports
        .iter()
        .filter_map(|report| match report {
            Report::TicksSkipped { skipped, .. } => Some(*skipped),
            _ => None,
        })
        .sum();
    assert_eq!(skipped, 9);
    world.advance(PERIOD);
    assert_eq!(ticks(&mut world, ada), ["550"]);
}

#[test]
fn notes_come_in_the_order_in_which_they_are_due() {
    let mut world = World::new(1, KindSettings::default());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.command(ada, &stay, 2, "after 200 late");
    world.command(ada, &stay, 3, "after 100 early");
    world.command(ada, &stay, 4, "after 150 bad");
    world.forget_heard();
    world.advance(Duration::from_millis(99));
    assert_eq!(world.heard(ada), [""; 0]);
    world.advance(Duration::from_millis(200));
    assert_eq!(world.heard(ada), ["3 note early", "4 note late"]);
    assert!(
        world
            .reports
            .iter()
            .any(|report| matches!(report, Report::NoteLost { .. }))
    );
}

#[test]
fn a_note_that_panics_restarts_the_room_once() {
    let mut world = World::new(1, KindSettings::default());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.command(ada, &stay, 2, "after 100 panic");
    world.forget_heard();
    world.advance(Duration::from_secs(5));
    assert_eq!(world.heard(ada), ["left LeaveRestarted applied=2"]);
    let panics = world
        .reports
        .iter()
        .filter(|r| matches!(r, Report::Panicked { .. }))
        .count();
    assert_eq!(panics, 1);
}

/// A world whose wall clock can be set: it says this at the origin of the shards' clock.
fn with_wall_clock(settings: KindSettings) -> (World, Rc<Cell<Duration>>) {
    let origin = Rc::new(Cell::new(Duration::from_secs(1_700_000_000)));
    let wall_clock = Rc::clone(&origin);
    let world = World::with(1, vec![lounge(settings)], 1, move |config| {
        config.unix_origin = wall_clock.get();
    });
    (world, origin)
}

/// Sets the wall clock, and lets the shard read it.
fn set_wall_clock(world: &mut World, wall_clock: &Cell<Duration>, origin: Duration) {
    wall_clock.set(origin);
    let unix = origin + world.now.since(Instant::ORIGIN);
    world.shards[0].handle_wall_clock(unix, world.now);
    world.settle();
}

const HOUR: Duration = Duration::from_secs(3600);

/// Lets seconds pass in which a client is heard.
fn pass(world: &mut World, client: Client, seconds: u64) {
    for _ in 0..seconds {
        world.advance(Duration::from_secs(1));
        world.say(client, Say::Ping(wire::Ping { nonce: 0 }));
    }
}

/// The seconds after which a timer of ten minutes comes, if the wall clock is set between its start
/// and a kill.
fn timer_over_a_kill(set: impl Fn(Duration) -> Duration) -> u64 {
    let durable = KindSettings {
        durability: Durability::Durable,
        ..KindSettings::default()
    };
    let (mut world, wall_clock) = with_wall_clock(durable);
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.command(ada, &stay, 2, "after 600000 tea");
    pass(&mut world, ada, 60);
    set_wall_clock(&mut world, &wall_clock, set(wall_clock.get()));
    let steps = world.reports.iter();
    let steps = steps.filter(|report| matches!(report, Report::ClockSet(_)));
    assert_eq!(steps.count(), usize::from(set(HOUR) != HOUR));
    pass(&mut world, ada, 60);
    world.kill(false);
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 2));
    for seconds in 120..7200 {
        if world
            .heard(ada)
            .iter()
            .any(|line| line.ends_with("note tea"))
        {
            return seconds;
        }
        pass(&mut world, ada, 1);
    }
    panic!("the note never came");
}

#[test]
fn a_wall_clock_that_is_set_moves_no_timer_over_a_restart() {
    let unset = timer_over_a_kill(|origin| origin);
    assert!((600..=602).contains(&unset), "{unset}");
    assert_eq!(timer_over_a_kill(|origin| origin + HOUR), unset);
    assert_eq!(timer_over_a_kill(|origin| origin - HOUR), unset);
}

#[test]
fn a_wall_clock_that_is_set_ages_no_room_that_is_put_away() {
    let durable = KindSettings {
        durability: Durability::Durable,
        tick: Some(Duration::from_secs(1)),
        ..KindSettings::default()
    };
    let ages = [0, 1].map(|hours| {
        let (mut world, wall_clock) = with_wall_clock(durable.clone());
        let ada = world.login(0, "ada");
        let stay = world.join(ada, "lounge/a");
        world.say(ada, leave(&stay, 2));
        world.advance(wayfare_protocol::limits::EMPTY_GRACE * 2);
        assert_eq!(world.rooms(), 0, "it is put away");
        let origin = wall_clock.get() + HOUR * hours;
        set_wall_clock(&mut world, &wall_clock, origin);
        world.join(ada, "lounge/a");
        world.forget_heard();
        world.advance(Duration::from_secs(2));
        ticks(&mut world, ada)
    });
    assert_eq!(ages[0], ages[1]);
}
