//! Tests that the embedded engine keeps the contract, also after the file is opened again.

#[path = "../blocking/mod.rs"]
mod blocking;
mod damage;

use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use blocking::{block_on, broken};
use bytes::Bytes;
use tempfile::TempDir;
use wayfare_engine::embedded::{BackupError, OpenError, RESTORE_MARGIN, restore};
use wayfare_engine::storage::{Failure, PartId, Position, Snapshot};
use wayfare_engine::{Coordination, Embedded, Storage, contract};
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Commit, Expect, Key, Revision, Write};

const NONE: [&str; 0] = [];

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn open(&self) -> Embedded {
        Embedded::open(&self.path("store")).unwrap()
    }
}

#[test]
fn it_keeps_the_contract_of_coordination() {
    let place = Place::new();
    let engine: Box<dyn Coordination> = Box::new(place.open());
    assert_eq!(broken(contract::coordination(), &*engine, "1"), NONE);
    drop(engine);
    let engine: Box<dyn Coordination> = Box::new(place.open());
    assert_eq!(broken(contract::coordination(), &*engine, "2"), NONE);
    drop(engine);
    let engine = place.open();
    block_on(contract::fall_behind(
        &engine,
        "again",
        wayfare_engine::model::CHANGES_MAX,
    ))
    .unwrap();
}

#[test]
fn it_keeps_the_contract_of_storage() {
    let place = Place::new();
    let engine: Box<dyn Storage> = Box::new(place.open());
    assert_eq!(broken(contract::storage(), &*engine, "1"), NONE);
    drop(engine);
    let engine: Box<dyn Storage> = Box::new(place.open());
    assert_eq!(broken(contract::storage(), &*engine, "2"), NONE);
}

#[test]
fn threads_that_race_lose_no_change() {
    let place = Place::new();
    let engine = place.open();
    let run = || block_on(contract::race(&engine, "race")).unwrap();
    let wins: u32 = thread::scope(|scope| {
        let contenders: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        contenders.into_iter().map(|it| it.join().unwrap()).sum()
    });
    assert_eq!(block_on(contract::race_total(&engine, "race")), Ok(wins));
}

fn put(key: &str, expect: Expect) -> Write {
    Write::Put {
        key: key.into(),
        expect,
        value: Bytes::from_static(b"x"),
    }
}

fn revision_of(commit: Commit) -> Revision {
    match commit {
        Commit::Done(revision) => revision,
        Commit::Refused => panic!("refused"),
    }
}

#[test]
fn done_writes_are_there_after_reopening() {
    let place = Place::new();
    let (entity, epoch): (Key, _) = ("room/a".into(), Epoch(3));
    let part = PartId {
        number: 1,
        version: 1,
    };
    let bytes = Bytes::from_static(b"state");
    let snapshot = Snapshot {
        position: Position(1),
        bytes: bytes.clone(),
        parts: vec![part],
    };
    let engine = place.open();
    let durable = revision_of(block_on(engine.commit(vec![put("a", Expect::Absent)])).unwrap());
    let lazy = block_on(engine.commit_lazily(vec![put("b", Expect::Absent)])).unwrap();
    let document = block_on(engine.put_document("d".into(), bytes.clone(), Expect::Absent));
    block_on(async {
        engine.load(entity.clone(), epoch).await?;
        engine
            .part(entity.clone(), epoch, part, bytes.clone())
            .await?;
        let records = vec![bytes.clone(), bytes.clone()];
        engine
            .journal(entity.clone(), epoch, Position(1), records)
            .await?;
        engine
            .snapshot(entity.clone(), epoch, snapshot.clone())
            .await
    })
    .unwrap();
    drop(engine);

    let engine = place.open();
    let listing = block_on(engine.list("".into())).unwrap();
    let revisions: Vec<_> = listing.records.iter().map(|(_, it)| it.revision).collect();
    assert_eq!(revisions, vec![durable, revision_of(lazy)]);
    assert!(listing.store >= revision_of(lazy));
    let found = block_on(engine.document("d".into())).unwrap().unwrap();
    assert_eq!(Commit::Done(found.revision), document.unwrap());
    let older = block_on(engine.load(entity.clone(), Epoch(2)));
    assert_eq!(older, Err(Failure::Sealed { by: epoch }));
    let loaded = block_on(engine.load(entity.clone(), epoch)).unwrap();
    assert_eq!(loaded.snapshot, Some(snapshot));
    assert_eq!(loaded.journal, vec![bytes.clone()]);
    let read = block_on(engine.read_part(entity.clone(), part)).unwrap();
    assert_eq!(read, Some(bytes.clone()));
    // The owner is still the same, so it may repeat its writes.
    block_on(engine.part(entity.clone(), epoch, part, bytes.clone())).unwrap();
    block_on(engine.journal(entity, epoch, Position(2), vec![bytes.clone(), bytes])).unwrap();
}

#[test]
fn changes_before_reopening_are_reported_as_forgotten() {
    let place = Place::new();
    let engine = place.open();
    let first = revision_of(block_on(engine.commit(vec![put("a", Expect::Absent)])).unwrap());
    block_on(engine.commit(vec![put("b", Expect::Absent)])).unwrap();
    drop(engine);
    let engine = place.open();
    let mut watch = engine.watch("".into(), first);
    assert!(matches!(block_on(watch.next()), Some(Err(_))));
    let listing = block_on(engine.list("".into())).unwrap();
    let mut watch = engine.watch("".into(), listing.store);
    let third = block_on(engine.commit(vec![put("c", Expect::Absent)])).unwrap();
    let told = block_on(watch.next()).unwrap().unwrap();
    assert_eq!(Commit::Done(told.revision), third);
}

