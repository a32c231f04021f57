//! Entities that ask each other, futures, notes to logs: each once, whatever is killed.

use std::time::Duration;

use wayfare_core::Report;
use wayfare_core::game::{Durability, KindSettings};
use wayfare_protocol::storage::Position;
use wayfare_protocol::wire::{self, client_frame::Body as Say};

use crate::stub_desk::kinds;
use crate::world::{World, attach, join};

fn durable() -> KindSettings {
    KindSettings {
        durability: Durability::Durable,
        ..KindSettings::default()
    }
}

fn world(settings: &KindSettings) -> (World, usize, wire::Joined) {
    let mut world = World::with(3, kinds(settings), 1, |_| {});
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "desk/a");
    world.forget_heard();
    (world, ada, stay)
}

/// The inputs of the room, without their effects.
fn said(world: &mut World, client: usize) -> Vec<String> {
    let heard = world.heard(client).into_iter();
    let events = heard.filter_map(|line| {
        let (number, text) = line.split_once(' ')?;
        number.parse::<u64>().ok().map(|_| text.to_owned())
    });
    events.collect()
}

#[test]
fn an_entity_that_is_asked_comes_to_life_and_answers() {
    for settings in [durable(), KindSettings::default()] {
        let (mut world, ada, stay) = world(&settings);
        for number in 2..=4 {
            world.command(ada, &stay, number, "ask counter/x 1000 add");
        }
        assert_eq!(said(&mut world, ada), ["tag: 1", "tag: 2", "tag: 3"]);
        world.command(ada, &stay, 5, "ask counter/y 1000 add");
        assert_eq!(said(&mut world, ada), ["tag: 1"], "another one");
        world.command(ada, &stay, 6, "ask counter/x 1000 steal");
        assert_eq!(said(&mut world, ada), ["tag: refused: counters only add"]);
        world.command(ada, &stay, 7, "ask tomb/x 1000 add");
        assert_eq!(
            said(&mut world, ada),
            ["tag: refused: no such kind of entity"]
        );
        world.command(ada, &stay, 8, "ask desk/a 1000 add");
        assert_eq!(
            said(&mut world, ada),
            ["tag: refused: this kind of entity answers no requests"]
        );
        world.command(ada, &stay, 9, "ask counter/x 700 left");
        assert_eq!(said(&mut world, ada), ["tag: 700"]);
    }
}

#[test]
fn nobody_joins_an_entity_that_is_asked() {
    let (mut world, ada, _) = world(&durable());
    world.say(ada, Say::Join(join("counter/x")));
    assert_eq!(world.heard(ada), ["join refused KindUnknown"]);
}

#[test]
fn an_answer_comes_later_or_it_is_late() {
    let (mut world, ada, stay) = world(&durable());
    world.command(ada, &stay, 2, "ask counter/x 1000 later");
    assert_eq!(said(&mut world, ada), [""; 0]);
    world.advance(Duration::from_millis(100));
    assert_eq!(said(&mut world, ada), ["tag: 0"]);
    world.command(ada, &stay, 3, "ask counter/x 50 later");
    world.advance(Duration::from_millis(50));
    assert_eq!(said(&mut world, ada), ["tag: no answer came in time"]);
    world.advance(Duration::from_secs(1));
    assert_eq!(said(&mut world, ada), [""; 0], "answered once");
}

#[test]
fn an_ask_leaves_when_its_step_is_kept_and_not_before() {
    let (mut world, ada, stay) = world(&durable());
    world.storage_late = true;
    world.command(ada, &stay, 2, "ask counter/x 1000 add");
    assert!(world.store.list("entity/counter").records.is_empty());
    world.kill(false);
    world.storage_late = false;
    world.store_all();
    assert!(
        world.store.list("entity/counter").records.is_empty(),
        "it never was"
    );
}

#[test]
fn an_ask_whose_answer_was_lost_with_the_node_is_late() {
    let (mut world, ada, stay) = world(&durable());
    world.command(ada, &stay, 2, "ask counter/x 500 later");
    world.kill(false);
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 0));
    assert!(
        !said(&mut world, ada)
            .iter()
            .any(|line| line.starts_with("tag"))
    );
    world.advance(Duration::from_millis(600));
    let said = said(&mut world, ada);
    assert_eq!(said, ["tag: no answer came in time"]);
}

