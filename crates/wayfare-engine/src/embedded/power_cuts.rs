//! Simulated power failures: the power is cut thousands of times at any write, and all acknowledged
//! data must survive.

mod ref_world;
mod sim_disk;
mod sim_engine;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::oneshot;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Commit, Expect, Key, Revision};

use self::ref_world::{Append, RefEntity, RefWorld, content, part_content, parts_of, put};
use self::sim_disk::SimDisk;
use self::sim_engine::{Committed, SimEngine, answer};
use crate::storage::{AppendKey, Failure, Outcome, Position, Reply, Request, Snapshot};

const SEEDS: u64 = 500;
const CUTS_EACH: u64 = 10;

#[test]
fn acknowledged_writes_survive_a_power_cut() {
    let mut counts = Counts::default();
    for seed in 0..SEEDS {
        Run::new(seed).cuts(&mut counts);
    }
    println!("{counts:?}");
    let Counts {
        cuts,
        in_use,
        at_open,
        acknowledged,
        unknown,
        checks,
        lost_lazy,
        ..
    } = counts;
    assert_eq!(cuts, SEEDS * CUTS_EACH);
    // Every kind of outcome has occurred.
    let often = [in_use, at_open, acknowledged, unknown, checks, lost_lazy];
    assert!(often.iter().all(|count| *count > 0), "{often:?}");
}

#[test]
fn a_store_whose_disk_fails_says_what_to_do() {
    let disk = SimDisk::new(Vec::new());
    let mut engine = SimEngine::open(disk.clone()).expect("an empty disk");
    let put = |number| Request::PutDocument {
        name: "document".into(),
        value: content("document", number),
        expect: Expect::Absent,
    };
    disk.cut_after(1);
    let first = engine.call(put(1));
    assert!(matches!(first, Err(Failure::Unknown(_))), "{first:?}");
    let later = engine.call(put(2));
    let Err(Failure::NotDone(why)) = later else {
        panic!("{later:?}");
    };
    assert!(why.contains("start the server again"), "{why}");
    assert!(engine.shared.commit_at_once(&[]).is_none());
    let record = engine.shared.lock().watched.model().read("a").record;
    assert_eq!(record, None);
}

#[derive(Debug, Default)]
struct Counts {
    cuts: u64,
    /// Cuts while requests were executed.
    in_use: u64,
    /// Cuts while the effects of an earlier cut were repaired.
    at_open: u64,
    acknowledged: u64,
    unknown: u64,
    not_done: u64,
    checks: u64,
    /// Lazy commits that were answered and then lost, which is allowed.
    lost_lazy: u64,
}

struct Run {
    random: ChaCha8Rng,
    world: RefWorld,
    bytes: Vec<u8>,
}

/// The requests of a group, by what they concern.
enum Asked {
    Journal(Key, u64),
    Part,
    Snapshot(Key, u64),
    Append(u64),
    Document(u64),
    Forgettable,
}

type Storage = Vec<(Asked, oneshot::Receiver<Outcome>)>;

impl Run {
    fn new(seed: u64) -> Self {
        let mut world = RefWorld::default();
        for name in ["room/a", "room/b", "room/c"] {
            world.entities.insert(name.into(), RefEntity::default());
        }
        let disk = SimDisk::new(Vec::new());
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // A new store has another name until it is complete.
        drop(SimEngine::open(disk.clone()).expect("an empty disk"));
        let bytes = disk.remains(&mut random);
        Self {
            random,
            world,
            bytes,
        }
    }

    fn cuts(&mut self, counts: &mut Counts) {
        let mut left = CUTS_EACH;
        while left > 0 {
            left -= 1;
            counts.cuts += 1;
            let disk = SimDisk::new(std::mem::take(&mut self.bytes));
            let is_at_open = self.random.random_bool(0.1);
            if is_at_open {
                disk.cut_after(self.random.random_range(1..12));
            }
            match SimEngine::open(disk.clone()) {
                Ok(engine) if !disk.is_cut() => self.use_until_cut(engine, &disk, counts),
                _ => counts.at_open += u64::from(is_at_open),
            }
            assert!(is_at_open || !self.is_untouched(), "it could not be opened");
            self.bytes = disk.remains(&mut self.random);
        }
        let disk = SimDisk::new(std::mem::take(&mut self.bytes));
        let mut engine = SimEngine::open(disk).expect("what a cut left");
        self.world.verify(&mut engine);
        counts.checks += self.world.checks;
    }

