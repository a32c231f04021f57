//! Settlements against the model of coordination: each fault by name, then all of them by chance.

use std::time::Duration;

use wayfare_engine::model::ModelCoordination;
use wayfare_engine::model::faults::{Delays, FaultyCoordination, Rates, Ticket};
use wayfare_protocol::Instant;

use super::*;

const TERMS: Terms = Terms {
    reads_max: 4,
    retry: Retry::Unknown,
    is_value_unique: true,
    is_lazy: false,
};

/// The fate of one request.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// It did not happen, and coordination says so.
    NotDone,
    /// A write is refused, though nothing speaks against it.
    Refused,
    /// It happened, and the answer is lost.
    Applied,
    /// It did not happen, and nobody knows.
    Lost,
    /// It happens behind the next request, and the answer is lost.
    Later,
    /// Another writes the record first.
    Outrun,
}

use Fault::{Applied, Later, Lost, None as Well, NotDone, Outrun, Refused};

/// Ends as they are told in a table.
type Told = Result<&'static str, GivenUp>;

fn told<O>(end: End<&'static str, O>) -> Told {
    match end {
        End::Settled(_, means) => Ok(means),
        End::Others(_) => Ok("another's"),
        End::Gone(_) => Ok("gone"),
        End::GivenUp(why) => Err(why),
    }
}

fn unknown() -> GivenUp {
    GivenUp::Failed(Failure::Unknown("no answer".into()))
}

fn not_done() -> GivenUp {
    GivenUp::Failed(Failure::NotDone("a test".into()))
}

struct Bench {
    store: ModelCoordination,
    late: Vec<Request>,
    others: u8,
    asked: u32,
}

impl Bench {
    fn new() -> Self {
        Self {
            store: ModelCoordination::default(),
            late: Vec::new(),
            others: 0,
            asked: 0,
        }
    }

    fn put(&mut self, value: &[u8]) -> Revision {
        let found = self.store.read("it").record;
        let expect = found.map_or(Expect::Absent, |it| Expect::Revision(it.revision));
        let value = Bytes::copy_from_slice(value);
        let key = "it".into();
        match self.store.commit(vec![Write::Put { key, expect, value }]) {
            Ok(Commit::Done(revision)) => revision,
            other => panic!("{other:?}"),
        }
    }

    fn answer(&mut self, request: Request, fault: Fault) -> Outcome {
        self.asked += 1;
        let lost = Err(Failure::Unknown("no answer".into()));
        let late = std::mem::take(&mut self.late);
        let outcome = match fault {
            Well => self.store.apply(request),
            NotDone => Err(Failure::NotDone("a test".into())),
            Refused => Ok(Reply::Committed(Commit::Refused)),
            Applied => {
                drop(self.store.apply(request));
                lost
            }
            Lost => lost,
            Later => {
                self.late.push(request);
                lost
            }
            Outrun => {
                self.others += 1;
                self.put(&[self.others]);
                self.store.apply(request)
            }
        };
        for request in late {
            drop(self.store.apply(request));
        }
        outcome
    }

    /// Drives a settlement through these faults, then through none.
    fn drive<O>(
        &mut self,
        (mut machine, request): (Settle<&'static str>, Request),
        faults: &[Fault],
        decide: impl Fn(Option<&Record>) -> Want<&'static str, O>,
    ) -> Told {
        let mut faults = faults.iter().copied();
        let mut next = Next::Ask(request);
        loop {
            match next {
                Next::Ask(request) => {
                    let outcome = self.answer(request, faults.next().unwrap_or(Well));
                    next = machine.handle_coordination(outcome, |found, _| decide(found));
                }
                Next::Ended(end) => return told(end),
            }
        }
    }
}

/// RoomCall the record, unless it is another's.
fn ours(found: Option<&Record>) -> Want<&'static str, ()> {
    match found {
        Some(found) if found.value == "another" => Want::Leave(()),
        Some(_) | None => Want::Value("ours".into(), "ours"),
    }
}

