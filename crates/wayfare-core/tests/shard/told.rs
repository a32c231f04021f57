//! Answers to a client's commands when a room rolls back, closes or turns out to be another's:
//! no more than is known.

use std::time::Duration;

use wayfare_core::game::{Durability, KindSettings, OnPanic};
use wayfare_protocol::Epoch;
use wayfare_protocol::wire::{self, client_frame::Body as Say, server_frame::Body};

use crate::world::{Client, Fault, World, attach, join, leave};

fn snapshotted() -> KindSettings {
    KindSettings {
        snapshot_every: Some(Duration::from_secs(1)),
        ..KindSettings::default()
    }
}

fn durable(on_panic: OnPanic) -> KindSettings {
    KindSettings {
        durability: Durability::Durable,
        on_panic,
        ..KindSettings::default()
    }
}

fn under(stay: &wire::Joined, epoch: u64) -> wire::Joined {
    wire::Joined {
        epoch,
        ..stay.clone()
    }
}

/// The command that the room failed on, as the client was told last.
fn failed(world: &World, client: Client) -> u64 {
    let heard = world.lines[client].heard.iter().rev();
    let mut failed = heard.filter_map(|body| match body {
        Body::Resync(resync) => Some(resync.failed),
        Body::Attached(attached) => Some(attached.failed),
        _ => None,
    });
    failed.next().expect("it was told where it stands")
}

#[test]
fn a_member_who_left_before_the_snapshot_gets_no_claim() {
    let mut world = World::new(2, snapshotted());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    let bos = world.join(bo, "lounge/a");
    world.command(ada, &stay, 2, "say kept");
    world.drop_connection(ada);
    world.command(bo, &bos, 2, "kick ada");
    world.advance(Duration::from_secs(1));
    world.kill(false);
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 4));
    assert_eq!(world.heard(ada)[1], "left LeaveNotAMember applied=0");
}

#[test]
fn a_failed_command_is_reported_under_its_own_epoch() {
    let mut world = World::new(2, snapshotted());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    let bos = world.join(bo, "lounge/a");
    world.advance(Duration::from_secs(1));
    world.command(ada, &stay, 2, "panic");
    assert_eq!(failed(&world, ada), 2);
    // By now the number 2 is another command's, and that is on its way.
    world.command(bo, &under(&bos, stay.epoch + 1), 2, "panic");
    assert_eq!(failed(&world, ada), 0);
    let knows = world.resume(0, ada);
    let second = under(&stay, stay.epoch + 1);
    world.say(knows, attach(&second, 3));
    assert_eq!(failed(&world, knows), 0);
    // As one that never heard that the room fell back at all.
    let unaware = world.resume(0, knows);
    world.say(unaware, attach(&stay, 3));
    assert_eq!(failed(&world, unaware), 2);
}

#[test]
fn a_snapshot_keeps_under_which_epoch_a_command_failed() {
    let mut world = World::new(2, snapshotted());
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.advance(Duration::from_secs(1));
    world.command(ada, &stay, 2, "panic");
    world.advance(Duration::from_secs(1));
    world.kill(false);
    let knows = world.resume(0, ada);
    world.say(knows, attach(&under(&stay, stay.epoch + 1), 3));
    assert_eq!(failed(&world, knows), 0);
    let unaware = world.resume(0, knows);
    world.say(unaware, attach(&stay, 3));
    assert_eq!(failed(&world, unaware), 2);
}

#[test]
fn a_room_closed_by_a_panic_reports_the_stored_commands() {
    let mut world = World::new(2, durable(OnPanic::Close));
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    let bos = world.join(bo, "lounge/a");
    world.command(ada, &stay, 2, "say kept");
    world.forget_heard();
    world.storage_late = true;
    world.command(ada, &stay, 3, "say lost");
    world.command(bo, &bos, 2, "say lost as well");
    world.command(bo, &bos, 3, "panic");
    world.storage_faults.push_back(Fault::LostUnknown);
    world.store_all();
    assert_eq!(
        world.heard(ada),
        ["attached from=5 applied=2", "left LeaveClosed applied=2"]
    );
    assert_eq!(
        world.heard(bo),
        ["attached from=5 applied=1", "left LeaveClosed applied=1"]
    );
    assert_eq!(
        world
            .shards
            .iter()
            .map(|it| it.counts().rooms)
            .sum::<usize>(),
        0
    );
    // Storage has it, as its members were told.
    let again = wire::Join {
        sequence: 4,
        ..join("lounge/a")
    };
    let joined = world.join_with(ada, again).expect("it comes back");
    let view = String::from_utf8_lossy(&joined.view).into_owned();
    assert!(view.contains("kept") && !view.contains("lost"), "{view}");
}

#[test]
fn a_member_who_returns_during_the_close_is_told() {
    let mut world = World::new(1, durable(OnPanic::Close));
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(0, "bo");
    let bos = world.join(bo, "lounge/a");
    world.drop_connection(bo);
    world.storage_late = true;
    world.command(ada, &stay, 2, "say lost");
    let bo = world.resume(0, bo);
    world.say(bo, attach(&bos, 4));
    world.command(ada, &stay, 3, "panic");
    world.storage_faults.push_back(Fault::LostUnknown);
    world.store_all();
    let heard = world.heard(bo);
    assert_eq!(heard.last().unwrap(), "left LeaveClosed applied=1");
}

