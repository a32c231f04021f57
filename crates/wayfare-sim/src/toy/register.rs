//! A register with one owner at a time: claimed by compare-and-set, held by a lease, fenced by epoch.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::Instant;
use wayfare_protocol::coordination::{Commit, Expect, Outcome, Reply, Request, Revision, Write};

/// The lease: an owner acts only this long after it sent its last successful renewal.
pub(super) const LEASE: Duration = Duration::from_secs(2);
/// The time for which a record must not change before others take over: more than a lease by any
/// clock.
const TAKE_OVER: Duration = Duration::from_millis(2_100);
const POLL: Duration = Duration::from_millis(250);
const ACT: Duration = Duration::from_millis(100);
const KEY: &str = "register";

/// A deliberate error in the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The lease counts from the answer instead of the request.
    LeaseFromAnswer,
    /// A claim with an unknown outcome counts as done.
    UnknownIsDone,
    /// Actions of an earlier epoch are accepted.
    NoFence,
    /// A record counts as abandoned by its age in the store, not by the time it was observed.
    ImpatientClaim,
    /// An owner acts without checking its lease.
    NoLease,
}

/// An action that a node reports to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Deed {
    pub(super) epoch: u64,
    pub(super) number: u64,
    pub(super) owner: u64,
}

#[derive(Debug)]
pub(super) enum Output {
    Ask(Request),
    /// The node acts, and reports it to everybody.
    Act(Deed),
}

#[derive(Clone, Copy, Debug)]
struct Record {
    epoch: u64,
    owner: u64,
    revision: Revision,
}

#[derive(Clone, Copy, Debug)]
enum Asked {
    Read,
    Renewal { sent: Instant },
    Claim { sent: Instant, epoch: u64 },
}

/// A node's register: a state machine like those of the core.
#[derive(Debug)]
pub struct Register {
    /// The number of this run, which no other run has.
    me: u64,
    mistake: Option<Mistake>,
    /// The record as last read, or as written by this node since.
    known: Option<Record>,
    /// The last observed revision, and the time since when.
    seen: Option<Revision>,
    seen_since: Instant,
    store: Revision,
    asked: Option<Asked>,
    /// The claimed epoch, and the time of the request.
    claimed: Option<(u64, Instant)>,
    owns: Option<u64>,
    leased_until: Instant,
    deeds: u64,
    polls_at: Instant,
    acts_at: Instant,
    /// The newest action received.
    pub(super) newest: Option<Deed>,
    outputs: VecDeque<Output>,
}

impl Register {
    pub(super) fn new(me: u64, mistake: Option<Mistake>, now: Instant) -> Self {
        Self {
            me,
            mistake,
            known: None,
            seen: None,
            seen_since: now,
            store: Revision(0),
            asked: None,
            claimed: None,
            owns: None,
            leased_until: now,
            deeds: 0,
            polls_at: now,
            acts_at: now,
            newest: None,
            outputs: VecDeque::new(),
        }
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(super) fn poll_timeout(&self) -> Instant {
        self.polls_at.min(self.acts_at)
    }

    /// Returns true if it would act now.
    pub(super) fn may_act(&self, now: Instant) -> bool {
        let leased = now < self.leased_until || self.mistake == Some(Mistake::NoLease);
        self.owns.is_some() && leased
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if now >= self.polls_at {
            self.polls_at = now + POLL;
            self.poll(now);
        }
        if now >= self.acts_at {
            self.acts_at = now + ACT;
            if let Some(epoch) = self.owns.filter(|_| self.may_act(now)) {
                self.deeds += 1;
                let (number, owner) = (self.deeds, self.me);
                let deed = Deed {
                    epoch,
                    number,
                    owner,
                };
                self.outputs.push_back(Output::Act(deed));
            }
        }
    }

    /// Handles an action of another. Returns true if it is accepted.
    pub(super) fn handle_deed(&mut self, deed: Deed) -> bool {
        let newer = self.newest.is_none_or(|newest| deed > newest);
        let heard = newer || self.mistake == Some(Mistake::NoFence);
        if heard {
            self.newest = Some(deed);
        }
        heard
    }

    pub(super) fn handle_outcome(&mut self, outcome: Outcome, now: Instant) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        match (asked, outcome) {
            (Asked::Read, Ok(Reply::Got { record, store })) => {
                self.store = store;
                self.read(record.map(|it| (it.value, it.revision)), now);
            }
            (Asked::Renewal { sent }, Ok(Reply::Committed(Commit::Done(revision)))) => {
                self.extend(sent, revision, now);
            }
            (Asked::Claim { sent, epoch }, Ok(Reply::Committed(Commit::Done(revision)))) => {
                let owner = self.me;
                self.known = Some(Record {
                    epoch,
                    owner,
                    revision,
                });
                self.owns = Some(epoch);
                self.deeds = 0;
                self.extend(sent, revision, now);
            }
            (Asked::Claim { epoch, .. }, Err(_))
                if self.mistake == Some(Mistake::UnknownIsDone) =>
            {
                self.owns = Some(epoch);
                self.deeds = 0;
                self.leased_until = now + LEASE;
            }
            // The lease is not extended. The next read settles the outcome (R10).
            _ => self.known = None,
        }
    }