#[test]
fn a_record_is_brought_to_its_value_through_any_fault() {
    let check = |faults: &[Fault], asked: u32, expect: Told| {
        let mut bench = Bench::new();
        let ended = bench.drive(Settle::read_first("it".into(), TERMS), faults, ours);
        assert_eq!((ended.clone(), bench.asked), (expect, asked), "{faults:?}");
        // A write that is late is refused: the record has moved.
        drop(bench.answer(Request::Get("it".into()), Well));
        let found = bench.store.read("it").record;
        if ended.is_ok() {
            assert_eq!(found.map(|it| it.value), Some("ours".into()), "{faults:?}");
        }
    };
    check(&[], 2, Ok("ours"));
    // A refusal says nothing about others.
    check(&[Well, Refused], 4, Ok("ours"));
    check(&[Well, Refused, Well, Refused], 6, Ok("ours"));
    // Unknown is settled by reading alone.
    check(&[Well, Applied], 3, Ok("ours"));
    check(&[Well, Lost], 4, Ok("ours"));
    check(&[Well, Later], 5, Ok("ours"));
    check(&[Well, Later, Lost], 4, Ok("ours"));
    check(&[Well, Lost, Well, Later], 7, Ok("ours"));
    check(&[Lost, Well, Applied, Lost], 5, Ok("ours"));
    // Another writer was faster.
    check(&[Well, Outrun], 4, Ok("ours"));
    // Given up.
    check(&[NotDone], 1, Err(not_done()));
    check(&[Well, NotDone], 2, Err(not_done()));
    check(&[Well, Applied, NotDone], 3, Err(not_done()));
    check(&[Lost; 4], 4, Err(unknown()));
    check(&[Well, Outrun].repeat(4), 8, Err(GivenUp::Contended));
    check(&[Well, Refused].repeat(4), 8, Err(GivenUp::Contended));
    check(&[Well, Lost].repeat(4), 8, Err(unknown()));
    let last = [Well, Lost, Well, Outrun].repeat(2);
    check(&last, 8, Err(GivenUp::Contended));
}

#[test]
fn each_failure_is_retried_as_the_terms_say() {
    let check = |retry, fault: [Fault; 2], expect: Told| {
        let mut bench = Bench::new();
        let terms = Terms { retry, ..TERMS };
        let ended = bench.drive(Settle::read_first("it".into(), terms), &fault, ours);
        assert_eq!(ended, expect, "{retry:?} {fault:?}");
    };
    check(Retry::Nothing, [Well, Lost], Err(unknown()));
    check(Retry::Nothing, [Well, Refused], Ok("ours"));
    check(Retry::Unknown, [Lost, Well], Ok("ours"));
    check(Retry::Unknown, [NotDone, Well], Err(not_done()));
    check(Retry::Writes, [Well, NotDone], Ok("ours"));
    check(Retry::Writes, [Well, Lost], Ok("ours"));
    check(Retry::Writes, [Lost, Well], Err(unknown()));
    check(Retry::Everything, [NotDone, Lost], Ok("ours"));
}

#[test]
fn a_record_of_another_stays() {
    for known in [false, true] {
        let mut bench = Bench::new();
        let before = bench.put(b"before");
        bench.put(b"another");
        let first = match known {
            false => Settle::read_first("it".into(), TERMS),
            true => Settle::write_first("it".into(), TERMS, before, ("ours".into(), "ours")),
        };
        assert_eq!(bench.drive(first, &[], ours), Ok("another's"));
        let found = bench.store.read("it").record.unwrap();
        assert_eq!(found.value, "another");
    }
}

#[test]
fn a_removal_is_settled_like_a_write() {
    let check = |faults: &[Fault], asked: u32, expect: Told| {
        let mut bench = Bench::new();
        let known = bench.put(b"ours");
        let first = Settle::remove_first("it".into(), TERMS, known, "removed");
        let ended = bench.drive(first, faults, |found| match found {
            Some(_) => Want::Absent("removed"),
            None => Want::Leave(()),
        });
        assert_eq!((ended, bench.asked), (expect, asked), "{faults:?}");
        assert_eq!(bench.store.read("it").record, None, "{faults:?}");
    };
    check(&[], 1, Ok("removed"));
    check(&[Refused], 3, Ok("removed"));
    check(&[Applied], 2, Ok("gone"));
    check(&[Lost], 3, Ok("removed"));
    check(&[Later], 4, Ok("gone"));
    check(&[Outrun], 3, Ok("removed"));
}