#[test]
fn reads_and_lazy_commits_are_answered_at_the_first_poll() {
    let place = Place::new();
    let engine = place.open();
    let mut context = Context::from_waker(Waker::noop());
    let mut get = pin!(engine.get("a".into()));
    assert!(get.as_mut().poll(&mut context).is_ready());
    let mut lazy = pin!(engine.commit_lazily(vec![put("a", Expect::Absent)]));
    let Poll::Ready(Ok(commit)) = lazy.as_mut().poll(&mut context) else {
        panic!("not answered at once");
    };
    let found = block_on(engine.get("a".into())).unwrap().record.unwrap();
    assert_eq!(Commit::Done(found.revision), commit);
}

#[test]
fn many_writes_share_a_sync() {
    let place = Place::new();
    let engine = place.open();
    let before = engine.counters();
    let writes: Vec<_> = (0..1000)
        .map(|i| engine.commit(vec![put(&i.to_string(), Expect::Absent)]))
        .collect();
    for write in writes {
        revision_of(block_on(write).unwrap());
    }
    let after = engine.counters();
    assert_eq!(after.requests - before.requests, 1000);
    assert!(after.syncs - before.syncs < 500);
    assert!(after.bytes_written > before.bytes_written);
    assert_eq!(after.queued, 0);
    assert!(!after.has_failed);
}

#[test]
fn a_file_that_is_open_is_not_opened_twice() {
    let place = Place::new();
    let engine = place.open();
    let second = Embedded::open(&place.path("store"));
    assert!(matches!(second, Err(OpenError::InUse { .. })), "{second:?}");
    let message = second.unwrap_err().to_string();
    assert!(message.contains("another server"), "{message}");
    drop(engine);
    place.open();
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_a_store_or_its_backup() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("a.redb"), folder.path().join("b.redb"));
    let store = Embedded::open(&path).unwrap();
    store.backup(&backup).unwrap();
    for path in [path, backup] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn a_file_that_is_not_a_store_is_named() {
    let place = Place::new();
    let refused = |path: &Path| {
        let error = Embedded::open(path).unwrap_err();
        let named = place.0.path().to_str().unwrap();
        assert!(error.to_string().contains(named), "{error}");
        error
    };
    let missing = refused(&place.path("no/store"));
    assert!(matches!(missing, OpenError::NoFolder { .. }));
    std::fs::create_dir(place.path("store.d")).unwrap();
    let folder = refused(&place.path("store.d"));
    assert!(matches!(folder, OpenError::IsFolder { .. }));
    for (name, bytes) in [("empty-store", &b""[..]), ("text-store", b"hello\n")] {
        std::fs::write(place.path(name), bytes).unwrap();
        let error = refused(&place.path(name));
        assert!(matches!(error, OpenError::NotAStore { .. }), "{error}");
    }
}

#[test]
fn a_backup_is_restored_with_higher_revisions() {
    let place = Place::new();
    let (store, backup) = (place.path("store"), place.path("backup"));
    let engine = place.open();
    let entity: Key = "room/a".into();
    let record = vec![Bytes::from_static(b"1")];
    let write =
        |epoch, position| engine.journal(entity.clone(), epoch, Position(position), record.clone());
    block_on(engine.load(entity.clone(), Epoch(1))).unwrap();
    block_on(write(Epoch(1), 1)).unwrap();
    block_on(engine.commit(vec![put("a", Expect::Absent)])).unwrap();
    engine.backup(&backup).unwrap();
    let twice = engine.backup(&backup);
    assert!(matches!(twice, Err(BackupError::Exists { .. })));
    block_on(write(Epoch(1), 2)).unwrap();
    let last = revision_of(block_on(engine.commit(vec![put("b", Expect::Absent)])).unwrap());
    let in_use = restore(&backup, &store).unwrap_err();
    assert!(matches!(in_use, BackupError::Open(OpenError::InUse { .. })));
    drop(engine);

    restore(&backup, &store).unwrap();
    assert!(place.path("store.replaced").exists());
    let engine = place.open();
    let read = block_on(engine.get("b".into())).unwrap();
    assert_eq!(read.record, None);
    assert!(read.store.0 >= last.0 + RESTORE_MARGIN - (1 << 21));
    assert!(block_on(engine.get("a".into())).unwrap().record.is_some());
    let loaded = block_on(engine.load(entity, Epoch(1))).unwrap();
    assert_eq!(loaded.journal, record);

    // The same again: what the first life after a restore gave out does not come again.
    let again = revision_of(block_on(engine.commit(vec![put("b", Expect::Absent)])).unwrap());
    drop(engine);
    restore(&backup, &store).unwrap();
    let read = block_on(place.open().get("b".into())).unwrap();
    assert_eq!(read.record, None);
    assert!(read.store > again, "{:?} {again:?}", read.store);
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let place = Place::new();
    let (store, backup) = (place.path("store"), place.path("backup"));
    let engine = place.open();
    let value = Bytes::from(vec![7; 100_000]);
    block_on(engine.put_document("d".into(), value, Expect::Absent)).unwrap();
    engine.backup(&backup).unwrap();
    drop(engine);
    let mut bytes = std::fs::read(&backup).unwrap();
    let middle = bytes.windows(64).position(|it| it == [7; 64]).unwrap();
    bytes[middle + 1000] ^= 1;
    std::fs::write(&backup, &bytes).unwrap();
    let before = std::fs::read(&store).unwrap();
    let refused = restore(&backup, &store).unwrap_err();
    assert!(matches!(
        refused,
        BackupError::Open(OpenError::Corrupt { .. })
    ));
    assert_eq!(std::fs::read(&store).unwrap(), before);
    assert_eq!(std::fs::read_dir(place.0.path()).unwrap().count(), 2);
}
