//! Owners that take over entities from each other, and record their requests and answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use wayfare_engine::Storage;
use wayfare_engine::storage::{AppendKey, Failure, Position, Snapshot};
use wayfare_postgres::{Config, Postgres};
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Key;

use crate::history::{Event, Kept, Line, Outcome, verify};

const ENTITIES: usize = 12;
/// The steps of an owner before another takes over.
const STEPS: u64 = 20;
const SNAPSHOT_EVERY: usize = 7;
/// An epoch above those of all owners.
const LAST: Epoch = Epoch(1_000_000);
/// A short deadline, so that an unresponsive server is given up soon.
const DEADLINE: Duration = Duration::from_secs(2);

pub(crate) struct World {
    entities: Vec<Entity>,
    numbers: AtomicU64,
    is_over: AtomicBool,
    /// The number of acknowledged writes of each engine.
    done: Vec<watch::Sender<u64>>,
    unknown: watch::Sender<u64>,
}

struct Entity {
    name: Key,
    epochs: AtomicU64,
    events: Mutex<Vec<Event>>,
}

/// The running owners.
pub(crate) struct Busy {
    pub(crate) world: Arc<World>,
    owners: Vec<JoinHandle<()>>,
}

pub(crate) async fn open(url: &str) -> Postgres {
    let config: Config = url.parse().unwrap();
    Postgres::open(config.deadline(DEADLINE)).await.unwrap()
}

impl World {
    /// Starts an owner of each entity on each of the engines.
    pub(crate) fn start(engines: &[Arc<Postgres>]) -> Busy {
        let entity = |index| Entity {
            name: format!("room/{index}").into(),
            epochs: AtomicU64::new(0),
            events: Mutex::new(Vec::new()),
        };
        let world = Arc::new(Self {
            entities: (0..ENTITIES).map(entity).collect(),
            numbers: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            done: engines.iter().map(|_| watch::Sender::new(0)).collect(),
            unknown: watch::Sender::new(0),
        });
        let mut owners = Vec::new();
        for (side, engine) in engines.iter().enumerate() {
            for index in 0..ENTITIES {
                let owner = Owner {
                    world: world.clone(),
                    engine: engine.clone(),
                    side,
                    index,
                };
                owners.push(tokio::spawn(owner.run()));
            }
        }
        Busy { world, owners }
    }

    /// Waits until each engine has this many more acknowledged writes.
    pub(crate) async fn progress(&self, count: u64) {
        let goals: Vec<u64> = self.done.iter().map(|it| *it.borrow() + count).collect();
        for (done, goal) in self.done.iter().zip(goals) {
            let _ = done.subscribe().wait_for(|it| *it >= goal).await;
        }
    }

    /// Waits until this many more writes have unknown outcomes.
    pub(crate) async fn doubt(&self, count: u64) {
        let goal = *self.unknown.borrow() + count;
        let _ = self.unknown.subscribe().wait_for(|it| *it >= goal).await;
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn note(&self, side: usize, index: usize, event: Event) {
        if let Event::Wrote { outcome, .. } | Event::Appended { outcome, .. } = &event {
            match outcome {
                Outcome::Done => self.done[side].send_modify(|it| *it += 1),
                Outcome::Unknown => self.unknown.send_modify(|it| *it += 1),
                Outcome::NotDone => {}
            }
        }
        self.entities[index].events.lock().unwrap().push(event);
    }
}

impl Busy {
    /// Stops the owners, and compares the stored data with the answers.
    pub(crate) async fn verify(self, engine: &Postgres) {
        self.world.is_over.store(true, Ordering::Relaxed);
        for owner in self.owners {
            owner.await.unwrap();
        }
        let mut logs = read_logs(engine).await;
        let (mut writes, mut wrong) = (0, Vec::new());
        for entity in &self.world.entities {
            let loaded = engine.load(entity.name.clone(), LAST).await.unwrap();
            let kept = Kept {
                lines: lines(loaded),
                log: logs.remove(&entity.name).unwrap_or_default(),
            };
            writes += kept.lines.len();
            let events = entity.events.lock().unwrap();
            wrong.extend(verify(&events, &kept));
        }
        let unknown = *self.world.unknown.borrow();
        println!(
            "{writes} writes kept, {unknown} ended in doubt, {:?}",
            engine.counters()
        );
        assert_eq!(wrong, Vec::<String>::new());
        assert!(writes > 0);
    }
}

/// An owner of an entity, one of several in turns.
struct Owner {
    world: Arc<World>,
    engine: Arc<Postgres>,
    side: usize,
    index: usize,
}

/// The entity was taken over, or ownership is unknown.
struct Lost;

impl Owner {
    async fn run(self) {
        while !self.world.is_over() {
            // A load takes the entity over from the present owner.
            let _ = self.own().await;
            tokio::task::yield_now().await;
        }
    }

