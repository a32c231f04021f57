//! The directory of owners: what is warm reads no record, and a stale hint costs a hop and no promise.

use std::time::Duration;

use wayfare_core::game::{Durability, KindSettings};
use wayfare_protocol::coordination::{Expect, Write};
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::wire::{self, JoinMode};
use wayfare_protocol::{Address, EntityId, Epoch, Incarnation, NodeId, ShardIndex};

use crate::stub_desk::kinds;
use crate::world::{World, attach, join};

const SHARDS: u16 = 3;

/// Readings of records of entities since the last call.
fn reads(world: &mut World) -> usize {
    let trace = std::mem::take(&mut world.trace);
    let is_read = |line: &&str| line.contains("Coordinate") && line.contains("Get(\"entity/");
    trace.lines().filter(is_read).count()
}

fn owner(world: &World, entity: &str) -> Option<usize> {
    let key = EntityRecord::key(&entity.parse().unwrap());
    let record = world.store.read(&key).record?;
    let owner = EntityRecord::decode(&key, &record.value).unwrap().owner;
    Some(usize::from(owner.shard.0))
}

/// A room that is opened on this shard if nobody owns it.
fn placed_on(shard: usize) -> String {
    let mut names = (0..20).map(|number| format!("lounge/{number}"));
    let found = names.find(|name| {
        let mut world = World::new(SHARDS, KindSettings::default());
        let ada = world.login(0, "ada");
        world.join(ada, name);
        owner(&world, name) == Some(shard)
    });
    found.expect("one of twenty")
}

/// Writes a record as if this shard had claimed the entity.
fn own(world: &mut World, entity: &str, shard: u16) {
    let key = EntityRecord::key(&entity.parse::<EntityId>().unwrap());
    let owner = Address {
        node: NodeId::new("n1").unwrap(),
        incarnation: Incarnation(1),
        shard: ShardIndex(shard),
    };
    let epoch = Epoch(1);
    let value = EntityRecord { epoch, owner }.encode();
    let expect = Expect::Absent;
    let write = Write::Put { key, expect, value };
    world.store.commit(vec![write]).unwrap();
}

fn close(world: &mut World, shard: usize, room: &str) {
    let query = wayfare_core::operator::Query::CloseRoom(room.parse().unwrap());
    let now = world.now;
    world.shards[shard].handle_operator(1, &query, now);
    world.settle();
}

#[test]
fn a_join_that_opens_reads_once_and_another_not_at_all() {
    for shard in 0..usize::from(SHARDS) {
        let mut world = World::new(SHARDS, KindSettings::default());
        let name = placed_on(shard);
        let players: Vec<_> = ["ada", "bo", "cy"].into_iter().enumerate().collect();
        for (from, player) in players {
            let client = world.login(from, player);
            reads(&mut world);
            world.join(client, &name);
            assert_eq!(reads(&mut world), usize::from(from == 0), "{player}");
        }
        assert_eq!(owner(&world, &name), Some(shard));
    }
}

#[test]
fn an_attach_reads_nothing() {
    for durability in [Durability::Volatile, Durability::Durable] {
        let settings = KindSettings {
            durability,
            ..KindSettings::default()
        };
        for to in 0..usize::from(SHARDS) {
            let mut world = World::new(SHARDS, settings.clone());
            let ada = world.login(0, "ada");
            let stay = world.join(ada, "lounge/a");
            world.drop_connection(ada);
            let again = world.resume(to, ada);
            world.forget_heard();
            reads(&mut world);
            world.say(again, attach(&stay, stay.position));
            let heard = world.heard(again);
            assert!(heard[0].starts_with("attached"), "{heard:?}");
            assert_eq!(reads(&mut world), 0);
        }
    }
}

