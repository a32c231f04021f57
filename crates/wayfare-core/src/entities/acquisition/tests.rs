//! Acquisitions against the models of coordination and storage, with a fault at any call.

use bytes::Bytes;
use wayfare_engine::model::{ModelCoordination, ModelStorage};
use wayfare_protocol::coordination::{self, Commit, Expect, Reply, Write};
use wayfare_protocol::records::room::{Base, Record as _, RoomRecord};
use wayfare_protocol::storage::{PartId, Snapshot};
use wayfare_protocol::{Incarnation, NodeId, ShardIndex};

use super::*;
use crate::game::{HandlerContext, KindSettings, Player, Refusal, RoomKind, RoomLogic};
use crate::stub_config::stub_config;

/// A room that keeps nothing of what it is told, and restores anything but `bad`.
struct StubRoom;

impl RoomKind for StubRoom {
    fn open(&self, _: &[u8], _: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(StubRoom))
    }

    fn restore(&self, state: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        match state {
            b"bad" => Err(Refusal::new("bad")),
            _ => Ok(Box::new(StubRoom)),
        }
    }
}

impl RoomLogic for StubRoom {
    fn join(&mut self, _: &Player, _: &[u8], _: &HandlerContext<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn view(&self, _: &Player, _: &HandlerContext<'_>, _: &mut Vec<u8>) -> Result<(), Refusal> {
        Ok(())
    }

    fn command(
        &mut self,
        _: &Player,
        _: &[u8],
        _: &mut Vec<u8>,
        _: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    fn snapshot(&self, _: &mut Vec<u8>) -> Result<(), Refusal> {
        Ok(())
    }

    fn set_part(&mut self, _: u32, _: Option<&[u8]>) -> Result<(), Refusal> {
        Ok(())
    }
}

/// The fate of one call.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    NotDone,
    /// It happened, and the answer is lost.
    Applied,
    /// It did not happen, and nobody knows.
    Lost,
    /// Coordination refuses it, though nothing speaks against it.
    Refused,
    /// Storage cannot read what it has.
    Corrupt,
    /// Another shard claims the entity first.
    Outrun,
    /// Another shard seals the entity first, three epochs up.
    Outsealed,
}

use Fault::{Applied, Corrupt, Lost, None as Well, NotDone, Outrun, Outsealed, Refused};

fn entity() -> EntityId {
    EntityId::new("stub", "a").unwrap()
}

fn address(node: &str, incarnation: u64) -> Address {
    Address {
        node: NodeId::new(node).unwrap(),
        incarnation: Incarnation(incarnation),
        shard: ShardIndex(0),
    }
}

/// Two services, and a shard of the second run of the node `n1`.
struct Bench {
    coordination: ModelCoordination,
    storage: ModelStorage,
    config: ShardConfig,
    durability: Durability,
    has_creator: bool,
    has_place: bool,
    doubts: usize,
    calls: usize,
}

impl Bench {
    fn new(durability: Durability) -> Self {
        Self {
            coordination: ModelCoordination::default(),
            storage: ModelStorage::default(),
            config: stub_config(2, (0, 1)),
            durability,
            has_creator: true,
            has_place: true,
            doubts: 0,
            calls: 0,
        }
    }

    /// Writes the entity's record.
    fn own(&mut self, owner: Address, epoch: u64) -> Held {
        let key = EntityRecord::key(&entity());
        let epoch = Epoch(epoch);
        let found = self.coordination.read(&key).record;
        let expect = found.map_or(Expect::Absent, |it| Expect::Revision(it.revision));
        let value = EntityRecord { epoch, owner }.encode();
        let write = Write::Put { key, expect, value };
        match self.coordination.commit(vec![write]) {
            Ok(Commit::Done(revision)) => Held { epoch, revision },
            other => panic!("{other:?}"),
        }
    }

    /// Stores a state with these parts, under epoch 1.
    fn keep(&mut self, state: &'static str, parts: u32) {
        let (entity, epoch) = (entity().as_key(), Epoch(1));
        let seal = entity.clone();
        self.storage.load(&seal, epoch).unwrap();
        let parts = (0..parts).map(|number| PartId { number, version: 1 });
        let parts: Vec<PartId> = parts.collect();
        for part in &parts {
            let (entity, part) = (entity.clone(), *part);
            let bytes = Bytes::from_static(b"part");
            let request = storage::Request::Part {
                entity,
                epoch,
                part,
                bytes,
            };
            self.storage.apply(request).unwrap();
        }
        let record = RoomRecord {
            base: Some(Base::default()),
            state: Some(state.into()),
            ..RoomRecord::default()
        };
        let snapshot = Snapshot {
            position: Position(4),
            bytes: record.encode_to_vec().into(),
            parts,
        };
        let request = storage::Request::Snapshot {
            entity,
            epoch,
            snapshot,
        };
        self.storage.apply(request).unwrap();
    }

