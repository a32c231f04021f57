//! Coordination as a plain state machine.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use bytes::Bytes;
use wayfare_protocol::coordination::{
    Commit, Expect, Failure, Key, Outcome, Record, Reply, Request, Revision, Write,
};
use wayfare_protocol::limits::COMMIT_KEYS_MAX;

use super::{holds, own, scan};
use crate::coordination::{Listing, Read, check_keys};
use crate::watch::{Change, Changes, Compacted};

/// The default number of changes kept for watches: the changes of a hundred rooms a second in more
/// than half a minute.
pub const CHANGES_MAX: usize = 4096;

const _: () = assert!(CHANGES_MAX >= COMMIT_KEYS_MAX);

/// All records, one revision, and the latest changes.
///
/// A record costs its bytes, those of its key and about 110 more. A former value is kept only while
/// it is among the latest changes.
#[derive(Clone, Debug)]
pub struct ModelCoordination {
    records: BTreeMap<Key, Kept>,
    revision: Revision,
    latest: VecDeque<Latest>,
    changes_max: usize,
    compacted: Revision,
}

/// A record at rest. `Bytes` would cost 16 bytes more, and another 32 once it is shared.
#[derive(Clone, Debug)]
struct Kept {
    value: Box<[u8]>,
    revision: Revision,
}

impl Kept {
    fn read(&self) -> Record {
        Record {
            value: Bytes::copy_from_slice(&self.value),
            revision: self.revision,
        }
    }
}

#[derive(Clone, Debug)]
struct Latest {
    revision: Revision,
    change: Change,
}

impl Default for ModelCoordination {
    fn default() -> Self {
        Self::new(CHANGES_MAX)
    }
}

impl ModelCoordination {
    /// Makes an empty store that keeps the latest `changes_max` changes of records for watches.
    #[must_use]
    pub const fn new(changes_max: usize) -> Self {
        Self {
            records: BTreeMap::new(),
            revision: Revision(0),
            latest: VecDeque::new(),
            changes_max,
            compacted: Revision(0),
        }
    }

    /// Executes a request.
    ///
    /// # Errors
    /// [`Failure::NotDone`] for a commit over the bound or with a repeated key.
    pub fn apply(&mut self, request: Request) -> Outcome {
        Ok(match request {
            Request::Get(key) => {
                let Read { record, store } = self.read(&key);
                Reply::Got { record, store }
            }
            Request::Commit(writes) | Request::CommitLazily(writes) => {
                Reply::Committed(self.commit(writes)?)
            }
            Request::Batch(commits) => Reply::Batched(self.batch(commits)),
            Request::List(prefix) => {
                let Listing { records, store } = self.list(&prefix);
                Reply::Listed { records, store }
            }
        })
    }

    /// Returns the store's revision, which is that of the last commit that changed something.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// Returns the number of changes that are kept for watches.
    #[must_use]
    pub const fn changes_max(&self) -> usize {
        self.changes_max
    }

    /// Reads a record.
    #[must_use]
    pub fn read(&self, key: &str) -> Read {
        Read {
            record: self.records.get(key).map(Kept::read),
            store: self.revision,
        }
    }

    /// Reads all records whose names begin with `prefix`.
    #[must_use]
    pub fn list(&self, prefix: &str) -> Listing {
        let records = scan(&self.records, prefix, Bound::Included(prefix))
            .map(|(key, record)| (key.clone(), record.read()))
            .collect();
        Listing {
            records,
            store: self.revision,
        }
    }

    /// Applies all writes or none.
    ///
    /// # Errors
    /// [`Failure::NotDone`] for too many keys or a repeated key.
    pub fn commit(&mut self, writes: Vec<Write>) -> Result<Commit, Failure> {
        match decide(&writes, |key| self.revision_of(key))? {
            Decision::Refused => return Ok(Commit::Refused),
            Decision::Holds => {}
            Decision::Changes => self.apply_at(Revision(self.revision.0 + 1), writes),
        }
        Ok(Commit::Done(self.revision))
    }

    /// Makes a store with this content, which knows no change up to `revision`.
    pub(crate) fn restored(
        records: impl IntoIterator<Item = (Key, Record)>,
        revision: Revision,
    ) -> Self {
        let kept = |(key, record): (Key, Record)| {
            let value = record.value[..].into();
            let revision = record.revision;
            (key, Kept { value, revision })
        };
        Self {
            records: records.into_iter().map(kept).collect(),
            revision,
            compacted: revision,
            ..Self::default()
        }
    }

    pub(crate) fn revision_of(&self, key: &str) -> Option<Revision> {
        self.records.get(key).map(|it| it.revision)
    }

    /// Applies writes that were decided already, at a revision above the store's.
    pub(crate) fn apply_at(&mut self, revision: Revision, writes: Vec<Write>) {
        self.revision = revision;
        for write in writes {
            self.write(write);
        }
        self.forget();
    }

    fn batch(&mut self, commits: Vec<Vec<Write>>) -> Vec<Result<Commit, Failure>> {
        commits
            .into_iter()
            .map(|writes| self.commit(writes))
            .collect()
    }

