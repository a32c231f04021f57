//! Records that this shard gives up. Each is asked about until it is gone or belongs to another
//! owner, for as long as coordination is away.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use wayfare_protocol::Instant;
use wayfare_protocol::coordination::{Failure, Key, Outcome, Request, Revision};

use super::settle::{End, GivenUp, Next, Retry, Settle, Terms, Want};
use crate::timers::Wake;

/// Time until a request that failed twice is sent again: doubled with each failure, up to the second
/// value. A node of 5,000 sessions sends 1,000 requests a second through an outage, and not more.
const AGAIN_MIN: Duration = Duration::from_millis(100);
const AGAIN_MAX: Duration = Duration::from_secs(5);
/// Time during which a write of unknown outcome may still apply: 25 call deadlines.
const DOUBT: Duration = Duration::from_secs(10);

/// The terms for one round. Pauses lie between rounds, so that a failure ends one.
fn terms(key: &Key) -> Terms {
    Terms {
        reads_max: 8,
        retry: Retry::Nothing,
        is_value_unique: false,
        // An entity's record that comes back is claimed again, and given up again; a session's would
        // let a player in who said goodbye.
        is_lazy: key.starts_with("entity/"),
    }
}

/// The records that are being given up.
///
/// Every input may leave requests, which [`Releases::poll_request`] takes out.
#[derive(Default)]
pub(crate) struct Releases {
    records: BTreeMap<Key, Release>,
    due: BTreeSet<(Instant, Key)>,
    requests: VecDeque<(Key, Request)>,
}

#[derive(Default)]
struct Release {
    /// The round that has a request in flight.
    settle: Option<Settle<()>>,
    /// It was given up once more meanwhile.
    again: bool,
    failures: u32,
    /// The time at which it is looked at next.
    due: Option<Instant>,
    /// A write of ours may apply until then.
    doubt: Option<Instant>,
}

impl Release {
    /// The pause before the next request, if this one failed.
    fn pause(&self) -> Duration {
        let Some(again) = self.failures.checked_sub(1) else {
            return Duration::ZERO;
        };
        AGAIN_MIN.saturating_mul(1 << again.min(16)).min(AGAIN_MAX)
    }
}

impl Releases {
    /// Gives up a record as this shard wrote it last, or found it.
    pub(crate) fn handle_release(&mut self, key: Key, revision: Revision) {
        let record = self.records.entry(key.clone()).or_default();
        if record.settle.is_some() {
            record.again = true;
            return;
        }
        let (settle, request) = Settle::remove_first(key.clone(), terms(&key), revision, ());
        self.request(key, settle, request);
    }

    /// The outcome of a write to this record is unknown. If it applies and nobody on this shard uses
    /// the record by then, the record is given up.
    pub(crate) fn handle_doubt(&mut self, key: &Key, now: Instant) {
        let until = now + DOUBT;
        let record = self.records.entry(key.clone()).or_default();
        record.doubt = Some(until);
        if record.due.is_none() && record.settle.is_none() {
            self.schedule(key, Some(until));
        }
    }

    /// Accepts the outcome of a request. `is_removable` says that the record found is ours and that
    /// nobody here uses it.
    ///
    /// # Errors
    /// The failure, to be reported; the request is sent again later.
    pub(crate) fn handle_outcome(
        &mut self,
        key: Key,
        outcome: Outcome,
        is_removable: bool,
        now: Instant,
    ) -> Result<(), Failure> {
        let Some(record) = self.records.get_mut(&key) else {
            return Ok(());
        };
        let Some(mut settle) = record.settle.take() else {
            return Ok(());
        };
        let again = std::mem::take(&mut record.again);
        let pause = record.pause();
        let next = settle.handle_coordination(outcome, |found, _| match found {
            Some(_) if is_removable => Want::Absent(()),
            Some(_) | None => Want::Leave(()),
        });
        record.failures = match &next {
            Next::Ended(End::GivenUp(_)) => record.failures + 1,
            Next::Ask(_) | Next::Ended(_) => 0,
        };
        match next {
            Next::Ask(request) => self.request(key, settle, request),
            Next::Ended(End::GivenUp(why)) => {
                self.schedule(&key, Some(now + pause));
                if let GivenUp::Failed(failure) = why {
                    return Err(failure);
                }
            }
            Next::Ended(_) if again => self.request_record(key),
            Next::Ended(_) => self.finish(&key, now),
        }
        Ok(())
    }

