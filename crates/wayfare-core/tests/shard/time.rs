//! Ticks that neither drift nor spiral, and notes that come when they are due.

use std::time::Duration;

use wayfare_core::Report;
use wayfare_core::game::KindSettings;

use crate::world::World;

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
