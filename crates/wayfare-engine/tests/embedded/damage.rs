//! Tests of damaged files: they open with the undamaged rest, or are refused with advice, and never
//! cause a panic.

use std::path::Path;

use bytes::Bytes;
use wayfare_engine::embedded::OpenError;
use wayfare_engine::storage::{AppendKey, Failure, Loaded, Position, Snapshot};
use wayfare_engine::{Coordination, Embedded, Storage};
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Expect, Key};

use crate::blocking::block_on;

const ROOMS: u64 = 8;

fn entity(number: u64) -> Key {
    format!("room/{number}").into()
}

fn record(number: u64, position: u64) -> Bytes {
    let text = format!("journal of room {number} at {position} ");
    Bytes::from(text.repeat(12))
}

fn state(number: u64) -> Snapshot {
    let position = if number.is_multiple_of(2) { 3 } else { 0 };
    Snapshot {
        position: Position(position),
        bytes: Bytes::from(format!("state of room {number} ").repeat(40)),
        parts: Vec::new(),
    }
}

/// Makes a closed file with some of everything.
fn filled(path: &Path) -> Vec<u8> {
    let engine = Embedded::open(path).unwrap();
    for number in 0..ROOMS {
        block_on(engine.load(entity(number), Epoch(1))).unwrap();
        for position in 1..=6 {
            let records = vec![record(number, position)];
            let epoch = Epoch(1);
            block_on(engine.journal(entity(number), epoch, Position(position), records)).unwrap();
        }
        block_on(engine.snapshot(entity(number), Epoch(1), state(number))).unwrap();
        let name: Key = format!("record/{number}").into();
        block_on(engine.put(name, record(number, 0), Expect::Absent)).unwrap();
    }
    drop(engine);
    std::fs::read(path).unwrap()
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    refused: u64,
    whole: u64,
    corrupt: u64,
}

/// Opens the file at `path` and reads everything. Each item must be intact or reported as corrupt,
/// or the file refused.
fn look(path: &Path, found: &mut Found, what: &str) {
    let engine = match Embedded::open(path) {
        Ok(engine) => engine,
        Err(OpenError::Corrupt { .. } | OpenError::NotAStore { .. } | OpenError::Io { .. }) => {
            found.refused += 1;
            return;
        }
        Err(error) => panic!("{what}: {error}"),
    };
    for number in 0..ROOMS {
        match block_on(engine.load(entity(number), Epoch(2))) {
            Ok(loaded) => {
                let from = state(number).position.0 + 1;
                let journal = (from..=6).map(|position| record(number, position));
                let snapshot = Some(state(number));
                let journal = journal.collect();
                let expected = Loaded { snapshot, journal };
                assert_eq!(loaded, expected, "{what}: room {number}");
                found.whole += 1;
            }
            Err(Failure::Corrupt(_)) => {
                found.corrupt += 1;
                if block_on(engine.quarantine(entity(number), Epoch(2))).is_ok() {
                    let loaded = block_on(engine.load(entity(number), Epoch(2)));
                    assert_eq!(loaded, Ok(Loaded::default()), "{what}: room {number}");
                }
            }
            // Data that cannot be written any more is reported as such.
            Err(Failure::NotDone(_) | Failure::Unknown(_)) => found.corrupt += 1,
            Err(failure) => panic!("{what}: room {number}: {failure}"),
        }
    }
    let listing = block_on(engine.list("record/".into())).unwrap();
    let lost = engine.lost_records().len();
    assert_eq!(listing.records.len() + lost, ROOMS as usize, "{what}");
    for (name, record) in listing.records {
        let number = name["record/".len()..].parse().unwrap();
        assert_eq!(record.value, self::record(number, 0), "{what}: {name}");
    }
}

#[test]
fn every_sort_of_damage_is_found() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let bytes = filled(&path);
    let mut found = Found::default();
    let mut check = |bytes: &[u8], what: String| {
        std::fs::write(&path, bytes).unwrap();
        look(&path, &mut found, &what);
    };
    check(&bytes, "no damage".into());
    for length in (0..16)
        .map(|i| bytes.len() * i / 16)
        .chain([1, 9, 511, 4095])
    {
        check(&bytes[..length], format!("cut at {length}"));
    }
    // Only bytes in use are flipped, not those in free pages.
    let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
    for i in 0..150 {
        let at = used[(i * 7919) % used.len()];
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (i % 8);
        check(&damaged, format!("bit {} of byte {at} flipped", i % 8));
    }
    for page in 0..bytes.len() / 4096 {
        let mut damaged = bytes.clone();
        damaged[page * 4096..][..4096].fill(0);
        if damaged != bytes {
            check(&damaged, format!("page {page} zeroed"));
        }
    }
    println!("{found:?}");
    assert!(found.refused > 0 && found.whole > 0 && found.corrupt > 0);
}

#[test]
fn a_flipped_bit_in_a_journal_affects_one_entity() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let mut bytes = filled(&path);
    let needle = record(3, 5);
    let window = |it: &[u8]| it == &needle[..];
    // Free pages may still contain older copies.
    let copies: Vec<_> = (0..=bytes.len() - needle.len())
        .filter(|at| bytes[*at] == needle[0] && window(&bytes[*at..*at + needle.len()]))
        .collect();
    for at in copies {
        bytes[at + 40] ^= 4;
    }
    std::fs::write(&path, &bytes).unwrap();
    let mut found = Found::default();
    look(&path, &mut found, "one record");
    let expected = Found {
        refused: 0,
        whole: ROOMS - 1,
        corrupt: 1,
    };
    assert_eq!(found, expected);
    // The quarantine persists.
    let engine = Embedded::open(&path).unwrap();
    let loaded = block_on(engine.load(entity(3), Epoch(3)));
    assert_eq!(loaded, Ok(Loaded::default()));
}

#[test]
fn a_log_with_a_damaged_count_continues_at_its_end() {
    const LOGS: redb::TableDefinition<'_, &str, &[u8]> = redb::TableDefinition::new("logs");
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let append = |step: u64| {
        let engine = Embedded::open(&path).unwrap();
        block_on(engine.load(entity(1), Epoch(1))).unwrap();
        let key = AppendKey {
            writer: entity(1),
            epoch: Epoch(1),
            step: Position(step),
        };
        let records = vec![record(1, step)];
        block_on(engine.append("log".into(), Epoch(1), key, records)).unwrap();
        block_on(engine.read("log".into(), Position(1))).unwrap()
    };
    assert_eq!(append(1).len(), 1);
    let file = redb::Database::open(&path).unwrap();
    let change = file.begin_write().unwrap();
    let mut logs = change.open_table(LOGS).unwrap();
    assert!(
        logs.insert("log", b"nonsense".as_slice())
            .unwrap()
            .is_some()
    );
    drop(logs);
    change.commit().unwrap();
    drop(file);
    let records = append(2);
    let positions: Vec<u64> = records.iter().map(|record| record.position.0).collect();
    assert_eq!(positions, [1, 2]);
}