    async fn own(&self) -> Result<(), Lost> {
        let entity = &self.world.entities[self.index];
        let epoch = entity.epochs.fetch_add(1, Ordering::Relaxed) + 1;
        let loaded = self.engine.load(entity.name.clone(), Epoch(epoch)).await;
        let mut lines = lines(loaded.map_err(|_| Lost)?);
        let event = Event::Loaded {
            epoch,
            lines: lines.clone(),
        };
        self.world.note(self.side, self.index, event);
        // Repeats the last append of the previous owner, under that owner's key.
        if let Some(last) = lines.last() {
            self.append(epoch, lines.len() as u64, *last).await?;
        }
        for _ in 0..STEPS {
            if self.world.is_over() {
                break;
            }
            let number = self.world.numbers.fetch_add(1, Ordering::Relaxed) + 1;
            let line = Line { epoch, number };
            let position = lines.len() as u64 + 1;
            self.write(position, line).await?;
            lines.push(line);
            self.append(epoch, position, line).await?;
            if lines.len().is_multiple_of(SNAPSHOT_EVERY) {
                self.snapshot(epoch, &lines).await?;
            }
        }
        Ok(())
    }

    /// Writes until the outcome is known.
    async fn write(&self, position: u64, line: Line) -> Result<(), Lost> {
        loop {
            let name = self.world.entities[self.index].name.clone();
            let records = vec![encode(line)];
            let (epoch, from) = (Epoch(line.epoch), Position(position));
            let outcome = outcome(&self.engine.journal(name, epoch, from, records).await);
            let event = Event::Wrote {
                position,
                line,
                outcome,
            };
            self.world.note(self.side, self.index, event);
            match outcome {
                Outcome::Done => return Ok(()),
                Outcome::NotDone => return Err(Lost),
                Outcome::Unknown => {}
            }
        }
    }

    async fn append(&self, epoch: u64, position: u64, line: Line) -> Result<(), Lost> {
        loop {
            let key = AppendKey {
                writer: self.world.entities[self.index].name.clone(),
                epoch: Epoch(line.epoch),
                step: Position(position),
            };
            let records = vec![encode(line)];
            let append = self.engine.append("log".into(), Epoch(epoch), key, records);
            let outcome = outcome(&append.await);
            let event = Event::Appended { line, outcome };
            self.world.note(self.side, self.index, event);
            match outcome {
                Outcome::Done => return Ok(()),
                Outcome::NotDone => return Err(Lost),
                Outcome::Unknown => {}
            }
        }
    }

    async fn snapshot(&self, epoch: u64, lines: &[Line]) -> Result<(), Lost> {
        let bytes: Vec<u8> = lines.iter().flat_map(|it| encode(*it)).collect();
        let snapshot = Snapshot {
            position: Position(lines.len() as u64),
            bytes: bytes.into(),
            parts: Vec::new(),
        };
        let name = self.world.entities[self.index].name.clone();
        let kept = self.engine.snapshot(name, Epoch(epoch), snapshot).await;
        match outcome(&kept) {
            // A snapshot that is not stored is no loss: the journal has the data.
            Outcome::Done | Outcome::Unknown => Ok(()),
            Outcome::NotDone => Err(Lost),
        }
    }
}

async fn read_logs(engine: &Postgres) -> BTreeMap<Key, Vec<Line>> {
    let mut logs = BTreeMap::<Key, Vec<Line>>::new();
    let mut next = Position(1);
    loop {
        let records = engine.read("log".into(), next).await.unwrap();
        let Some(last) = records.last() else {
            return logs;
        };
        next = last.position.next();
        for record in records {
            let line = decode(&record.bytes);
            logs.entry(record.key.writer).or_default().push(line);
        }
    }
}

fn outcome(result: &Result<(), Failure>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done,
        Err(failure) if failure.is_not_done() => Outcome::NotDone,
        Err(_) => Outcome::Unknown,
    }
}

fn encode(line: Line) -> Bytes {
    let mut bytes = line.epoch.to_le_bytes().to_vec();
    bytes.extend(line.number.to_le_bytes());
    bytes.into()
}

fn decode(bytes: &[u8]) -> Line {
    let number = |from: usize| u64::from_le_bytes(bytes[from..from + 8].try_into().unwrap());
    Line {
        epoch: number(0),
        number: number(8),
    }
}

fn lines(loaded: wayfare_engine::storage::Loaded) -> Vec<Line> {
    let state = loaded.snapshot.map(|it| it.bytes).unwrap_or_default();
    let mut lines: Vec<Line> = state.chunks(16).map(decode).collect();
    lines.extend(loaded.journal.iter().map(|it| decode(it)));
    lines
}