#[test]
fn a_value_that_others_can_write_does_not_show_whose_it_is() {
    let terms = Terms {
        is_value_unique: false,
        ..TERMS
    };
    let mut bench = Bench::new();
    let first = Settle::read_first("it".into(), terms);
    let ended = bench.drive(first, &[Well, Applied], ours);
    assert_eq!((ended, bench.asked), (Ok("ours"), 4), "written once more");
}

#[test]
fn only_a_write_of_unknown_outcome_leaves_a_doubt() {
    let check = |fault, expect| {
        let mut bench = Bench::new();
        let known = bench.put(b"before");
        let write = ("ours".into(), "ours");
        let (mut machine, request) = Settle::write_first("it".into(), TERMS, known, write);
        assert!(machine.may_have_written());
        let outcome = bench.answer(request, fault);
        let next = machine.handle_coordination(outcome, |found, _| ours(found));
        assert_eq!(machine.take_doubt(), expect, "{fault:?}");
        assert!(!machine.take_doubt(), "it is noted once");
        if let Next::Ask(Request::Get(_)) = next {
            machine.handle_coordination(Err(Failure::Unknown("a read".into())), |it, _| ours(it));
            assert!(!machine.take_doubt(), "{fault:?}");
        }
    };
    check(Well, false);
    check(NotDone, false);
    check(Refused, false);
    check(Applied, true);
    check(Lost, true);
}

/// Several owners claim one record under faults. Whoever ends as settled had it at that revision,
/// and nobody else did.
#[test]
fn under_faults_each_revision_is_settled_for_one_owner() {
    const OWNERS: usize = 4;
    let rates = Rates {
        unavailable: 0.05,
        lost: 0.1,
        unanswered: 0.1,
        late: 0.1,
        refused: 0.1,
        slow: 0.1,
        ..Rates::NONE
    };
    let mut settled_in_all = 0;
    for seed in 0..300 {
        let store = ModelCoordination::default();
        let mut engine = FaultyCoordination::new(store, seed, rates, Delays::default());
        let mut now = Instant::ORIGIN;
        let mut machines = Vec::new();
        for owner in 0..OWNERS {
            let (machine, request) = Settle::<usize>::read_first("it".into(), TERMS);
            engine.handle_request(Ticket(owner as u64), request, now);
            machines.push(machine);
        }
        let mut settled: Vec<(Revision, usize)> = Vec::new();
        while let Some((at, _)) = engine.poll_timeout() {
            now = at.max(now) + Duration::from_nanos(1);
            engine.handle_timeout(now);
            while let Some((Ticket(owner), outcome)) = engine.poll_output() {
                let owner = owner as usize;
                let claim = |_: Option<&Record>, _| {
                    let value = Bytes::copy_from_slice(&[owner as u8]);
                    Want::<_, ()>::Value(value, owner)
                };
                match machines[owner].handle_coordination(outcome, claim) {
                    Next::Ask(request) => engine.handle_request(Ticket(owner as u64), request, now),
                    Next::Ended(End::Settled(revision, of)) => {
                        assert_eq!(of, owner, "seed {seed}");
                        settled.push((revision, owner));
                    }
                    Next::Ended(_) => {}
                }
            }
        }
        settled.sort_unstable();
        let before = settled.len();
        settled.dedup_by_key(|(revision, _)| *revision);
        assert_eq!(
            settled.len(),
            before,
            "seed {seed}: one revision, one owner"
        );
        settled_in_all += before;
    }
    assert!(settled_in_all > 300 * OWNERS / 2, "{settled_in_all}");
}
