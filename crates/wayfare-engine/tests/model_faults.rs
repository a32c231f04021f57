//! Tests of the models' faults: they happen, repeat with their seed, and lose nothing that was
//! acknowledged.

use bytes::Bytes;
use wayfare_engine::model::faults::{
    Delays, Faulty, FaultyCoordination, FaultyStorage, Happened, Rates, Service, Ticket,
};
use wayfare_engine::model::{ModelCoordination, ModelStorage};
use wayfare_engine::storage::{self, Position};
use wayfare_protocol::coordination::{
    Commit, Expect, Failure, Key, Reply, Request, Revision, Write,
};
use wayfare_protocol::{Epoch, Instant};

const RATES: Rates = Rates {
    unavailable: 0.05,
    lost: 0.05,
    unanswered: 0.05,
    late: 0.05,
    refused: 0.05,
    slow: 0.05,
    watch_lag: 0.2,
    watch_compacted: 0.05,
};

/// A service and a caller that sends one request after another.
struct Asker<S: Service> {
    faulty: Faulty<S>,
    now: Instant,
    tickets: u64,
}

impl<S: Service> Asker<S> {
    fn new(service: S, seed: u64) -> Self {
        Self {
            faulty: Faulty::new(service, seed, RATES, Delays::default()),
            now: Instant::ORIGIN,
            tickets: 0,
        }
    }

    fn send(&mut self, request: S::Request) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.faulty.handle_request(ticket, request, self.now);
        ticket
    }

    fn ask(&mut self, request: S::Request) -> S::Outcome {
        let ticket = self.send(request);
        loop {
            while let Some((answered, outcome)) = self.faulty.poll_output() {
                if answered == ticket {
                    return outcome;
                }
            }
            assert!(self.wait(), "no answer");
        }
    }

    fn wait(&mut self) -> bool {
        let Some((next, _)) = self.faulty.poll_timeout() else {
            return false;
        };
        self.now = next;
        self.faulty.handle_timeout(next);
        true
    }
}

fn put(key: &str, number: u64, expect: Expect) -> Write {
    Write::Put {
        key: key.into(),
        expect,
        value: Bytes::copy_from_slice(&number.to_be_bytes()),
    }
}

impl Asker<ModelCoordination> {
    /// Reads until there is an answer.
    fn read(&mut self, key: &str) -> (u64, Expect, Revision) {
        loop {
            let outcome = self.ask(Request::Get(key.into()));
            let Ok(Reply::Got { record, store }) = outcome else {
                continue;
            };
            let Some(record) = record else {
                return (0, Expect::Absent, store);
            };
            let number = u64::from_be_bytes(record.value[..].try_into().unwrap());
            return (number, Expect::Revision(record.revision), store);
        }
    }
}

/// The outcomes of a counter's increments.
#[derive(Debug, Default)]
struct History {
    done: u64,
    unknown: u64,
}

impl History {
    /// Checks that only increments with done or unknown outcomes can have changed the counter.
    fn verify(&self, counter: u64) {
        let most = self.done + self.unknown;
        assert!((self.done..=most).contains(&counter), "{counter}: {self:?}");
    }
}

/// Increments a counter, with power cuts between, and returns the faults that occurred.
fn raise(seed: u64) -> Happened {
    let mut asker = Asker::new(ModelCoordination::default(), seed);
    let mut history = History::default();
    let mut highest = Revision(0);
    for turn in 1..=300 {
        let (number, expect, store) = asker.read("a");
        assert!(store >= highest, "the revision went back");
        highest = store;
        let write = put("a", number + 1, expect);
        match asker.ask(Request::Commit(vec![write])) {
            Ok(Reply::Committed(Commit::Done(revision))) => {
                assert!(revision > highest);
                highest = revision;
                history.done += 1;
            }
            Ok(Reply::Committed(Commit::Refused)) | Err(Failure::NotDone(_)) => {}
            Err(Failure::Unknown(_)) => history.unknown += 1,
            other => panic!("{other:?}"),
        }
        let (lazy, expect, _) = asker.read("lazy");
        let write = put("lazy", lazy + 1, expect);
        let outcome = asker.ask(Request::CommitLazily(vec![write]));
        if let Ok(Reply::Committed(Commit::Done(revision))) = outcome {
            highest = highest.max(revision);
        }
        let told = asker.faulty.changes(&"a".into(), Revision(0));
        assert!(told.is_err() || told.is_ok_and(|it| it.len() <= 600));
        if turn % 50 == 0 {
            asker.faulty.cut_power();
        }
    }
    asker.faulty.set_rates(Rates::NONE);
    while asker.wait() {}
    history.verify(asker.read("a").0);
    asker.faulty.happened()
}

#[test]
fn coordination_faults_lose_nothing_acknowledged() {
    let mut undone = 0;
    for seed in 0..20 {
        let happened = raise(seed);
        let Happened {
            well,
            unavailable,
            lost,
            unanswered,
            late,
            refused,
            slow,
            watch_lag,
            watch_compacted,
            power_cuts,
            undone: of_seed,
        } = happened;
        undone += of_seed;
        let faults = [unavailable, lost, unanswered, late, refused, slow];
        assert!(faults.iter().all(|count| *count > 0), "{happened:?}");
        let told = [well, watch_lag, watch_compacted, power_cuts];
        assert!(told.iter().all(|count| *count > 0), "{happened:?}");
    }
    assert!(undone > 0);
}

