//! The real client core against real shards, over connections that are cut at any moment with
//! frames under way in both directions: every command applied exactly once and answered, every
//! event in order, none lost, none twice.

mod account;
#[path = "../shard/stub_lounge.rs"]
mod stub_lounge;
mod wires;

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wayfare_core::game::{Durability, HistoryBounds, KindSettings};

use wires::Wires;

const PLAYERS: usize = 5;
const STEPS: usize = 4_000;

fn settings(events_max: usize) -> KindSettings {
    KindSettings {
        member_grace: Duration::from_secs(3600),
        history: HistoryBounds {
            events_max,
            bytes_max: 1 << 30,
            age_max: Duration::from_secs(36_000),
        },
        ..KindSettings::default()
    }
}

/// Talk, delivery, loss and time, in an order that the seed decides; then quiet.
fn run(seed: u64, events_max: usize, cut_odds: u64) -> Wires {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut wires = Wires::new(3, PLAYERS, settings(events_max), seed);
    for _ in 0..STEPS {
        let player = (chance.next_u64() % PLAYERS as u64) as usize;
        match chance.next_u64() % (10 + cut_odds) {
            0..3 => wires.speak(player, &mut chance),
            3..6 => wires.deliver_up(player),
            6..9 => wires.deliver_down(player),
            9 => wires.advance(Duration::from_millis(chance.next_u64() % 60)),
            _ => wires.cut(player),
        }
    }
    wires.quiet();
    wires
}

#[test]
fn exactly_once_and_in_order_through_cuts_at_any_moment() {
    let (mut cuts, mut commands, mut events) = (0, 0, 0);
    for seed in 0..40 {
        let wires = run(seed, 1 << 20, 1);
        cuts += wires.cuts;
        for player in 0..PLAYERS {
            let record = &wires.records[player];
            record.check(&wires.room_log(), seed);
            assert_eq!(record.resyncs, 0, "seed {seed}: the history reached");
            commands += record.answers.len();
            events += record.events.len();
        }
        wires.check_everybody_heard_the_same(seed);
    }
    assert!(
        cuts > 1_000 && commands > 10_000 && events > 50_000,
        "{cuts} {commands} {events}"
    );
}

#[test]
fn a_history_that_does_not_reach_is_reported() {
    let mut resyncs = 0;
    for seed in 100..140 {
        let wires = run(seed, 8, 2);
        for player in 0..PLAYERS {
            let record = &wires.records[player];
            record.check(&wires.room_log(), seed);
            resyncs += record.resyncs;
        }
    }
    assert!(resyncs > 50, "{resyncs} resyncs: the bound was never met");
}

/// The same with a server that is killed at any moment, a storage that answers late or not, and
/// commands that the room fails on.
#[test]
fn a_durable_room_keeps_its_promises_through_kills() {
    let (mut kills, mut commands, mut events) = (0, 0, 0);
    for seed in 200..240 {
        let wires = run_durable(seed);
        kills += wires.kills;
        for player in 0..PLAYERS {
            let record = &wires.records[player];
            record.check(&wires.room_log(), seed);
            assert_eq!(record.resyncs, 0, "seed {seed}: nothing is lost");
            commands += record.answers.len();
            events += record.events.len();
        }
        wires.check_everybody_heard_the_same(seed);
    }
    assert!(
        kills > 200 && commands > 3_000 && events > 20_000,
        "{kills} {commands} {events}"
    );
}

fn run_durable(seed: u64) -> Wires {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let settings = KindSettings {
        durability: Durability::Durable,
        ..settings(1 << 20)
    };
    let mut wires = Wires::new(3, PLAYERS, settings, seed);
    for _ in 0..STEPS {
        let player = (chance.next_u64() % PLAYERS as u64) as usize;
        match chance.next_u64() % 500 {
            0..90 => wires.speak(player, &mut chance),
            90..200 => wires.deliver_up(player),
            200..310 => wires.deliver_down(player),
            310..350 => wires.advance(Duration::from_millis(chance.next_u64() % 60)),
            350..495 => wires.deliver_store(&mut chance),
            495..498 => wires.cut(player),
            _ => wires.kill(&mut chance),
        }
    }
    wires.quiet();
    wires
}