    /// Returns the changes behind `after` of records whose names begin with `prefix`, by commit.
    ///
    /// # Errors
    /// [`Compacted`] if changes of any record behind `after` were forgotten.
    pub fn changes(&self, prefix: &str, after: Revision) -> Result<Vec<Changes>, Compacted> {
        if after < self.compacted {
            return Err(Compacted { at: self.compacted });
        }
        let start = self.latest.partition_point(|it| it.revision <= after);
        let mut commits: Vec<Changes> = Vec::new();
        for Latest { revision, change } in self.latest.range(start..) {
            if !change.key.starts_with(prefix) {
                continue;
            }
            match commits.last_mut() {
                Some(commit) if commit.revision == *revision => commit.changes.push(change.clone()),
                _ => commits.push(Changes {
                    revision: *revision,
                    changes: vec![change.clone()],
                }),
            }
        }
        Ok(commits)
    }

    fn write(&mut self, write: Write) {
        match write {
            Write::Put { key, value, .. } => {
                let kept = Kept {
                    value: value[..].into(),
                    revision: self.revision,
                };
                self.remember(key.clone(), Some(own(&value)));
                self.records.insert(key, kept);
            }
            Write::Delete { key, .. } => {
                self.records.remove(&key);
                self.remember(key, None);
            }
            Write::Check { .. } => {}
        }
    }

    fn remember(&mut self, key: Key, value: Option<Bytes>) {
        self.latest.push_back(Latest {
            revision: self.revision,
            change: Change { key, value },
        });
    }

    /// Forgets the oldest changes over the bound, by whole commits.
    fn forget(&mut self) {
        while self.latest.len() > self.changes_max
            || self
                .latest
                .front()
                .is_some_and(|it| it.revision == self.compacted)
        {
            let Some(oldest) = self.latest.pop_front() else {
                return;
            };
            self.compacted = oldest.revision;
        }
    }
}

/// The decision on a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// An expectation does not hold.
    Refused,
    /// All expectations hold, and nothing changes.
    Holds,
    /// All expectations hold, and something changes.
    Changes,
}

/// Decides on a commit, given the revision of each existing record.
pub(crate) fn decide(
    writes: &[Write],
    revision_of: impl Fn(&str) -> Option<Revision>,
) -> Result<Decision, Failure> {
    check_keys(writes)?;
    let all_hold = writes.iter().all(|write| {
        let (key, expect) = expectation(write);
        holds(revision_of(key), expect)
    });
    if !all_hold {
        return Ok(Decision::Refused);
    }
    let is_check = |write: &Write| matches!(write, Write::Check { .. });
    if writes.iter().all(is_check) {
        return Ok(Decision::Holds);
    }
    Ok(Decision::Changes)
}

fn expectation(write: &Write) -> (&str, Expect) {
    match write {
        Write::Put { key, expect, .. } | Write::Check { key, expect } => (key, *expect),
        Write::Delete { key, expect } => (key, Expect::Revision(*expect)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str) -> Write {
        Write::Put {
            key: key.into(),
            expect: Expect::Absent,
            value: Bytes::new(),
        }
    }

    #[test]
    fn changes_are_forgotten_by_whole_commits() {
        let mut model = ModelCoordination::new(3);
        model.commit(vec![put("a"), put("b")]).unwrap();
        model.commit(vec![put("c")]).unwrap();
        assert_eq!(model.changes("", Revision(0)).unwrap().len(), 2);
        model.commit(vec![put("d")]).unwrap();
        let at = Revision(1);
        assert_eq!(model.changes("", Revision(0)), Err(Compacted { at }));
        assert_eq!(model.changes("", at).unwrap().len(), 2);
        assert_eq!(model.latest.len(), 2);
    }

    #[test]
    fn a_commit_larger_than_the_bound_is_forgotten_at_once() {
        let mut model = ModelCoordination::new(1);
        model.commit(vec![put("a"), put("b")]).unwrap();
        let at = Revision(1);
        assert_eq!(model.changes("", Revision(0)), Err(Compacted { at }));
        assert_eq!(model.changes("", at), Ok(vec![]));
    }

    #[test]
    fn a_commit_of_checks_keeps_the_revision() {
        let mut model = ModelCoordination::default();
        let check = || Write::Check {
            key: "b".into(),
            expect: Expect::Absent,
        };
        model.commit(vec![put("a")]).unwrap();
        let done = Ok(Commit::Done(Revision(1)));
        assert_eq!(model.commit(vec![check()]), done);
        assert_eq!(model.commit(Vec::new()), done);
        assert_eq!(model.revision(), Revision(1));
    }

    #[test]
    fn a_value_does_not_keep_its_buffer_alive() {
        let mut model = ModelCoordination::default();
        let datagram = Bytes::from(vec![7; 1000]);
        let value = datagram.slice(0..1);
        let write = Write::Put {
            key: "a".into(),
            expect: Expect::Absent,
            value,
        };
        model.commit(vec![write]).unwrap();
        assert!(datagram.is_unique());
    }

    #[test]
    fn the_same_requests_give_the_same_store() {
        let run = || {
            let mut model = ModelCoordination::default();
            let outcomes: Vec<_> = ["b", "a", "b", "c"]
                .map(|key| model.apply(Request::Commit(vec![put(key)])))
                .into();
            (outcomes, model.list(""))
        };
        assert_eq!(run(), run());
    }
}