#[test]
fn messages_to_a_room_closed_by_a_panic_stay_unapplied() {
    let mut world = World::new(1, durable(OnPanic::Close));
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(0, "bo");
    let bos = world.join(bo, "lounge/a");
    world.command(ada, &stay, 2, "panic");
    assert_eq!(
        world.heard(bo).last().unwrap(),
        "left LeaveClosed applied=1"
    );
    let cleo = world.login(0, "cleo");
    world.join(cleo, "lounge/a");
    for epoch in [bos.epoch, bos.epoch + 1] {
        world.say(bo, attach(&under(&bos, epoch), 4));
        world.command(bo, &under(&bos, epoch), 2, "say late");
    }
    let heard = world.heard(bo);
    assert!(
        heard
            .iter()
            .all(|line| line == "left LeaveNotAMember applied=0"),
        "{heard:?}"
    );
}

#[test]
fn a_closing_on_a_panic_is_told_once_storage_has_it() {
    let mut world = World::new(1, durable(OnPanic::Close));
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.command(ada, &stay, 2, "say kept");
    world.forget_heard();
    world.storage_late = true;
    world.command(ada, &stay, 3, "panic");
    world.store_one(); // its load
    assert_eq!(world.heard(ada), [""; 0]);
    world.kill(false);
    world.store_all();
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 3));
    let heard = world.heard(ada);
    assert!(
        heard.contains(&"attached from=3 applied=2".to_owned()),
        "it is as it was: {heard:?}"
    );
}

#[test]
fn a_snapshotted_room_that_closes_on_a_panic_tells_at_once() {
    let mut world = World::new(
        1,
        KindSettings {
            on_panic: OnPanic::Close,
            ..snapshotted()
        },
    );
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.command(ada, &stay, 2, "panic");
    let heard = world.heard(ada);
    assert_eq!(heard.last().unwrap(), "left LeaveClosed applied=2");
}

#[test]
fn a_failed_room_with_another_owner_claims_nothing() {
    let mut world = World::new(1, durable(OnPanic::Restart));
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.command(ada, &stay, 2, "say kept");
    world
        .storage
        .load(&"lounge/a".into(), Epoch(1_000))
        .unwrap();
    world.forget_heard();
    world.command(ada, &stay, 3, "panic");
    assert!(world.lines[ada].closed.is_some());
    let heard = world.heard(ada);
    assert!(
        !heard.iter().any(|line| line.starts_with("left")),
        "{heard:?}"
    );
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 3));
    let heard = world.heard(ada);
    assert!(
        heard.iter().any(|line| line == "attached from=3 applied=2"),
        "{heard:?}"
    );
    world.say(ada, Say::Bye(wire::Bye {}));
}

#[test]
fn a_leave_in_flight_reconnects_when_the_room_is_lost() {
    let mut world = World::new(1, durable(OnPanic::Restart));
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    world.forget_heard();
    world.storage_late = true;
    world.say(ada, leave(&stay, 2));
    world
        .storage
        .load(&"lounge/a".into(), Epoch(1_000))
        .unwrap();
    world.store_all();
    // That it left is not kept: it would hear the room go on with a gap.
    assert!(world.lines[ada].closed.is_some());
    let heard = world.heard(ada);
    assert!(
        !heard.iter().any(|line| line.starts_with("left")),
        "{heard:?}"
    );
}

#[test]
fn presence_alternates_when_a_return_is_undone_with_the_loss_before_it() {
    let mut world = World::new(2, durable(OnPanic::Restart));
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "lounge/a");
    let bo = world.login(1, "bo");
    let bos = world.join(bo, "lounge/a");
    world.forget_heard();
    world.storage_late = true;
    world.command(ada, &stay, 2, "say kept");
    world.drop_connection(bo);
    let bo = world.resume(1, bo);
    world.say(bo, attach(&bos, 4));
    world.command(ada, &stay, 3, "panic");
    world.store_all();
    let heard = world.heard(ada);
    let presence = heard.iter().filter_map(|line| line.split_once(' '));
    let presence: Vec<&str> = presence
        .map(|(_, said)| said)
        .filter(|said| said.starts_with("bo is"))
        .collect();
    assert_eq!(presence, ["bo is away", "bo is back"], "{heard:?}");
}

#[test]
fn presence_alternates_over_a_rollback() {
    for returns_before_the_snapshot in [true, false] {
        let mut world = World::new(1, snapshotted());
        let ada = world.login(0, "ada");
        let stay = world.join(ada, "lounge/a");
        let bo = world.login(0, "bo");
        let bos = world.join(bo, "lounge/a");
        let bo = match returns_before_the_snapshot {
            true => bo,
            false => {
                world.drop_connection(bo);
                bo
            }
        };
        world.advance(Duration::from_millis(1500));
        match returns_before_the_snapshot {
            true => world.drop_connection(bo),
            false => {
                let bo = world.resume(0, bo);
                world.say(bo, attach(&bos, 1));
            }
        }
        world.forget_heard();
        world.command(ada, &stay, 2, "panic");
        let heard = world.heard(ada);
        let expect = match returns_before_the_snapshot {
            true => "bo is away",
            false => "bo is back",
        };
        assert!(
            heard.iter().any(|line| line.ends_with(expect)),
            "the room was rolled back to before it: {heard:?}"
        );
    }
}