#[test]
fn an_entity_that_fails_on_a_request_keeps_its_state() {
    let (mut world, ada, stay) = world(&durable());
    world.command(ada, &stay, 2, "ask counter/x 1000 add");
    world.command(ada, &stay, 3, "ask counter/x 1000 panic");
    world.command(ada, &stay, 4, "ask counter/x 1000 add");
    assert_eq!(
        said(&mut world, ada),
        [
            "tag: 1",
            "tag: refused: the room failed on this request",
            "tag: 2"
        ]
    );
}

#[test]
fn an_idle_entity_is_put_away_and_remembers() {
    let (mut world, ada, stay) = world(&durable());
    world.command(ada, &stay, 2, "ask counter/x 1000 add");
    for _ in 0..5 {
        world.advance(Duration::from_secs(9));
        world.say(ada, Say::Ping(wire::Ping { nonce: 1 }));
    }
    let rooms: usize = world.shards.iter().map(|shard| shard.counts().rooms).sum();
    assert_eq!(rooms, 1, "the desk is there, the counter is not");
    world.forget_heard();
    world.command(ada, &stay, 3, "ask counter/x 1000 add");
    assert_eq!(said(&mut world, ada), ["tag: 2"]);
}

#[test]
fn a_future_begins_once_its_step_is_stored() {
    let (mut world, ada, stay) = world(&durable());
    world.storage_late = true;
    world.command(ada, &stay, 2, "run lost");
    assert!(world.runs.is_empty());
    world.store_all();
    assert_eq!(world.runs.len(), 1);
    world.ran(Some(b"done"));
    assert_eq!(said(&mut world, ada), ["done"]);
    world.command(ada, &stay, 3, "run lost");
    world.ran(None);
    assert_eq!(said(&mut world, ada), ["lost"], "it ended without a note");
}

#[test]
fn a_future_lost_with_its_node_brings_one_lost_note() {
    let (mut world, ada, stay) = world(&durable());
    world.command(ada, &stay, 2, "run lost");
    world.kill(false);
    let mut ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 0));
    assert!(said(&mut world, ada).contains(&"lost".to_owned()));
    world.kill(false);
    ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 0));
    let again = said(&mut world, ada);
    assert_eq!(
        again.iter().filter(|line| *line == "lost").count(),
        1,
        "{again:?}"
    );
}

#[test]
fn a_future_outlives_the_failure_of_its_room() {
    let (mut world, ada, stay) = world(&durable());
    world.command(ada, &stay, 2, "run lost");
    world.command(ada, &stay, 3, "panic");
    world.ran(Some(b"done"));
    let said = said(&mut world, ada);
    assert_eq!(said.last().unwrap(), "done", "{said:?}");
    assert!(!said.contains(&"lost".to_owned()));
}

/// The records of the log of matches.
fn log(world: &World) -> Vec<String> {
    let records = world.storage.read("matches", Position(1)).into_iter();
    records
        .map(|record| String::from_utf8_lossy(&record.bytes).into_owned())
        .collect()
}

#[test]
fn a_log_has_each_record_once_whatever_is_killed() {
    for (answers, applied) in [(1, true), (1, false), (2, true), (2, false), (0, true)] {
        let (mut world, ada, stay) = world(&durable());
        world.command(ada, &stay, 2, "log first");
        world.storage_late = true;
        world.command(ada, &stay, 3, "log second");
        for _ in 0..answers {
            world.store_one();
        }
        world.kill(applied);
        world.storage_late = false;
        world.store_all();
        let ada = world.resume(0, ada);
        world.say(ada, attach(&stay, 0));
        world.command(ada, &stay, 3, "log second");
        assert_eq!(log(&world), ["first", "second"], "{answers} {applied}");
    }
}

#[test]
fn the_last_words_of_a_room_that_closes_are_logged() {
    let snapshots = KindSettings {
        snapshot_every: Some(Duration::from_secs(3600)),
        ..KindSettings::default()
    };
    for settings in [durable(), snapshots] {
        let (mut world, ada, stay) = world(&settings);
        world.command(ada, &stay, 2, "log result close");
        assert_eq!(log(&world), ["result"]);
        assert!(
            world
                .heard(ada)
                .last()
                .unwrap()
                .starts_with("left LeaveClosed")
        );
        assert_eq!(
            world
                .shards
                .iter()
                .map(|shard| shard.counts().rooms)
                .sum::<usize>(),
            0
        );
    }
}