    fn coordinate(&mut self, request: Request, fault: Fault) -> coordination::Outcome {
        let lost = coordination::Failure::Unknown("a test".into());
        match fault {
            Well | Corrupt | Outsealed => self.coordination.apply(request),
            NotDone => Err(coordination::Failure::NotDone("a test".into())),
            Refused => Ok(Reply::Committed(Commit::Refused)),
            Lost => Err(lost),
            Applied => {
                drop(self.coordination.apply(request));
                Err(lost)
            }
            Outrun => {
                self.own(address("n2", 1), 5);
                self.coordination.apply(request)
            }
        }
    }

    fn store(&mut self, request: storage::Request, fault: Fault) -> storage::Outcome {
        let lost = storage::Failure::Unknown("a test".into());
        match fault {
            Well | Refused | Outrun => self.storage.apply(request),
            NotDone => Err(storage::Failure::NotDone("a test".into())),
            Corrupt => Err(storage::Failure::Corrupt("a test".into())),
            Lost => Err(lost),
            Applied => {
                drop(self.storage.apply(request));
                Err(lost)
            }
            Outsealed => {
                if let storage::Request::Load { entity, epoch } = &request {
                    let by = Epoch(epoch.0 + 3);
                    self.storage.load(entity, by).unwrap();
                }
                self.storage.apply(request)
            }
        }
    }

    /// Drives an acquisition to its end: how it ended, and the epoch that is held then.
    fn acquire(&mut self, purpose: Purpose, faults: &[Fault]) -> (String, Option<u64>) {
        let kind = Arc::new(Kind {
            name: "stub".into(),
            logic: Box::new(StubRoom),
            settings: KindSettings {
                durability: self.durability,
                ..KindSettings::default()
            },
        });
        let mut machine = Acquisition::new(entity(), kind, purpose, &self.config);
        let mut faults = faults.iter().copied();
        let mut calls = VecDeque::new();
        loop {
            if let Some((call, outcome)) = calls.pop_front() {
                machine.handle_storage(call, outcome, &self.config);
            }
            while let Some(output) = machine.poll_output() {
                match output {
                    Output::Coordinate(request) => {
                        self.calls += 1;
                        let fault = faults.next().unwrap_or(Well);
                        let outcome = self.coordinate(request, fault);
                        let claimant = Claimant {
                            config: &self.config,
                            has_creator: self.has_creator,
                            has_place: self.has_place,
                        };
                        machine.handle_coordination(outcome, &claimant);
                    }
                    Output::Store(call, request) => {
                        self.calls += 1;
                        let fault = faults.next().unwrap_or(Well);
                        calls.push_back((call, self.store(request, fault)));
                    }
                    Output::Doubt => self.doubts += 1,
                    Output::Report(_) => {}
                    Output::Ended(end) => {
                        let held = machine.held();
                        if let Some(held) = held {
                            self.check_held(held, &end);
                        }
                        return (told(&end), held.map(|held| held.epoch.0));
                    }
                }
            }
            assert!(!calls.is_empty(), "no end");
        }
    }