    /// Looks at what is due.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, key)) = self.due.first().cloned()
            && at <= now
        {
            self.request_record(key);
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Wake> {
        self.due.first().map(|(at, _)| (*at, "records given up"))
    }

    /// The next request to coordination, and the record that it is about.
    pub(crate) fn poll_request(&mut self) -> Option<(Key, Request)> {
        self.requests.pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Forgets a record, unless a write to it may still apply.
    fn finish(&mut self, key: &Key, now: Instant) {
        let Some(record) = self.records.get_mut(key) else {
            return;
        };
        match record.doubt.take().filter(|until| *until > now) {
            Some(until) => self.schedule(key, Some(until)),
            None => {
                self.schedule(key, None);
                self.records.remove(key);
            }
        }
    }

    fn request_record(&mut self, key: Key) {
        let (settle, request) = Settle::read_first(key.clone(), terms(&key));
        self.request(key, settle, request);
    }

    fn request(&mut self, key: Key, settle: Settle<()>, request: Request) {
        self.schedule(&key, None);
        if let Some(record) = self.records.get_mut(&key) {
            record.settle = Some(settle);
        }
        self.requests.push_back((key, request));
    }

    fn schedule(&mut self, key: &Key, at: Option<Instant>) {
        let Some(record) = self.records.get_mut(key) else {
            return;
        };
        if let Some(before) = record.due.take() {
            self.due.remove(&(before, key.clone()));
        }
        record.due = at;
        if let Some(at) = at {
            self.due.insert((at, key.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::coordination::{Commit, Record, Reply, Write};

    use super::*;

    const START: Instant = Instant::ORIGIN;

    fn key() -> Key {
        "session/ada".into()
    }

    fn removal(revision: u64) -> Request {
        Request::Commit(vec![Write::Delete {
            key: key(),
            expect: Revision(revision),
        }])
    }

    fn found(revision: u64) -> Outcome {
        let record = Record {
            value: bytes::Bytes::new(),
            revision: Revision(revision),
        };
        Ok(Reply::Got {
            record: Some(record),
            store: Revision(9),
        })
    }

    fn next(releases: &mut Releases) -> Option<Request> {
        releases.poll_request().map(|(_, request)| request)
    }

    fn given_up() -> Releases {
        let mut releases = Releases::default();
        releases.handle_release(key(), Revision(3));
        assert_eq!(next(&mut releases), Some(removal(3)));
        releases
    }

    #[test]
    fn a_record_that_is_removed_is_forgotten() {
        let mut releases = given_up();
        let done = Ok(Reply::Committed(Commit::Done(Revision(4))));
        assert_eq!(releases.handle_outcome(key(), done, false, START), Ok(()));
        assert_eq!((next(&mut releases), releases.len()), (None, 0));
        assert_eq!(releases.poll_timeout(), None);
    }

    #[test]
    fn a_refusal_is_settled_by_reading() {
        let mut releases = given_up();
        let refused = Ok(Reply::Committed(Commit::Refused));
        assert_eq!(
            releases.handle_outcome(key(), refused, false, START),
            Ok(())
        );
        assert_eq!(next(&mut releases), Some(Request::Get(key())));
        // Still ours, and used by nobody: removed as it is found now.
        assert_eq!(
            releases.handle_outcome(key(), found(7), true, START),
            Ok(())
        );
        assert_eq!(next(&mut releases), Some(removal(7)));
    }

    #[test]
    fn a_record_of_another_owner_stays() {
        let mut releases = given_up();
        let refused = Ok(Reply::Committed(Commit::Refused));
        releases
            .handle_outcome(key(), refused, false, START)
            .unwrap();
        next(&mut releases);
        releases
            .handle_outcome(key(), found(7), false, START)
            .unwrap();
        assert_eq!((next(&mut releases), releases.len()), (None, 0));
    }

    #[test]
    fn failures_are_repeated_with_growing_pauses() {
        let mut releases = given_up();
        let mut now = START;
        for pause in [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            let failure = Failure::Unknown("no answer".into());
            let outcome = releases.handle_outcome(key(), Err(failure.clone()), false, now);
            assert_eq!(outcome, Err(failure));
            now = now + Duration::from_millis(pause);
            assert_eq!(releases.poll_timeout().map(|(at, _)| at), Some(now));
            releases.handle_timeout(now);
            assert_eq!(next(&mut releases), Some(Request::Get(key())));
        }
    }

    #[test]
    fn a_write_of_unknown_outcome_is_read_once_it_cannot_apply() {
        let mut releases = Releases::default();
        releases.handle_doubt(&key(), START);
        assert_eq!(next(&mut releases), None);
        releases.handle_timeout(START + DOUBT);
        assert_eq!(next(&mut releases), Some(Request::Get(key())));
        releases
            .handle_outcome(key(), found(7), true, START + DOUBT)
            .unwrap();
        assert_eq!(next(&mut releases), Some(removal(7)));
    }

    #[test]
    fn a_record_given_up_twice_is_asked_about_again() {
        let mut releases = given_up();
        releases.handle_release(key(), Revision(5));
        assert_eq!(next(&mut releases), None, "one request at a time");
        let done = Ok(Reply::Committed(Commit::Done(Revision(6))));
        releases.handle_outcome(key(), done, false, START).unwrap();
        assert_eq!(next(&mut releases), Some(Request::Get(key())));
    }
}