    fn extend(&mut self, sent: Instant, revision: Revision, now: Instant) {
        let from = match self.mistake {
            Some(Mistake::LeaseFromAnswer) => now,
            _ => sent,
        };
        self.leased_until = from + LEASE;
        self.seen_since = now;
        if let Some(known) = &mut self.known {
            known.revision = revision;
        }
    }

    fn read(&mut self, found: Option<(Bytes, Revision)>, now: Instant) {
        let record = found.map(|(value, revision)| Record {
            epoch: number(&value, 0),
            owner: number(&value, 1),
            revision,
        });
        let same = self.seen == record.map(|it| it.revision);
        if !same {
            self.seen_since = now;
        }
        self.known = record;
        let mine = record.filter(|it| it.owner == self.me);
        match (mine, self.owns) {
            (Some(record), Some(epoch)) if record.epoch == epoch => {}
            // A claim with an unknown outcome was done, and its lease counts from the request.
            (Some(record), _) => {
                let claimed = self.claimed.filter(|(epoch, _)| *epoch == record.epoch);
                let since = claimed.map_or(now - LEASE, |(_, sent)| sent);
                self.owns = Some(record.epoch);
                self.deeds = 0;
                self.leased_until = since + LEASE;
            }
            (None, _) => self.owns = None,
        }
        self.seen = record.map(|it| it.revision);
    }

    fn poll(&mut self, now: Instant) {
        if self.asked.is_some() {
            return;
        }
        let known = self.known.take();
        let asked = match known {
            Some(record) if self.owns == Some(record.epoch) && record.owner == self.me => {
                self.known = known;
                let expect = Expect::Revision(record.revision);
                self.put(record.epoch, expect);
                Asked::Renewal { sent: now }
            }
            Some(record) if self.is_over(now) => {
                let epoch = record.epoch + 1;
                self.put(epoch, Expect::Revision(record.revision));
                self.note_claim(epoch, now);
                Asked::Claim { sent: now, epoch }
            }
            None if self.seen.is_none() && self.store > Revision(0) => {
                let epoch = self.store.0 + 1;
                self.put(epoch, Expect::Absent);
                self.note_claim(epoch, now);
                Asked::Claim { sent: now, epoch }
            }
            _ => {
                self.outputs
                    .push_back(Output::Ask(Request::Get(KEY.into())));
                Asked::Read
            }
        };
        self.asked = Some(asked);
    }

    /// Records a claim. A claim of an epoch may be repeated before the first is known to have
    /// failed, and either may be the one that was done.
    fn note_claim(&mut self, epoch: u64, now: Instant) {
        let again = self.claimed.is_some_and(|(claimed, _)| claimed == epoch);
        if !again {
            self.claimed = Some((epoch, now));
        }
    }

    /// Returns true if the record has not changed for as long as its owner could have a lease.
    fn is_over(&self, now: Instant) -> bool {
        let waits = match self.mistake {
            Some(Mistake::ImpatientClaim) => LEASE / 4,
            _ => TAKE_OVER,
        };
        now.since(self.seen_since) >= waits
    }

    fn put(&mut self, epoch: u64, expect: Expect) {
        let mut value = epoch.to_le_bytes().to_vec();
        value.extend(self.me.to_le_bytes());
        // A renewal must change something.
        value.extend(self.polls_at.as_nanos().to_le_bytes());
        let (key, value) = (KEY.into(), value.into());
        let writes = vec![Write::Put { key, expect, value }];
        self.outputs.push_back(Output::Ask(Request::Commit(writes)));
    }
}

fn number(value: &Bytes, index: usize) -> u64 {
    let bytes = &value[index * 8..index * 8 + 8];
    u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}
