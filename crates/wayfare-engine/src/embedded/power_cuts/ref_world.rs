//! The reference model: what must exist after a power failure, derived from the answers alone.

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Expect, Key, Revision, Write};

use super::sim_engine::SimEngine;
use crate::storage::{Failure, Loaded, LogRecord, PartId, Position, Reply, Request};

/// A value that only grows: how much was acknowledged, and how much was requested.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grown {
    pub(super) acknowledged: u64,
    pub(super) asked: u64,
}

impl Grown {
    /// Returns the next value to request.
    pub(super) fn next(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    pub(super) fn acknowledge(&mut self, to: u64) {
        self.acknowledged = self.acknowledged.max(to);
    }

    /// Checks the value found after a cut and continues from there.
    fn found(&mut self, what: &str, found: u64) {
        let Self {
            acknowledged,
            asked,
        } = *self;
        assert!(
            (acknowledged..=asked).contains(&found),
            "{what}: {found} is there, {acknowledged} was acknowledged, {asked} asked for"
        );
        (self.acknowledged, self.asked) = (found, found);
    }
}

#[derive(Debug, Default)]
pub(super) struct RefEntity {
    pub(super) journal: Grown,
    /// The position of the snapshot.
    pub(super) snapshot: Grown,
}

/// A step to append. It is repeated until it is answered, even if it was applied already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Append {
    pub(super) is_acknowledged: bool,
    is_found: bool,
}

/// All the data of the test. The bytes of each item follow from its name and number.
#[derive(Debug, Default)]
pub(super) struct RefWorld {
    pub(super) epoch: u64,
    pub(super) entities: BTreeMap<Key, RefEntity>,
    /// Steps that were appended to the log.
    pub(super) appends: BTreeMap<u64, Append>,
    pub(super) document: Grown,
    /// Two records, always written together.
    pub(super) pair: Grown,
    /// A record that is written lazily. An acknowledged pair behind it makes it durable.
    pub(super) lazy: Grown,
    pub(super) revision: Revision,
    pub(super) document_revision: Option<Revision>,
    pub(super) pair_revision: Option<Revision>,
    pub(super) lazy_revision: Option<Revision>,
    pub(super) checks: u64,
}

pub(super) fn content(name: &str, number: u64) -> Bytes {
    let length = 20 + (number * 37) % 900;
    let mut text = format!("{name} {number} ");
    while (text.len() as u64) < length {
        text.push('.');
    }
    Bytes::from(text)
}

pub(super) fn number_of(bytes: &[u8]) -> u64 {
    let text = std::str::from_utf8(bytes).expect("text");
    let number = text.split(' ').nth(1).and_then(|it| it.parse().ok());
    number.expect("a number")
}

pub(super) fn put(key: &str, number: u64, revision: Option<Revision>) -> Write {
    Write::Put {
        key: key.into(),
        expect: revision.map_or(Expect::Absent, Expect::Revision),
        value: content(key, number),
    }
}

/// Returns the two parts of a snapshot: one of its own, and one that several snapshots share.
pub(super) fn parts_of(position: u64) -> Vec<PartId> {
    let part = |number, version| PartId { number, version };
    vec![part(1, position + 1), part(2, position / 4 + 1)]
}

pub(super) fn part_content(part: PartId) -> Bytes {
    content(&format!("part{}", part.number), part.version)
}

impl RefWorld {
    /// Compares the stored data with the acknowledged data, and continues from the stored data.
    pub(super) fn verify(&mut self, engine: &mut SimEngine) {
        self.verify_coordination(engine);
        self.verify_document(engine);
        self.verify_log(engine);
        self.epoch += 1;
        let names: Vec<Key> = self.entities.keys().cloned().collect();
        for name in names {
            self.verify_entity(engine, &name);
        }
        // The entity is created and forgotten in one group, repeatedly.
        let load = Request::Load {
            entity: "party/1".into(),
            epoch: Epoch(self.epoch),
        };
        assert_eq!(engine.call(load), Ok(Reply::Loaded(Loaded::default())));
    }