#[test]
fn the_same_seed_gives_the_same_faults() {
    assert_eq!(raise(7), raise(7));
    assert_ne!(raise(7), raise(8));
}

impl Asker<ModelStorage> {
    /// Repeats a request until it is known to be done, as an owner may.
    fn insist(&mut self, request: &storage::Request) -> storage::Reply {
        loop {
            if let Ok(reply) = self.ask(request.clone()) {
                return reply;
            }
        }
    }

    fn load(&mut self, entity: &Key, epoch: u64) -> storage::Loaded {
        let entity = entity.clone();
        let epoch = Epoch(epoch);
        match self.insist(&storage::Request::Load { entity, epoch }) {
            storage::Reply::Loaded(loaded) => loaded,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_journal_is_written_once_through_all_faults() {
    for seed in 0..20 {
        let mut asker = Asker::new(ModelStorage::default(), seed);
        let entity: Key = "room/a".into();
        let mut expected = Vec::new();
        for epoch in 1..=8 {
            let loaded = asker.load(&entity, epoch);
            assert!(loaded.journal.starts_with(&expected), "seed {seed}");
            expected = loaded.journal;
            for _ in 0..10 {
                let record = Bytes::from(format!("{epoch} {}", expected.len()));
                let write = storage::Request::Journal {
                    entity: entity.clone(),
                    epoch: Epoch(epoch),
                    from: Position(expected.len() as u64 + 1),
                    records: vec![record.clone()],
                };
                asker.insist(&write);
                expected.push(record);
            }
            // A write in flight at the power cut: it is applied in the end, or not.
            let write = storage::Request::Journal {
                entity: entity.clone(),
                epoch: Epoch(epoch),
                from: Position(expected.len() as u64 + 1),
                records: vec![Bytes::from_static(b"perhaps")],
            };
            asker.send(write);
            asker.wait();
            if epoch % 2 == 0 {
                asker.faulty.cut_power();
            }
        }
        let loaded = asker.load(&entity, 9);
        assert!(loaded.journal.starts_with(&expected), "seed {seed}");
    }
}

#[test]
fn without_faults_outcomes_are_those_of_the_model() {
    let mut asker = Asker::new(ModelCoordination::default(), 1);
    asker.faulty.set_rates(Rates::NONE);
    let mut model = ModelCoordination::default();
    for turn in 0..100_u64 {
        let key = format!("{}", turn % 7);
        let requests = [
            Request::Get(key.as_str().into()),
            Request::Commit(vec![put(&key, turn, Expect::Absent)]),
            Request::Batch(vec![vec![put(
                &key,
                turn,
                Expect::Revision(Revision(turn)),
            )]]),
            Request::List("".into()),
        ];
        for request in requests {
            assert_eq!(asker.ask(request.clone()), model.apply(request));
        }
    }
    assert_eq!(asker.faulty.service().list(""), model.list(""));
}

#[test]
fn a_corrupt_entity_goes_on_after_a_quarantine() {
    let mut faulty: FaultyStorage =
        Faulty::new(ModelStorage::default(), 1, Rates::NONE, Delays::default());
    faulty.alter(|model| {
        model.load(&"room/a".into(), Epoch(1)).unwrap();
        model.corrupt("room/a");
    });
    let mut asker = Asker {
        faulty,
        now: Instant::ORIGIN,
        tickets: 0,
    };
    let entity: Key = "room/a".into();
    let load = storage::Request::Load {
        entity: entity.clone(),
        epoch: Epoch(2),
    };
    let corrupt = asker.ask(load.clone());
    assert!(matches!(corrupt, Err(storage::Failure::Corrupt(_))));
    let epoch = Epoch(2);
    let done = asker.ask(storage::Request::Quarantine { entity, epoch });
    assert_eq!(done, Ok(storage::Reply::Done));
    asker.faulty.cut_power();
    let empty = storage::Reply::Loaded(storage::Loaded::default());
    assert_eq!(asker.ask(load), Ok(empty));
}

#[test]
fn no_revision_is_issued_twice_after_a_power_cut() {
    let mut asker: Asker<ModelCoordination> = Asker {
        faulty: FaultyCoordination::new(
            ModelCoordination::default(),
            1,
            Rates::NONE,
            Delays::default(),
        ),
        now: Instant::ORIGIN,
        tickets: 0,
    };
    let mut highest = Revision(0);
    for number in 0..50 {
        let (_, expect, store) = asker.read("lazy");
        assert!(store >= highest);
        let write = put("lazy", number, expect);
        let outcome = asker.ask(Request::CommitLazily(vec![write]));
        let Ok(Reply::Committed(Commit::Done(revision))) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(revision > highest);
        highest = revision;
        asker.faulty.cut_power();
    }
}
