//! Contenders that record the answers they get, and a check of all answers at the end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time;
use wayfare_engine::watch::Changes;
use wayfare_engine::{Coordination, Watch};
use wayfare_etcd::Etcd;
use wayfare_protocol::coordination::{Commit, Expect, Failure, Key, Record, Revision};

use crate::etcd_process::wait_for;

/// Few keys, so that contenders conflict.
const KEYS: usize = 4;

/// The time limit for a service to work again after a fault.
const PATIENCE: Duration = Duration::from_secs(25);

/// A change, and its answer.
struct Operation {
    key: Key,
    expect: Expect,
    /// The value, which no other operation writes.
    value: Bytes,
    outcome: Result<Commit, Failure>,
}

/// The state that contenders share.
#[derive(Default)]
struct Shared {
    operations: Mutex<Vec<Operation>>,
    /// The highest revision of each key that was acknowledged to anybody.
    acknowledged: [AtomicU64; KEYS],
    next_value: AtomicU64,
    done: AtomicUsize,
    is_over: AtomicBool,
}

/// Running contenders and watchers.
pub(crate) struct History {
    etcd: Etcd,
    start: Revision,
    shared: Arc<Shared>,
    contenders: Vec<JoinHandle<()>>,
    watches: Vec<Watch>,
}

impl History {
    /// Starts two contenders and a watch through each member.
    pub(crate) async fn start(etcd: &Etcd, members: usize) -> Self {
        let start = etcd.get(key(0)).await.unwrap().store;
        let shared = Arc::new(Shared::default());
        let contend = |index: usize| {
            let contender = contend(etcd.through(index), Arc::clone(&shared), index);
            tokio::spawn(contender)
        };
        let watch = |index: usize| etcd.through(index).watch("h/".into(), start);
        Self {
            etcd: etcd.clone(),
            start,
            contenders: (0..2 * members).map(contend).collect(),
            watches: (0..members).map(watch).collect(),
            shared,
        }
    }

    /// Waits until this many more changes were done.
    pub(crate) fn wait_for_more(&self, count: usize) {
        let enough = self.shared.done.load(Ordering::SeqCst) + count;
        wait_for("changes to be done", PATIENCE, || {
            self.shared.done.load(Ordering::SeqCst) >= enough
        });
    }

    /// Stops, and checks that every answer was true.
    pub(crate) async fn check(self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        for contender in self.contenders {
            contender.await.unwrap();
        }
        // A change with an unknown outcome cannot happen any more once its record has changed.
        for index in 0..KEYS {
            settle(&self.etcd, key(index)).await;
        }
        let listing = self.etcd.list("h/".into()).await.unwrap();
        let end = listing.records.iter().map(|it| it.1.revision).max();
        let end = end.unwrap();
        // Nothing is compacted here, so a watch from the start shows everything that happened.
        let truth = collect(self.etcd.watch("h/".into(), self.start), end).await;
        for watch in self.watches {
            let seen = collect(watch, end).await;
            assert_eq!(
                seen.len(),
                truth.len(),
                "watches miss nothing and repeat nothing"
            );
            assert_eq!(seen, truth);
        }
        let operations = self.shared.operations.lock().unwrap();
        check_operations(&operations, &truth);
        let unknown = operations.iter();
        let unknown = unknown.filter(|it| matches!(it.outcome, Err(Failure::Unknown(_))));
        println!(
            "{} operations, {} applied, {} unknown",
            operations.len(),
            truth.len(),
            unknown.count()
        );
    }
}

async fn contend(etcd: Etcd, shared: Arc<Shared>, index: usize) {
    for round in index.. {
        if shared.is_over.load(Ordering::SeqCst) {
            return;
        }
        let which = round % KEYS;
        let floor = shared.acknowledged[which].load(Ordering::SeqCst);
        let Ok(read) = etcd.get(key(which)).await else {
            continue;
        };
        let found = read.record.map(|it| it.revision);
        let revision = found.unwrap_or_default();
        assert!(
            revision.0 >= floor,
            "read {revision:?} after {floor} was acknowledged"
        );
        let value = shared.next_value.fetch_add(1, Ordering::SeqCst);
        let value = Bytes::from(value.to_string());
        let expect = found.map_or(Expect::Absent, Expect::Revision);
        let outcome = etcd.put(key(which), value.clone(), expect).await;
        if let Ok(Commit::Done(revision)) = outcome {
            shared.acknowledged[which].fetch_max(revision.0, Ordering::SeqCst);
            shared.done.fetch_add(1, Ordering::SeqCst);
        }
        let operation = Operation {
            key: key(which),
            expect,
            value,
            outcome,
        };
        shared.operations.lock().unwrap().push(operation);
    }
}

/// Changes a record, so that earlier changes in flight cannot be applied any more.
async fn settle(etcd: &Etcd, key: Key) {
    loop {
        let Ok(read) = etcd.get(key.clone()).await else {
            continue;
        };
        let expect = match &read.record {
            Some(Record { revision, .. }) => Expect::Revision(*revision),
            None => Expect::Absent,
        };
        let settled = Bytes::from(format!("settled at {}", read.store.0));
        if let Ok(Commit::Done(_)) = etcd.put(key.clone(), settled, expect).await {
            return;
        }
    }
}

async fn collect(mut watch: Watch, end: Revision) -> Vec<Changes> {
    let mut seen: Vec<Changes> = Vec::new();
    while seen.last().is_none_or(|it| it.revision < end) {
        let next = time::timeout(PATIENCE, watch.next()).await;
        seen.push(next.expect("a watch goes on").unwrap().unwrap());
    }
    seen
}

fn check_operations(operations: &[Operation], truth: &[Changes]) {
    let mut applied = BTreeMap::new();
    let mut last: BTreeMap<Key, Revision> = BTreeMap::new();
    let mut before = BTreeMap::new();
    for commit in truth {
        let [change] = &commit.changes[..] else {
            panic!("one change each: {commit:?}")
        };
        let value = change.value.clone().unwrap();
        let expected = last.insert(change.key.clone(), commit.revision);
        before.insert(commit.revision, expected);
        let again = applied.insert((change.key.clone(), value), commit.revision);
        assert_eq!(again, None, "no change happens twice: {commit:?}");
    }
    for Operation {
        key,
        expect,
        value,
        outcome,
    } in operations
    {
        let revision = applied.get(&(key.clone(), value.clone()));
        match outcome {
            Ok(Commit::Done(done)) => assert_eq!(revision, Some(done), "lost: {value:?}"),
            Ok(Commit::Refused) => assert_eq!(revision, None, "refused, yet there: {value:?}"),
            Err(Failure::NotDone(why)) => assert_eq!(revision, None, "{why}, yet there"),
            Err(Failure::Unknown(_)) => {}
        }
        if let Some(revision) = revision {
            // So no revision was won twice.
            let expected = before[revision].map_or(Expect::Absent, Expect::Revision);
            assert_eq!(expected, *expect, "{key} was not what its writer expected");
        }
    }
}

fn key(index: usize) -> Key {
    format!("h/{index}").into()
}
