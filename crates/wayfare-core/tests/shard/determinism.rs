//! The same seed twice gives the same trace, whatever happens.

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wayfare_core::game::KindSettings;
use wayfare_core::operator::Counts;

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

fn world(seed: u8) -> World {
    let settings = KindSettings {
        tick: Some(Duration::from_millis(50)),
        snapshot_every: Some(Duration::from_millis(300)),
        members_max: 3,
        ..KindSettings::default()
    };
    World::with(3, vec![lounge(settings)], seed, |_| {})
}

impl Actor {
    fn enter(world: &mut World, number: usize) -> Self {
        let client = world.login(number % 3, &format!("p{number}"));
        Self {
            client,
            stay: None,
            sequence: 0,
        }
    }

    /// An action of a player.
    fn act(&mut self, world: &mut World, number: usize, below: &mut impl FnMut(u64) -> u64) {
        match below(10) {
            0 => {
                world.drop_connection(self.client);
                self.client = world.resume(below(3) as usize, self.client);
                if let Some(stay) = &self.stay {
                    world.say(self.client, attach(stay, stay.position));
                }
            }
            1 => *self = Self::enter(world, number),
            2 | 3 => {
                self.sequence += 1;
                let room = format!("lounge/{}", below(2));
                let join = wire::Join {
                    sequence: self.sequence,
                    ..join(&room)
                };
                if let Some(stay) = world.join_with(self.client, join) {
                    self.stay = Some(stay);
                }
            }
            4 => world.advance(Duration::from_millis(below(200))),
            _ => {
                if let Some(stay) = &self.stay {
                    self.sequence += 1;
                    let word = WORDS[below(WORDS.len() as u64) as usize];
                    world.say(self.client, command(stay, self.sequence, word));
                }
            }
        }
    }
}

/// Players who join, talk, vanish, come back and say bye, all by chance of one seed.
fn run(seed: u8) -> String {
    let mut world = world(seed);
    let mut chance = ChaCha8Rng::from_seed([seed; 32]);
    let mut below = |bound: u64| chance.next_u64() % bound;
    let mut actors: Vec<Actor> = (0..4).map(|n| Actor::enter(&mut world, n)).collect();
    for _ in 0..300 {
        let number = below(4) as usize;
        actors[number].act(&mut world, number, &mut below);
    }
    for actor in &actors {
        world.say(actor.client, Say::Bye(wire::Bye {}));
    }
    world.advance(Duration::from_secs(300));
    for shard in &world.shards {
        let counts = shard.counts();
        assert_eq!(counts, Counts::default(), "seed {seed}");
    }
    let records = world.records();
    assert!(records.is_empty(), "seed {seed}: {records:?} left behind");
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
