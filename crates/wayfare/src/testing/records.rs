//! Coordination in maps: enough for one shard that is alone.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::coordination::{
    Commit, Expect, Key, Outcome, Record, Reply, Request, Revision, Write,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    records: BTreeMap<Key, Record>,
    /// Those that a crash takes away.
    lazy: BTreeSet<Key>,
    revision: Revision,
}

impl Records {
    pub(super) fn answer(&mut self, request: Request) -> Outcome {
        let store = self.revision;
        Ok(match request {
            Request::Get(key) => Reply::Got {
                record: self.records.get(&key).cloned(),
                store,
            },
            Request::Commit(writes) => Reply::Committed(self.commit(writes)),
            Request::CommitLazily(writes) => {
                let keys: Vec<Key> = writes.iter().filter_map(put).collect();
                let commit = self.commit(writes);
                if let Commit::Done(_) = commit {
                    self.lazy.extend(keys);
                }
                Reply::Committed(commit)
            }
            Request::Batch(commits) => {
                let commits = commits.into_iter();
                Reply::Batched(commits.map(|writes| Ok(self.commit(writes))).collect())
            }
            Request::List(prefix) => Reply::Listed {
                records: self
                    .records
                    .range(prefix.clone()..)
                    .take_while(|(key, _)| key.starts_with(&*prefix))
                    .map(|(key, record)| (key.clone(), record.clone()))
                    .collect(),
                store,
            },
        })
    }

    /// The store's revision: it never goes back.
    pub(super) fn revision(&self) -> Revision {
        self.revision
    }

    /// The memory of the node is lost, and with it what need not outlive it.
    pub(super) fn crash(&mut self) {
        for key in std::mem::take(&mut self.lazy) {
            self.records.remove(&key);
        }
    }

    /// All writes or none.
    fn commit(&mut self, writes: Vec<Write>) -> Commit {
        if !writes.iter().all(|write| self.holds(write)) {
            return Commit::Refused;
        }
        self.revision.0 += 1;
        let revision = self.revision;
        for write in writes {
            match write {
                Write::Put { key, value, .. } => {
                    self.lazy.remove(&key);
                    self.records.insert(key, Record { value, revision });
                }
                Write::Delete { key, .. } => {
                    self.records.remove(&key);
                }
                Write::Check { .. } => {}
            }
        }
        Commit::Done(revision)
    }

    fn holds(&self, write: &Write) -> bool {
        let (key, expect) = match write {
            Write::Put { key, expect, .. } | Write::Check { key, expect } => (key, *expect),
            Write::Delete { key, expect } => (key, Expect::Revision(*expect)),
        };
        match (self.records.get(key), expect) {
            (None, Expect::Absent) => true,
            (Some(record), Expect::Revision(revision)) => record.revision == revision,
            (None, Expect::Revision(_)) | (Some(_), Expect::Absent) => false,
        }
    }
}

fn put(write: &Write) -> Option<Key> {
    match write {
        Write::Put { key, .. } => Some(key.clone()),
        Write::Delete { .. } | Write::Check { .. } => None,
    }
}