    fn verify_coordination(&mut self, engine: &SimEngine) {
        let state = engine.shared.lock();
        let model = state.watched.model();
        assert!(model.revision() >= self.revision, "the revision went back");
        self.revision = model.revision();
        let record = |key: &str| {
            let record = model.read(key).record?;
            assert_eq!(record.value, content(key, number_of(&record.value)));
            Some((number_of(&record.value), record.revision))
        };
        let (one, two) = (record("one"), record("two"));
        assert_eq!(one, two, "half of a commit was applied");
        let number = |it: Option<(u64, Revision)>| it.map_or(0, |(number, _)| number);
        self.pair.found("the pair", number(one));
        self.lazy.found("the lazy record", number(record("lazy")));
        self.pair_revision = one.map(|(_, revision)| revision);
        self.lazy_revision = record("lazy").map(|(_, revision)| revision);
        self.checks += 4;
    }

    fn verify_document(&mut self, engine: &mut SimEngine) {
        let read = engine.read(Request::Document("document".into()));
        let Ok(Reply::Document(found)) = read else {
            panic!("{read:?}");
        };
        let number = found.as_ref().map_or(0, |it| number_of(&it.value));
        self.document.found("the document", number);
        self.document_revision = found.map(|it| it.revision);
        self.checks += 1;
    }

    fn verify_log(&mut self, engine: &mut SimEngine) {
        let mut from = Position(1);
        let mut steps: BTreeMap<u64, u64> = BTreeMap::new();
        loop {
            let log = "log".into();
            let read = engine.read(Request::Read { log, from });
            let Ok(Reply::Read(records)) = read else {
                panic!("{read:?}");
            };
            let Some(last) = records.last() else {
                break;
            };
            let next = last.position.next();
            for LogRecord {
                position,
                key,
                bytes,
            } in records
            {
                assert_eq!(position, from, "a gap in the log");
                from = from.next();
                assert_eq!(bytes, content("log", key.step.0));
                *steps.entry(key.step.0).or_default() += 1;
            }
            assert_eq!(from, next);
        }
        for (step, append) in &mut self.appends {
            let count = steps.remove(step).unwrap_or_default();
            let must_be_there = append.is_acknowledged || append.is_found;
            // Each append has two records.
            assert!(
                count == 2 || (count == 0 && !must_be_there),
                "append {step}: {count}, {append:?}"
            );
            append.is_found = count == 2;
            self.checks += 1;
        }
        assert!(steps.is_empty(), "nobody appended {steps:?}");
    }

    fn verify_entity(&mut self, engine: &mut SimEngine, name: &Key) {
        let entity = self.entities.get_mut(name).expect("an entity");
        let load = |epoch| Request::Load {
            entity: name.clone(),
            epoch: Epoch(epoch),
        };
        let loaded = engine.call(load(self.epoch));
        let Ok(Reply::Loaded(loaded)) = loaded else {
            panic!("{name}: {loaded:?}");
        };
        let by = Epoch(self.epoch);
        let older = engine.call(load(self.epoch - 1));
        assert_eq!(older, Err(Failure::Sealed { by }));
        entity.journal.found(name, loaded.next().0 - 1);
        let mut position = 0;
        if let Some(snapshot) = &loaded.snapshot {
            position = snapshot.position.0;
            assert_eq!(snapshot.bytes, content(name, position));
            assert_eq!(snapshot.parts, parts_of(position));
            for part in &snapshot.parts {
                let (entity, part) = (name.clone(), *part);
                let read = engine.read(Request::ReadPart { entity, part });
                assert_eq!(read, Ok(Reply::Part(Some(part_content(part)))));
            }
        }
        entity.snapshot.found("the snapshot", position);
        for record in &loaded.journal {
            position += 1;
            assert_eq!(*record, content(name, position));
        }
        self.checks += 3;
    }
}
