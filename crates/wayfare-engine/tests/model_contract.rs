//! Tests that the models keep the contract, and that it detects broken engines.

mod blocking;

use std::thread;

use blocking::{block_on, broken};
use bytes::Bytes;
use wayfare_engine::contract;
use wayfare_engine::model::{CHANGES_MAX, MemoryCoordination, MemoryStorage, ModelCoordination};
use wayfare_engine::{Coordination, Pending, Watch};
use wayfare_protocol::coordination::{Expect, Failure, Key, Outcome, Request, Revision, Write};

#[test]
fn the_model_of_coordination_keeps_the_contract() {
    let engine = MemoryCoordination::default();
    let none: [&str; 0] = [];
    assert_eq!(broken(contract::coordination(), &engine, "1"), none);
}

#[test]
fn the_model_of_storage_keeps_the_contract() {
    let engine = MemoryStorage::default();
    let none: [&str; 0] = [];
    assert_eq!(broken(contract::storage(), &engine, "1"), none);
}

#[test]
fn cases_have_different_names() {
    let coordination = contract::coordination();
    let storage = contract::storage();
    let names = coordination.iter().map(|case| case.name);
    let mut names: Vec<_> = names.chain(storage.iter().map(|case| case.name)).collect();
    // Both traits have a `call`.
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len() + 1, coordination.len() + storage.len());
}

#[test]
fn the_model_of_coordination_reports_forgotten_changes() {
    let engine = MemoryCoordination::default();
    block_on(contract::fall_behind(&engine, "contract", CHANGES_MAX)).unwrap();
    let engine = MemoryCoordination::new(ModelCoordination::new(3));
    block_on(contract::fall_behind(&engine, "contract", 3)).unwrap();
}

#[test]
fn threads_that_race_lose_no_change() {
    let engine = MemoryCoordination::default();
    let run = || block_on(contract::race(&engine, "race")).unwrap();
    let wins: u32 = thread::scope(|scope| {
        let contenders: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        contenders.into_iter().map(|it| it.join().unwrap()).sum()
    });
    assert!(wins >= contract::RACE_COUNTERS);
    assert_eq!(block_on(contract::race_total(&engine, "race")), Ok(wins));
}

#[test]
fn a_watch_wakes_a_reader_on_another_thread() {
    let engine = MemoryCoordination::default();
    let writers: u64 = 4;
    let each: u64 = 200;
    let mut watch = engine.watch("w/".into(), Revision(0));
    let seen = thread::scope(|scope| {
        for writer in 0..writers {
            let engine = &engine;
            scope.spawn(move || {
                for i in 0..each {
                    let key = format!("w/{writer}/{i}").into();
                    block_on(engine.put(key, Bytes::new(), Expect::Absent)).unwrap();
                }
            });
        }
        let reader = scope.spawn(move || {
            block_on(async {
                let mut seen = Vec::new();
                while seen.len() < (writers * each) as usize {
                    seen.push(watch.next().await.unwrap().unwrap().revision.0);
                }
                seen
            })
        });
        reader.join().unwrap()
    });
    assert_eq!(seen, (1..=writers * each).collect::<Vec<_>>());
}

#[test]
fn a_watch_ends_with_its_engine() {
    let engine = MemoryCoordination::default();
    let mut watch = engine.watch("".into(), Revision(0));
    let reader = thread::spawn(move || block_on(watch.next()));
    drop(engine);
    assert_eq!(reader.join().unwrap(), None);
}

#[derive(Clone, Copy)]
enum Fault {
    LastWriteWins,
    ChecksAreIgnored,
    CommitsInParts,
    PrefixEndsAnywhere,
    WatchFromTheEnd,
}

/// A model with one fault.
struct StubCoordination(MemoryCoordination, Fault);

impl StubCoordination {
    /// Replaces each expectation by the record's present state.
    async fn expect_nothing(&self, mut writes: Vec<Write>) -> Result<Vec<Write>, Failure> {
        for write in &mut writes {
            if let Write::Put { key, expect, .. } = write {
                let record = self.0.get(key.clone()).await?.record;
                *expect = record.map_or(Expect::Absent, |it| Expect::Revision(it.revision));
            }
        }
        Ok(writes)
    }

    async fn commit_badly(&self, mut writes: Vec<Write>) -> Outcome {
        match self.1 {
            Fault::LastWriteWins => writes = self.expect_nothing(writes).await?,
            Fault::ChecksAreIgnored => writes.retain(|it| !matches!(it, Write::Check { .. })),
            Fault::CommitsInParts if writes.len() > 1 => {
                let last = writes.split_off(writes.len() - 1);
                self.0.commit(writes).await?;
                writes = last;
            }
            _ => {}
        }
        self.0.call(Request::Commit(writes)).await
    }
}

impl Coordination for StubCoordination {
    fn call(&self, request: Request) -> Pending<'_, Outcome> {
        let Self(model, fault) = self;
        match (fault, request) {
            (Fault::PrefixEndsAnywhere, Request::List(prefix)) => {
                model.call(Request::List(prefix.trim_end_matches('/').into()))
            }
            (_, Request::Commit(writes)) => Box::pin(self.commit_badly(writes)),
            (_, request) => model.call(request),
        }
    }

    fn watch(&self, prefix: Key, after: Revision) -> Watch {
        if matches!(self.1, Fault::WatchFromTheEnd) {
            return self.0.watch(prefix, Revision(after.0 + 1));
        }
        self.0.watch(prefix, after)
    }
}

#[test]
fn an_engine_with_a_fault_is_caught() {
    for (fault, expected) in [
        (
            Fault::LastWriteWins,
            "one_of_several_writers_wins_a_revision",
        ),
        (Fault::ChecksAreIgnored, "a_commit_is_all_or_nothing"),
        (Fault::CommitsInParts, "a_commit_is_all_or_nothing"),
        (
            Fault::PrefixEndsAnywhere,
            "a_list_is_ordered_and_ends_with_its_prefix",
        ),
        (Fault::WatchFromTheEnd, "a_watch_tells_changes_in_order"),
    ] {
        let engine = StubCoordination(MemoryCoordination::default(), fault);
        let mut cases = contract::coordination();
        // A broken engine may make other cases wait without an end.
        cases.retain(|case| case.name == expected);
        assert_eq!(broken(cases, &engine, "1").len(), 1, "{expected}");
    }
}