    /// Returns true if nothing was verified yet.
    const fn is_untouched(&self) -> bool {
        self.world.checks == 0
    }

    fn use_until_cut(&mut self, mut engine: SimEngine, disk: &SimDisk, counts: &mut Counts) {
        disk.keep_on();
        let lazy = self.world.lazy.asked;
        self.world.verify(&mut engine);
        counts.lost_lazy += lazy - self.world.lazy.asked;
        disk.cut_after(self.random.random_range(1..150));
        for _ in 0..12 {
            self.group(&mut engine, counts);
            if disk.is_cut() {
                counts.in_use += 1;
                return;
            }
        }
    }

    fn group(&mut self, engine: &mut SimEngine, counts: &mut Counts) {
        let lazy_before = self.commit_lazily(engine);
        let mut asked = Storage::new();
        let names: Vec<Key> = self.world.entities.keys().cloned().collect();
        for name in names {
            if self.random.random_bool(0.7) {
                self.journal(engine, &name, &mut asked);
            }
            if self.random.random_bool(0.2) {
                self.snapshot(engine, &name, &mut asked);
            }
        }
        if self.random.random_bool(0.3) {
            self.append(engine, &mut asked);
        }
        if self.random.random_bool(0.3) {
            self.document(engine, &mut asked);
        }
        if self.random.random_bool(0.1) {
            self.forgettable(engine, &mut asked);
        }
        let pair = self.random.random_bool(0.4).then(|| self.pair(engine));
        engine.turn();
        for (what, awaited) in asked {
            let outcome = answer(awaited).expect("an answer");
            self.answered(what, outcome, counts);
        }
        if let Some((number, awaited)) = pair {
            self.pair_answered(number, lazy_before, awaited, counts);
        }
    }

    /// Makes a lazy commit. Returns the number of lazy commits so far.
    fn commit_lazily(&mut self, engine: &SimEngine) -> u64 {
        for _ in 0..self.random.random_range(0..3) {
            let number = self.world.lazy.next();
            let write = put("lazy", number, self.world.lazy_revision);
            let Some(Ok(Commit::Done(revision))) = engine.shared.commit_at_once(&[write]) else {
                panic!("not done at once");
            };
            assert!(revision > self.world.revision);
            self.world.revision = revision;
            self.world.lazy_revision = Some(revision);
        }
        self.world.lazy.asked
    }

    fn journal(&mut self, engine: &SimEngine, name: &Key, asked: &mut Storage) {
        let entity = self.world.entities.get_mut(name).expect("an entity");
        let from = entity.journal.asked + 1;
        let count = self.random.random_range(1..4);
        let records = (0..count).map(|_| content(name, entity.journal.next()));
        let request = Request::Journal {
            entity: name.clone(),
            epoch: Epoch(self.world.epoch),
            from: Position(from),
            records: records.collect(),
        };
        let last = entity.journal.asked;
        asked.push((Asked::Journal(name.clone(), last), engine.ask(request)));
    }

    fn snapshot(&mut self, engine: &SimEngine, name: &Key, asked: &mut Storage) {
        let entity = self.world.entities.get_mut(name).expect("an entity");
        let (position, before) = (entity.journal.asked, entity.snapshot.asked);
        if position <= before {
            return;
        }
        entity.snapshot.asked = position;
        let epoch = Epoch(self.world.epoch);
        let kept = if before == 0 {
            Vec::new()
        } else {
            parts_of(before)
        };
        for part in parts_of(position)
            .into_iter()
            .filter(|it| !kept.contains(it))
        {
            let request = Request::Part {
                entity: name.clone(),
                epoch,
                part,
                bytes: part_content(part),
            };
            asked.push((Asked::Part, engine.ask(request)));
        }
        let request = Request::Snapshot {
            entity: name.clone(),
            epoch,
            snapshot: Snapshot {
                position: Position(position),
                bytes: content(name, position),
                parts: parts_of(position),
            },
        };
        asked.push((Asked::Snapshot(name.clone(), position), engine.ask(request)));
    }