#[test]
fn an_ask_that_opens_reads_once_and_a_warm_one_and_its_answer_not_at_all() {
    let mut world = World::with(SHARDS, kinds(&KindSettings::default()), 1, |_| {});
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "desk/a");
    let mut sequence = 1;
    for counter in ["counter/x", "counter/y", "counter/z", "counter/w"] {
        for expect in [1, 0, 0] {
            reads(&mut world);
            sequence += 1;
            world.forget_heard();
            world.command(ada, &stay, sequence, &format!("ask {counter} 1000 add"));
            let heard = world.heard(ada).join(" ");
            assert!(heard.contains("tag: "), "{heard}");
            assert_eq!(reads(&mut world), expect, "{counter}");
        }
    }
}

#[test]
fn an_entity_off_its_place_is_found_by_one_read() {
    let mut world = World::with(SHARDS, kinds(&KindSettings::default()), 1, |_| {});
    for shard in 0..SHARDS {
        own(&mut world, &format!("counter/{shard}"), shard);
    }
    let ada = world.login(0, "ada");
    let stay = world.join(ada, "desk/a");
    for sequence in 2..=10 {
        reads(&mut world);
        world.forget_heard();
        let text = format!("ask counter/{} 1000 add", sequence % 3);
        world.command(ada, &stay, sequence, &text);
        let heard = world.heard(ada).join(" ");
        assert!(
            heard.contains(&format!("tag: {}", (sequence + 1) / 3)),
            "{heard}"
        );
        // The shard where it would be placed reads the record, and its owner reads it to claim it.
        let reads = reads(&mut world);
        assert!(
            if sequence <= 4 {
                reads <= 2
            } else {
                reads == 0
            },
            "{reads}"
        );
    }
}

#[test]
fn a_member_of_a_room_off_its_place_is_not_told_that_its_stay_is_over() {
    let name = placed_on(1);
    let mut world = World::new(SHARDS, KindSettings::default());
    own(&mut world, &name, 2);
    let ada = world.login(0, "ada");
    let stay = world.join(ada, &name);
    assert_eq!(owner(&world, &name), Some(2));
    // A gateway that has never heard of the room asks the shard where it would be placed.
    for expect in [0, 0] {
        world.drop_connection(ada);
        let again = world.resume(1, ada);
        world.forget_heard();
        reads(&mut world);
        world.say(again, attach(&stay, stay.position));
        let heard = world.heard(again);
        assert!(heard[0].starts_with("attached"), "{heard:?}");
        assert_eq!(reads(&mut world), expect);
        world.lines[ada].welcome = world.lines[again].welcome.clone();
    }
}

#[test]
fn a_stale_hint_costs_a_hop_and_no_promise() {
    let name = placed_on(1);
    let mut world = World::new(SHARDS, KindSettings::default());
    own(&mut world, &name, 0);
    // Shards 1 and 2 learn that the room is on shard 0; only shard 2 goes on to hear of it.
    let ada = world.login(2, "ada");
    world.join(ada, &name);
    assert_eq!(owner(&world, &name), Some(0));
    world.advance(Duration::from_secs(40));
    let bo = world.login(2, "bo");
    world.join(bo, &name);
    world.advance(Duration::from_secs(25));
    // There it closes, and shard 1 opens the next room of that name.
    close(&mut world, 0, &name);
    world.advance(Duration::from_secs(1));
    assert_eq!(owner(&world, &name), None);
    let cy = world.login(1, "cy");
    world.join(cy, &name);
    assert_eq!(owner(&world, &name), Some(1));
    // Shard 2 asks shard 0 first, which reads the record.
    let dee = world.login(2, "dee");
    let existing = wire::Join {
        mode: JoinMode::JoinExisting.into(),
        ..join(&name)
    };
    reads(&mut world);
    let stay = world.join_with(dee, existing).unwrap();
    assert_eq!(reads(&mut world), 1);
    // Warm again.
    world.drop_connection(dee);
    let dee = world.resume(2, dee);
    reads(&mut world);
    world.say(dee, attach(&stay, stay.position));
    assert_eq!(reads(&mut world), 0);
    assert!(
        world
            .heard(dee)
            .iter()
            .any(|line| line.starts_with("attached"))
    );
}