    /// Checks that the record holds what the machine says it holds.
    fn check_held(&self, held: Held, end: &Acquired) {
        let key = EntityRecord::key(&entity());
        let record = self.coordination.read(&key).record.unwrap();
        let found = EntityRecord::decode(&key, &record.value).unwrap();
        let expect = EntityRecord {
            epoch: held.epoch,
            owner: self.config.address.clone(),
        };
        assert_eq!((found, record.revision), (expect, held.revision));
        if let Acquired::Anew(ended, _) | Acquired::Stored(ended, ..) = end {
            assert_eq!(*ended, held);
        }
    }
}

fn told(end: &Acquired) -> String {
    match end {
        Acquired::Anew(_, next) => format!("anew from {}", next.0),
        Acquired::Stored(_, next, _) => format!("stored from {}", next.0),
        Acquired::Others(owner) => format!("of {owner}"),
        Acquired::NotWanted => "not wanted".into(),
        Acquired::NoPlace => "no place".into(),
        Acquired::Lost => "lost".into(),
        Acquired::Unreadable(why) => format!("unreadable: {why}"),
        Acquired::Unavailable(why) => format!("unavailable: {why}"),
    }
}

const LATER: &str = "unavailable: ownership cannot be settled now";
const CHANGING: &str = "unavailable: the room's record keeps changing";
const UNREADABLE: &str = "unavailable: its state cannot be read now";

#[test]
fn an_entity_that_nobody_owns_is_claimed_through_any_fault() {
    let check = |faults: &[Fault], expect: &str, epoch, doubts| {
        let mut bench = Bench::new(Durability::Volatile);
        let ended = bench.acquire(Purpose::Open, faults);
        assert_eq!(ended, (expect.to_owned(), epoch), "{faults:?}");
        assert_eq!(bench.doubts, doubts, "{faults:?}");
    };
    check(&[], "anew from 1", Some(1), 0);
    check(&[Well, Refused], "anew from 1", Some(1), 0);
    check(&[Well, Applied], "anew from 1", Some(1), 1);
    check(&[Well, Lost], "anew from 1", Some(1), 1);
    check(&[Well, Lost, Lost], "anew from 1", Some(1), 1);
    check(&[Lost], "anew from 1", Some(1), 0);
    check(&[NotDone], LATER, None, 0);
    check(&[Well, NotDone], LATER, None, 0);
    check(&[Well, Applied, NotDone], LATER, None, 1);
    check(&[Well, Outrun], "of n2@1#0", None, 0);
    check(&[Well, Refused].repeat(4), CHANGING, None, 0);
    check(&[Well, Lost].repeat(4), LATER, None, 4);
}

#[test]
fn only_a_record_that_may_be_claimed_is_claimed() {
    let check = |owner, purpose, expect: &str, epoch| {
        let mut bench = Bench::new(Durability::Volatile);
        bench.own(owner, 7);
        let ended = bench.acquire(purpose, &[]);
        assert_eq!(ended, (expect.to_owned(), epoch));
    };
    for purpose in [Purpose::Open, Purpose::ComeBack] {
        check(address("n1", 1), purpose, "anew from 1", Some(8));
        check(address("n1", 2), purpose, "anew from 1", Some(8));
        check(address("n1", 3), purpose, "of n1@3#0", None);
        check(address("n2", 1), purpose, "of n2@1#0", None);
    }
}

#[test]
fn a_record_that_does_not_decode_is_claimed_above_the_store() {
    let mut bench = Bench::new(Durability::Volatile);
    for key in ["a", "b", "entity/stub/a"] {
        let write = Write::Put {
            key: key.into(),
            expect: Expect::Absent,
            value: "nonsense".into(),
        };
        bench.coordination.commit(vec![write]).unwrap();
    }
    let ended = bench.acquire(Purpose::Open, &[]);
    assert_eq!(ended, ("anew from 1".into(), Some(4)));
}

#[test]
fn what_storage_cannot_have_is_claimed_only_for_a_creator() {
    let check = |durability, calls, expect: &str| {
        let mut bench = Bench::new(durability);
        bench.has_creator = false;
        let (ended, _) = bench.acquire(Purpose::Open, &[]);
        assert_eq!((&*ended, bench.calls), (expect, calls));
    };
    check(Durability::Volatile, 1, "not wanted");
    check(Durability::Durable, 3, "anew from 1");
}

#[test]
fn a_full_shard_claims_only_what_was_there_before() {
    let check = |purpose, owner, expect: &str| {
        let mut bench = Bench::new(Durability::Volatile);
        bench.has_place = false;
        bench.own(owner, 7);
        let (ended, _) = bench.acquire(purpose, &[]);
        assert_eq!(ended, expect);
    };
    check(Purpose::Open, address("n1", 1), "no place");
    check(Purpose::Open, address("n2", 1), "of n2@1#0");
    check(Purpose::ComeBack, address("n1", 1), "anew from 1");
}

#[test]
fn a_stored_entity_is_sealed_and_loaded_through_any_fault() {
    let check = |parts, faults: &[Fault], expect: &str, epoch| {
        let mut bench = Bench::new(Durability::Durable);
        bench.own(address("n1", 1), 1);
        bench.keep("state", parts);
        let ended = bench.acquire(Purpose::ComeBack, faults);
        assert_eq!(
            ended,
            (expect.to_owned(), Some(epoch)),
            "{parts} {faults:?}"
        );
    };
    check(0, &[], "stored from 5", 2);
    check(20, &[], "stored from 5", 2);
    check(0, &[Well, Applied, Well, Lost, Applied], "stored from 5", 2);
    check(0, &[Well, Well, Lost, Lost, Lost], UNREADABLE, 2);
    check(
        3,
        &[Well, Well, Well, Lost, NotDone, Applied],
        "stored from 5",
        2,
    );
    check(1, &[Well, Well, Well, Lost, Lost, Lost], UNREADABLE, 2);
    // What cannot be read is put aside, and the entity begins anew.
    check(0, &[Well, Well, Corrupt], "anew from 1", 2);
    check(3, &[Well, Well, Well, Corrupt], "anew from 1", 2);
    check(0, &[Well, Well, Corrupt, Lost, Applied], "anew from 1", 2);
    let aside = "unavailable: its state cannot be read";
    check(0, &[Well, Well, Corrupt, Lost, Lost, Lost], aside, 2);
    // The record is raised above a seal of another owner.
    check(0, &[Well, Well, Outsealed], "stored from 5", 6);
    check(0, &[Well, Well, Outsealed, Applied], "stored from 5", 6);
    check(0, &[Well, Well, Outsealed, Lost], "stored from 5", 6);
    let rising = [
        Well, Well, Outsealed, Well, Outsealed, Well, Outsealed, Well, Outsealed,
    ];
    check(
        0,
        &rising,
        "unavailable: the room's seal keeps changing",
        14,
    );
}

#[test]
fn a_state_of_another_version_is_left_as_it_is() {
    let mut bench = Bench::new(Durability::Durable);
    bench.keep("bad", 0);
    let (ended, _) = bench.acquire(Purpose::Open, &[]);
    assert_eq!(ended, "unreadable: bad");
    let stored = bench.storage.load(&entity().as_key(), Epoch(9)).unwrap();
    assert!(stored.snapshot.is_some());
}

#[test]
fn a_room_restarts_only_from_the_record_that_it_holds() {
    let check = |durability, faults: &[Fault], expect: &str, epoch| {
        let mut bench = Bench::new(durability);
        let held = bench.own(address("n1", 2), 7);
        bench.keep("state", 0);
        let ended = bench.acquire(Purpose::Restart(held), faults);
        assert_eq!(ended, (expect.to_owned(), epoch), "{faults:?}");
    };
    check(Durability::Volatile, &[], "anew from 1", Some(8));
    check(Durability::Durable, &[], "stored from 5", Some(8));
    for fault in [Applied, Lost, Refused] {
        check(Durability::Durable, &[fault], "stored from 5", Some(8));
    }
    check(Durability::Volatile, &[NotDone], LATER, None);
    check(Durability::Volatile, &[Outrun], "lost", None);
    check(Durability::Volatile, &[Lost, Outrun], "lost", None);
    // A seal of another owner is the end: that owner has the record soon.
    check(Durability::Durable, &[Well, Outsealed], "lost", Some(8));
}

#[test]
fn answers_that_are_not_waited_for_are_ignored() {
    let mut bench = Bench::new(Durability::Durable);
    let kind = Arc::new(Kind {
        name: "stub".into(),
        logic: Box::new(StubRoom),
        settings: KindSettings::default(),
    });
    let mut machine = Acquisition::new(entity(), kind, Purpose::Open, &bench.config);
    let Some(Output::Coordinate(read)) = machine.poll_output() else {
        panic!("it begins with a reading");
    };
    let calls = [
        StorageCall::Load,
        StorageCall::Part(
            PartId {
                number: 0,
                version: 1,
            },
            1,
        ),
        StorageCall::Quarantine,
    ];
    for call in calls {
        machine.handle_storage(call, Ok(storage::Reply::Done), &bench.config);
        assert!(machine.poll_output().is_none(), "{call:?}");
    }
    let outcome = bench.coordinate(read, Well);
    let claimant = Claimant {
        config: &bench.config,
        has_creator: true,
        has_place: true,
    };
    machine.handle_coordination(outcome, &claimant);
    assert!(matches!(machine.poll_output(), Some(Output::Coordinate(_))));
}
