//! The coordination of a test, with the records that a crash loses.

use std::collections::BTreeSet;

use wayfare_engine::model::ModelCoordination;
use wayfare_protocol::coordination::{Commit, Key, Outcome, Reply, Request, Revision, Write};

#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    model: ModelCoordination,
    /// The records that a crash loses.
    lazy: BTreeSet<Key>,
}

impl Records {
    pub(super) fn answer(&mut self, request: Request) -> Outcome {
        let is_lazy = matches!(request, Request::CommitLazily(_));
        let put = match &request {
            Request::Commit(writes) | Request::CommitLazily(writes) => vec![keys_put(writes)],
            Request::Batch(commits) => commits.iter().map(|it| keys_put(it)).collect(),
            Request::Get(_) | Request::List(_) => Vec::new(),
        };
        let outcome = self.model.apply(request);
        let commits = match &outcome {
            Ok(Reply::Committed(commit)) => vec![Ok(*commit)],
            Ok(Reply::Batched(commits)) => commits.clone(),
            Ok(Reply::Got { .. } | Reply::Listed { .. }) | Err(_) => Vec::new(),
        };
        for (keys, commit) in put.into_iter().zip(commits) {
            match commit {
                Ok(Commit::Done(_)) if is_lazy => self.lazy.extend(keys),
                Ok(Commit::Done(_)) => self.lazy.retain(|key| !keys.contains(key)),
                Ok(Commit::Refused) | Err(_) => {}
            }
        }
        outcome
    }

    /// Returns the store's revision, which never goes back.
    pub(super) const fn revision(&self) -> Revision {
        self.model.revision()
    }

    /// Loses the records that need not survive the node.
    pub(super) fn crash(&mut self) {
        for key in std::mem::take(&mut self.lazy) {
            if let Some(record) = self.model.read(&key).record {
                let expect = record.revision;
                let deleted = self.model.commit(vec![Write::Delete { key, expect }]);
                debug_assert!(matches!(deleted, Ok(Commit::Done(_))), "{deleted:?}");
            }
        }
    }
}

fn keys_put(writes: &[Write]) -> Vec<Key> {
    let key = |write: &Write| match write {
        Write::Put { key, .. } => Some(key.clone()),
        Write::Delete { .. } | Write::Check { .. } => None,
    };
    writes.iter().filter_map(key).collect()
}
