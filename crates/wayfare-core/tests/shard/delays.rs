//! Answers of coordination late, in any order, some lost; messages between shards late but in
//! order: nothing panics, and in the end nothing is left.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wayfare_core::game::KindSettings;
use wayfare_core::operator::Counts;
use wayfare_protocol::wire::client_frame::Body as Say;
use wayfare_protocol::wire::{self, server_frame::Body};

use crate::world::{Client, World, attach, command, join};

const WORDS: [&str; 5] = ["say x", "panic", "close", "kick ada", "kick bo"];
const NAMES: [&str; 3] = ["ada", "bo", "cy"];

struct Delays {
    world: World,
    chance: ChaCha8Rng,
    clients: Vec<Client>,
    stays: BTreeMap<Client, wire::Joined>,
}

impl Delays {
    fn new(seed: u64) -> Self {
        let mut world = World::new(2, KindSettings::default());
        world.late = true;
        world.hold_peers = true;
        Self {
            world,
            chance: ChaCha8Rng::seed_from_u64(seed),
            clients: Vec::new(),
            stays: BTreeMap::new(),
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.chance.next_u64() % bound.max(1) as u64) as usize
    }

    fn note_stays(&mut self) {
        for (client, line) in self.world.lines.iter().enumerate() {
            for body in &line.heard {
                if let Body::Joined(joined) = body {
                    self.stays.insert(client, joined.clone());
                }
            }
        }
    }

    fn step(&mut self) {
        self.note_stays();
        match self.below(40) {
            0 => {
                let (shard, name) = (self.below(2), NAMES[self.below(3)]);
                let client = self.world.login(shard, name);
                self.clients.push(client);
            }
            1 => self
                .world
                .advance(Duration::from_millis(self.chance.next_u64() % 4000)),
            2..12 => self.deliver_peer(),
            12..26 => self.answer(),
            _ => {
                let index = self.below(self.clients.len());
                if let Some(client) = self.clients.get(index).copied() {
                    self.act(client);
                }
            }
        }
    }

    fn deliver_peer(&mut self) {
        if let Some(envelope) = self.world.peers.pop_front() {
            let to = usize::from(envelope.to.shard.0);
            let now = self.world.now;
            self.world.shards[to].handle_peer(envelope, now);
            self.world.settle();
        }
    }

    fn answer(&mut self) {
        let index = self.below(self.world.calls_kept());
        if let Some(call) = self.world.calls.remove(index) {
            self.world.calls.push_front(call);
            match self.below(8) {
                0 => self.world.answer_one_unknown(),
                _ => self.world.answer_one(),
            }
        }
    }

    fn act(&mut self, client: Client) {
        let stay = self.stays.get(&client).cloned();
        let sequence = 2 + self.chance.next_u64() % 3;
        match (self.below(12), stay) {
            (0, stay) if self.world.lines[client].welcome.is_some() => {
                let shard = self.below(2);
                let again = self.world.resume(shard, client);
                self.stays.extend(stay.map(|stay| (again, stay)));
                self.clients.push(again);
            }
            (1, _) => self.world.drop_connection(client),
            (2..5, _) => {
                let sequence = sequence - 1;
                self.world.say(
                    client,
                    Say::Join(wire::Join {
                        sequence,
                        ..join("lounge/a")
                    }),
                );
            }
            (5, Some(stay)) => self.world.say(client, attach(&stay, stay.position)),
            (6, Some(stay)) => {
                let leave = wire::Leave {
                    handle: stay.handle,
                    membership: stay.membership,
                    sequence,
                    epoch: stay.epoch,
                };
                self.world.say(client, Say::Leave(leave));
            }
            (7, _) if self.below(4) == 0 => self.world.say(client, Say::Bye(wire::Bye {})),
            (_, Some(stay)) => {
                let word = WORDS[self.below(WORDS.len())];
                self.world.say(client, command(&stay, sequence, word));
            }
            _ => {}
        }
    }

    /// Everything arrives, everybody goes, and time passes.
    fn end(&mut self) {
        self.world.release_peers();
        self.world.answer_all();
        for client in 0..self.world.lines.len() {
            self.world.drop_connection(client);
        }
        for _ in 0..30 {
            self.world.advance(Duration::from_secs(10));
        }
    }
}

#[test]
fn late_and_lost_answers_leave_nothing_behind() {
    let (mut welcomes, mut stays, mut restarts) = (0, 0, 0);
    for seed in 0..300 {
        let mut delays = Delays::new(seed);
        for _ in 0..400 {
            delays.step();
        }
        delays.end();
        let world = &mut delays.world;
        for shard in &world.shards {
            assert_eq!(shard.counts(), Counts::default(), "seed {seed}");
        }
        let records = world.records();
        assert!(records.is_empty(), "seed {seed}: {records:?}");
        welcomes += world
            .lines
            .iter()
            .filter(|line| line.welcome.is_some())
            .count();
        stays += delays.stays.len();
        let restarted = |report: &&wayfare_core::Report| {
            matches!(report, wayfare_core::Report::Restarted { .. })
        };
        restarts += delays.world.reports.iter().filter(restarted).count();
    }
    assert!(
        welcomes > 1000 && stays > 500 && restarts > 20,
        "{welcomes} {stays} {restarts}"
    );
}
