//! The same seed twice gives the same trace, whatever happens.

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wayfare_core::game::KindSettings;

use crate::stub_lounge::lounge;
use crate::world::{World, attach, command, join};
use wayfare_protocol::wire;
use wayfare_protocol::wire::client_frame::Body as Say;

const WORDS: [&str; 9] = [
    "say hi",
    "others psst",
    "to p1 you",
    "echo back",
    "refuse",
    "panic",
    "after 70 note",
    "dice",
    "kick p2",
];

struct Actor {
    client: usize,
    stay: Option<wire::Joined>,
    sequence: u64,
}

/// Players who join, talk, vanish, come back and say bye, all by chance of one seed.
fn run(seed: u8) -> String {
    let settings = KindSettings {
        tick: Some(Duration::from_millis(50)),
        snapshot_every: Some(Duration::from_millis(300)),
        members_max: 3,
        ..KindSettings::default()
    };
    let mut world = World::with(3, vec![lounge(settings)], seed, |_| {});
    let mut chance = ChaCha8Rng::from_seed([seed; 32]);
    let mut below = |bound: u64| chance.next_u64() % bound;
    let mut actors: Vec<Actor> = (0..4)
        .map(|number| {
            let client = world.login(number % 3, &format!("p{number}"));
            Actor {
                client,
                stay: None,
                sequence: 0,
            }
        })
        .collect();
    for _ in 0..300 {
        let number = below(4) as usize;
        let actor = &mut actors[number];
        match below(10) {
            0 => {
                world.drop_connection(actor.client);
                actor.client = world.resume(below(3) as usize, actor.client);
                if let Some(stay) = &actor.stay {
                    world.say(actor.client, attach(stay, stay.position));
                }
            }
            1 => {
                let name = format!("p{number}");
                actor.client = world.login(below(3) as usize, &name);
                (actor.stay, actor.sequence) = (None, 0);
            }
            2 | 3 => {
                actor.sequence += 1;
                let room = format!("lounge/{}", below(2));
                let join = wire::Join {
                    sequence: actor.sequence,
                    ..join(&room)
                };
                if let Some(stay) = world.join_with(actor.client, join) {
                    actor.stay = Some(stay);
                }
            }
            4 => world.advance(Duration::from_millis(below(200))),
            _ => {
                if let Some(stay) = &actor.stay {
                    actor.sequence += 1;
                    let word = WORDS[below(WORDS.len() as u64) as usize];
                    world.say(actor.client, command(stay, actor.sequence, word));
                }
            }
        }
    }
    for actor in &actors {
        world.say(actor.client, Say::Bye(wire::Bye {}));
    }
    world.advance(Duration::from_secs(300));
    for shard in &world.shards {
        assert_eq!(
            shard.counts(),
            wayfare_core::operator::Counts::default(),
            "seed {seed}"
        );
    }
    assert!(
        world.store.list("").records.is_empty(),
        "seed {seed}: a record was left behind"
    );
    world.trace
}

#[test]
fn the_same_seed_twice_gives_the_same_trace() {
    for seed in 0..20 {
        let first = run(seed);
        assert!(first.len() > 10_000, "seed {seed} did next to nothing");
        assert!(first == run(seed), "seed {seed} differed");
    }
    assert_ne!(run(1), run(2));
}
