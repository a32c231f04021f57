//! Records that this shard gives up: each is asked about until it is gone or another's, however long
//! coordination is away.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wayfare_protocol::coordination::{Commit, Key, Outcome, Reply, Request, Revision, Write};
use wayfare_protocol::records::{EntityRecord, SessionRecord};
use wayfare_protocol::{Address, Instant};

use crate::context::Context;
use crate::in_flight::Asker;
use crate::report::Report;
use crate::timers::Wake;

/// Until a question that failed twice is asked again: doubled with each failure, up to the second.
/// A node of 5,000 sessions asks 1,000 questions a second through an outage, and not more.
const AGAIN_MIN: Duration = Duration::from_millis(100);
const AGAIN_MAX: Duration = Duration::from_secs(5);
/// A write of which nothing was heard may still be under way for so long: 25 call deadlines.
const DOUBT: Duration = Duration::from_secs(10);

/// See the module's words.
#[derive(Default)]
pub(crate) struct Releases {
    records: BTreeMap<Key, Release>,
    due: BTreeSet<(Instant, Key)>,
}

#[derive(Default)]
struct Release {
    /// The answer is out.
    asked: bool,
    /// It was given up once more meanwhile.
    again: bool,
    failures: u32,
    /// When it is looked at next.
    due: Option<Instant>,
    /// A write of ours may apply until then.
    doubt: Option<Instant>,
}

impl Release {
    /// Until it is asked about again, if that failed.
    fn pause(&self) -> Duration {
        let Some(again) = self.failures.checked_sub(1) else {
            return Duration::ZERO;
        };
        AGAIN_MIN.saturating_mul(1 << again.min(16)).min(AGAIN_MAX)
    }
}

impl Releases {
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn poll_timeout(&self) -> Option<Wake> {
        self.due.first().map(|(at, _)| (*at, "records given up"))
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

    /// Nothing is left to do, unless a write may still apply.
    fn settle(&mut self, key: &Key, now: Instant) {
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
}

impl Context {
    /// Gives up a record as this shard wrote it last, or found it.
    pub(crate) fn release(&mut self, key: Key, revision: Revision) {
        let record = self.releases.records.entry(key.clone()).or_default();
        if record.asked {
            record.again = true;
        } else {
            self.ask_removal(key, revision);
        }
    }

    /// Of a write to a record nothing was heard. Should it apply, and nobody here have the record
    /// by then, it is given up.
    pub(crate) fn doubt(&mut self, key: &Key) {
        let until = self.now + DOUBT;
        let record = self.releases.records.entry(key.clone()).or_default();
        record.doubt = Some(until);
        if record.due.is_none() && !record.asked {
            self.releases.schedule(key, Some(until));
        }
    }

    /// Looks at what is due.
    pub(crate) fn look_at_releases(&mut self) {
        while let Some((at, key)) = self.releases.due.first().cloned()
            && at <= self.now
        {
            self.ask_record(key);
        }
    }

    /// The answer about a record that was given up. A refusal without cause, or silence, is no
    /// news (R10): what is still there is removed, if it is ours and `is_held` by nobody here.
    pub(crate) fn released(
        &mut self,
        key: Key,
        outcome: Outcome,
        is_held: impl FnOnce(&Self) -> bool,
    ) {
        let Some(record) = self.releases.records.get_mut(&key) else {
            return;
        };
        record.asked = false;
        let again = std::mem::take(&mut record.again);
        let pause = record.pause();
        record.failures = if outcome.is_err() {
            record.failures + 1
        } else {
            0
        };
        match outcome {
            Ok(Reply::Committed(Commit::Refused)) => self.ask_record(key),
            Ok(Reply::Got {
                record: Some(it), ..
            }) if self.is_ours(&key, &it.value) && !is_held(self) => {
                self.ask_removal(key, it.revision);
            }
            Ok(_) if again => self.ask_record(key),
            Ok(_) => self.releases.settle(&key, self.now),
            Err(failure) => {
                let at = self.now + pause;
                self.releases.schedule(&key, Some(at));
                self.report(Report::CoordinationFailed(failure));
            }
        }
    }

    fn ask_removal(&mut self, key: Key, expect: Revision) {
        // An entity's record that comes back is claimed again, and given up again; a session's would
        // let somebody in who said goodbye.
        let is_entity = key.starts_with("entity/");
        let write = vec![Write::Delete {
            key: key.clone(),
            expect,
        }];
        let request = match is_entity {
            true => Request::CommitLazily(write),
            false => Request::Commit(write),
        };
        self.ask_about(key, request);
    }

    fn ask_record(&mut self, key: Key) {
        let request = Request::Get(key.clone());
        self.ask_about(key, request);
    }

    fn ask_about(&mut self, key: Key, request: Request) {
        self.releases.schedule(&key, None);
        if let Some(record) = self.releases.records.get_mut(&key) {
            record.asked = true;
        }
        self.ask(Asker::Release(key), request);
    }

    /// Whether the record names this shard, or an earlier run of its node.
    fn is_ours(&self, key: &Key, value: &[u8]) -> bool {
        let owner: Option<Address> = match key.starts_with("entity/") {
            true => EntityRecord::decode(key, value).ok().map(|it| it.owner),
            false => SessionRecord::decode(key, value).ok().map(|it| it.gateway),
        };
        owner.is_some_and(|owner| !self.is_elsewhere(&owner))
    }
}