#[test]
fn a_room_that_keeps_nothing_cannot_log() {
    let (mut world, ada, stay) = world(&KindSettings::default());
    world.command(ada, &stay, 2, "log nothing");
    assert!(said(&mut world, ada)[0].contains("HandlerFailed"));
}

#[test]
fn a_refused_write_is_repeated_despite_later_successes() {
    use crate::world::Fault;
    let (mut world, ada, stay) = world(&durable());
    world.storage_late = true;
    world.command(ada, &stay, 2, "log first");
    world.store_one(); // the step; its record goes to the log
    world.command(ada, &stay, 3, "log second");
    // The write of the second step is refused, then the append of the first one succeeds.
    world.stores.rotate_left(1);
    world.storage_faults = [Fault::NotDone].into();
    world.store_one();
    world.store_one();
    world.storage_late = false;
    world.advance(Duration::from_secs(3));
    assert_eq!(log(&world), ["first", "second"]);
}

#[test]
fn a_damaged_log_delays_nobody() {
    use crate::world::Fault;
    let (mut world, ada, stay) = world(&durable());
    world.storage_late = true;
    world.command(ada, &stay, 2, "log first");
    world.store_one(); // the step; its record goes to the log
    world.storage_faults = [Fault::Corrupt].into();
    world.store_one();
    world.storage_late = false;
    world.command(ada, &stay, 3, "log second");
    assert_eq!(log(&world), ["second"]);
    let told = |report: &&Report| matches!(report, Report::NotLogged { records: 1, .. });
    assert_eq!(world.reports.iter().filter(told).count(), 1);
    let leave = wire::Leave {
        handle: stay.handle,
        membership: stay.membership,
        sequence: 4,
        epoch: stay.epoch,
    };
    world.say(ada, Say::Leave(leave));
    world.advance(Duration::from_secs(60));
    let put_away = |report: &&Report| matches!(report, Report::PutAway { .. });
    assert_eq!(world.reports.iter().filter(put_away).count(), 1);
}

#[test]
fn every_lost_future_is_told_though_the_room_fails_on_one() {
    let (mut world, ada, stay) = world(&durable());
    for (number, lost) in [(2, "panic"), (3, "two"), (4, "three")] {
        world.command(ada, &stay, number, &format!("run {lost}"));
    }
    world.kill(false);
    world.advance(Duration::from_secs(1));
    let ada = world.resume(0, ada);
    world.say(ada, attach(&stay, 0));
    let said = said(&mut world, ada);
    for lost in ["two", "three"] {
        assert_eq!(
            said.iter().filter(|line| *line == lost).count(),
            1,
            "{said:?}"
        );
    }
}

fn snapshots() -> KindSettings {
    KindSettings {
        snapshot_every: Some(Duration::from_secs(1)),
        ..KindSettings::default()
    }
}

#[test]
fn a_future_does_not_end_in_the_next_room_of_its_name() {
    let (mut world, ada, stay) = world(&KindSettings::default());
    world.command(ada, &stay, 2, "run lost");
    world.close("desk/a");
    let again = wire::Join {
        sequence: 3,
        ..join("desk/a")
    };
    let stay = world.join_with(ada, again).expect("joined");
    world.command(ada, &stay, 4, "run lost");
    world.forget_heard();
    world.ran(Some(b"of the closed room"));
    assert_eq!(said(&mut world, ada), [""; 0]);
    world.ran(Some(b"of this room"));
    assert_eq!(said(&mut world, ada), ["of this room"]);
}

#[test]
fn a_room_that_failed_goes_on_with_what_waits_for_its_logs() {
    let (mut world, ada, stay) = world(&snapshots());
    world.storage_late = true;
    world.command(ada, &stay, 2, "log first");
    world.advance(Duration::from_millis(1100));
    world.store_one();
    world.command(ada, &stay, 3, "panic");
    world.store_all();
    world.close("desk/a");
    assert_eq!(log(&world), ["first"]);
    assert_eq!(world.rooms(), 0, "it could close");
}

#[test]
fn a_future_that_ended_behind_the_snapshot_is_told_as_lost() {
    let (mut world, ada, stay) = world(&snapshots());
    world.command(ada, &stay, 2, "run lost");
    world.advance(Duration::from_millis(1100));
    world.ran(Some(b"done"));
    assert_eq!(said(&mut world, ada), ["done"]);
    world.command(ada, &stay, 3, "panic");
    let said = said(&mut world, ada);
    assert!(said.contains(&"lost".to_owned()), "{said:?}");
}
