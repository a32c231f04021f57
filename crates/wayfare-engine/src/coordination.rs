//! The trait of the coordination service, which records the owners of entities and sessions.

use std::collections::BTreeSet;

use bytes::Bytes;
use wayfare_protocol::coordination::{
    Commit, Expect, Failure, Key, Outcome, Record, Reply, Request, Revision, Write,
};
use wayfare_protocol::limits::COMMIT_KEYS_MAX;

use crate::Watch;
use crate::pending::{self, Pending};

/// A store of small records with revisions, changed by compare-and-set and read linearizably.
///
/// The store has one revision, which every applied commit increases. A record carries the revision
/// of its last commit. A record that was deleted and created again therefore never has an earlier
/// revision, and an expected revision matches exactly one state of one record.
///
/// Each change ends in one of three ways (rule R10). It is done: [`Commit::Done`]. It certainly did
/// not happen: [`Commit::Refused`] if an expectation did not hold, [`Failure::NotDone`] otherwise.
/// Or its outcome is unknown, and it may still happen later: [`Failure::Unknown`]. An engine never
/// repeats a change with an unknown outcome, because the effect of the first attempt would make the
/// repeat fail.
///
/// Every call costs a round trip to the service, a change also a durable write there. Engines pass
/// [`crate::contract::coordination`].
///
/// An engine implements [`Self::call`] and [`Self::watch`]. The methods of the operations document
/// what their requests require of an engine.
pub trait Coordination: Send + Sync {
    /// Executes a request. The reply is of the same sort as the request.
    ///
    /// # Errors
    /// Those of the requested operation. A batch has its errors in its reply.
    fn call(&self, request: Request) -> Pending<'_, Outcome>;

    /// Reads a record linearizably: the result reflects every change that was done before the call.
    ///
    /// # Errors
    /// Any failure. A read changes nothing, so it may be repeated after any failure.
    fn get(&self, key: Key) -> Pending<'_, Result<Read, Failure>> {
        picked(self.call(Request::Get(key)), |reply| match reply {
            Reply::Got { record, store } => Some(Read { record, store }),
            _ => None,
        })
    }

    /// Writes a record if `expect` holds: a commit of one put.
    ///
    /// # Errors
    /// As [`Self::commit`].
    fn put(&self, key: Key, value: Bytes, expect: Expect) -> Pending<'_, Result<Commit, Failure>> {
        self.commit(vec![Write::Put { key, expect, value }])
    }

    /// Deletes a record if its revision is `expect`: a commit of one delete.
    ///
    /// # Errors
    /// As [`Self::commit`].
    fn delete(&self, key: Key, expect: Revision) -> Pending<'_, Result<Commit, Failure>> {
        self.commit(vec![Write::Delete { key, expect }])
    }

    /// Applies all of `writes` at one new revision if every expectation holds, otherwise none.
    ///
    /// A commit that consists of checks changes nothing and is done at the store's present
    /// revision.
    ///
    /// # Errors
    /// [`Failure::NotDone`] for more than [`COMMIT_KEYS_MAX`] keys, for a repeated key, and if the
    /// service certainly did not apply it; [`Failure::Unknown`] if it may have.
    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<Commit, Failure>> {
        committed(self.call(Request::Commit(writes)))
    }

    /// Commits like [`Self::commit`], but without waiting for durability. An engine inside the node
    /// may lose the commit with the node, but only together with all later commits that did not
    /// wait either. Its revision, and all higher ones that were issued, are never issued again.
    ///
    /// An engine outside the node treats this as [`Self::commit`].
    ///
    /// # Errors
    /// As [`Self::commit`].
    fn commit_lazily(&self, writes: Vec<Write>) -> Pending<'_, Result<Commit, Failure>> {
        committed(self.call(Request::CommitLazily(writes)))
    }

    /// Applies independent commits in one round trip and in any order. Each has its own outcome, in
    /// the order given.
    ///
    /// # Errors
    /// Those of [`Self::commit`], in the place of the commit in question.
    fn batch(&self, commits: Vec<Vec<Write>>) -> Pending<'_, Vec<Result<Commit, Failure>>> {
        let count = commits.len();
        let pending = self.call(Request::Batch(commits));
        Box::pin(async move {
            let outcomes = picked(pending, |reply| match reply {
                Reply::Batched(outcomes) => Some(outcomes),
                _ => None,
            });
            let outcomes = outcomes.await;
            outcomes.unwrap_or_else(|failure| vec![Err(failure); count])
        })
    }

    /// Reads all records whose names begin with `prefix` (compared by bytes), in the order of their
    /// names, all at one revision. Costs the transfer of their bytes.
    ///
    /// # Errors
    /// Any failure. A read changes nothing, so it may be repeated after any failure.
    fn list(&self, prefix: Key) -> Pending<'_, Result<Listing, Failure>> {
        picked(self.call(Request::List(prefix)), |reply| match reply {
            Reply::Listed { records, store } => Some(Listing { records, store }),
            _ => None,
        })
    }

    /// Watches the records whose names begin with `prefix`, from the first commit behind `after`.
    /// Pass the `store` of a listing, or the revision of the last change seen.
    ///
    /// The engine reconnects by itself. A reported change is a hint to read, not the present state.
    /// Costs a bounded queue while the watch exists.
    fn watch(&self, prefix: Key, after: Revision) -> Watch;
}

fn picked<'a, T: 'a>(
    pending: Pending<'a, Outcome>,
    pick: fn(Reply) -> Option<T>,
) -> Pending<'a, Result<T, Failure>> {
    pending::picked(pending, pick, Failure::Unknown)
}

fn committed(pending: Pending<'_, Outcome>) -> Pending<'_, Result<Commit, Failure>> {
    picked(pending, |reply| match reply {
        Reply::Committed(commit) => Some(commit),
        _ => None,
    })
}

/// Checks a commit's keys. Every engine does this before it executes a commit.
///
/// # Errors
/// [`Failure::NotDone`] for more than [`COMMIT_KEYS_MAX`] keys, or for a repeated key.
pub fn check_keys(writes: &[Write]) -> Result<(), Failure> {
    if writes.len() > COMMIT_KEYS_MAX {
        return Err(Failure::NotDone(format!(
            "{} keys in one commit, at most {COMMIT_KEYS_MAX} are allowed",
            writes.len()
        )));
    }
    let mut seen = BTreeSet::new();
    for write in writes {
        let (Write::Put { key, .. } | Write::Delete { key, .. } | Write::Check { key, .. }) = write;
        if !seen.insert(key) {
            return Err(Failure::NotDone(format!("{key} is repeated in one commit")));
        }
    }
    Ok(())
}

/// The result of reading a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The record, if it exists.
    pub record: Option<Record>,
    /// The store's revision at the read.
    pub store: Revision,
}

/// The result of reading several records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The records, by name.
    pub records: Vec<(Key, Record)>,
    /// The store's revision at the read. A watch behind it misses nothing.
    pub store: Revision,
}