    /// Appends a new step, or repeats one with an unknown outcome, as a successor does.
    fn append(&mut self, engine: &SimEngine, asked: &mut Storage) {
        let next = self.world.appends.len() as u64 + 1;
        let is_open = |(step, append): (&u64, &Append)| (!append.is_acknowledged).then_some(*step);
        let step = self.world.appends.iter().find_map(is_open).unwrap_or(next);
        self.world.appends.entry(step).or_default();
        let request = Request::Append {
            log: "log".into(),
            epoch: Epoch(self.world.epoch),
            key: AppendKey {
                writer: "room/a".into(),
                epoch: Epoch(1),
                step: Position(step),
            },
            records: vec![content("log", step), content("log", step)],
        };
        asked.push((Asked::Append(step), engine.ask(request)));
    }

    fn document(&mut self, engine: &SimEngine, asked: &mut Storage) {
        let number = self.world.document.next();
        let revision = self.world.document_revision;
        let request = Request::PutDocument {
            name: "document".into(),
            value: content("document", number),
            expect: revision.map_or(Expect::Absent, Expect::Revision),
        };
        asked.push((Asked::Document(number), engine.ask(request)));
    }

    /// Writes and forgets a short-lived entity, whose journal shares blocks with others and must
    /// not reappear.
    fn forgettable(&mut self, engine: &SimEngine, asked: &mut Storage) {
        let entity: Key = "party/1".into();
        let epoch = Epoch(self.world.epoch);
        let records = vec![content("party/1", 1)];
        for request in [
            Request::Load {
                entity: entity.clone(),
                epoch,
            },
            Request::Journal {
                entity: entity.clone(),
                epoch,
                from: Position(1),
                records,
            },
            Request::Forget { entity, epoch },
        ] {
            asked.push((Asked::Forgettable, engine.ask(request)));
        }
    }

    fn pair(&mut self, engine: &SimEngine) -> (u64, Committed) {
        let number = self.world.pair.next();
        let revision = self.world.pair_revision;
        let writes = ["one", "two"].map(|key| put(key, number, revision));
        (number, engine.commit(writes.into()))
    }

    fn answered(&mut self, what: Asked, outcome: Outcome, counts: &mut Counts) {
        let reply = match outcome {
            Ok(reply) => reply,
            Err(Failure::Unknown(_)) => return counts.unknown += 1,
            Err(Failure::NotDone(_)) => return counts.not_done += 1,
            Err(failure) => panic!("{failure:?}"),
        };
        counts.acknowledged += 1;
        match what {
            Asked::Journal(name, to) => self.entity(&name).journal.acknowledge(to),
            Asked::Snapshot(name, to) => self.entity(&name).snapshot.acknowledge(to),
            Asked::Append(step) => {
                let append = self.world.appends.entry(step).or_default();
                append.is_acknowledged = true;
            }
            Asked::Document(number) => {
                let Reply::Committed(Commit::Done(revision)) = reply else {
                    panic!("{reply:?}");
                };
                self.world.document.acknowledge(number);
                self.world.document_revision = Some(revision);
            }
            Asked::Part | Asked::Forgettable => {}
        }
    }

    fn entity(&mut self, name: &Key) -> &mut RefEntity {
        self.world.entities.get_mut(name).expect("an entity")
    }

    fn pair_answered(&mut self, number: u64, lazy: u64, pair: Committed, counts: &mut Counts) {
        let outcomes = answer(pair).expect("an answer");
        match outcomes.first() {
            Some(Ok(Commit::Done(revision))) => {
                counts.acknowledged += 1;
                self.raise(*revision);
                self.world.pair.acknowledge(number);
                self.world.pair_revision = Some(*revision);
                self.world.lazy.acknowledge(lazy);
            }
            Some(Err(_)) => counts.unknown += 1,
            refused => panic!("{refused:?}"),
        }
    }

    fn raise(&mut self, revision: Revision) {
        assert!(revision > self.world.revision, "the revision went back");
        self.world.revision = revision;
    }
}
