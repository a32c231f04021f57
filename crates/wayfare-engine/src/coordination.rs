//! The trait of the service that decides who owns what.

use std::collections::BTreeSet;

use bytes::Bytes;
use wayfare_protocol::coordination::{
    Commit, Expect, Failure, Key, Outcome, Record, Reply, Request, Revision, Write,
};
use wayfare_protocol::limits::COMMIT_KEYS_MAX;

use crate::Watch;
use crate::pending::{self, Pending};

/// Small records with revisions, changed by compare-and-set, read linearizably.
///
/// The store has one revision, which every applied commit raises; a record carries the revision of
/// its last commit. So a record that was removed and made again never returns to an earlier
/// revision, and an expectation of a revision holds for exactly one state of one record.
///
/// Each change ends in one of three ways (rule R10): [`Commit::Done`]; certainly not done, which is
/// [`Commit::Refused`] when an expectation did not hold and [`Failure::NotDone`] otherwise; or
/// [`Failure::Unknown`], which may still happen later. An engine never repeats a change whose
/// outcome it does not know: a repeat would be refused by the effect of the first.
///
/// Every call costs one round trip to the service, a change also one durable write there.
/// Engines pass [`crate::contract::coordination`].
///
/// An engine implements [`Self::call`] and [`Self::watch`]; the method of each operation says what
/// the engine owes for its request.
pub trait Coordination: Send + Sync {
    /// Carries out a request. The reply is of the request's sort.
    ///
    /// # Errors
    /// Those of the operation asked for; of a batch, in its reply.
    fn call(&self, request: Request) -> Pending<'_, Outcome>;

    /// Reads one record, linearizably: it reflects every change done before the call.
    ///
    /// # Errors
    /// Any failure; a read changes nothing, so it may be repeated in either case.
    fn get(&self, key: Key) -> Pending<'_, Result<Read, Failure>> {
        picked(self.call(Request::Get(key)), |reply| match reply {
            Reply::Got { record, store } => Some(Read { record, store }),
            _ => None,
        })
    }

    /// Writes one record if `expect` holds: a commit of one put.
    ///
    /// # Errors
    /// As [`Self::commit`].
    fn put(&self, key: Key, value: Bytes, expect: Expect) -> Pending<'_, Result<Commit, Failure>> {
        self.commit(vec![Write::Put { key, expect, value }])
    }

    /// Removes one record if it was last written at `expect`: a commit of one delete.
    ///
    /// # Errors
    /// As [`Self::commit`].
    fn delete(&self, key: Key, expect: Revision) -> Pending<'_, Result<Commit, Failure>> {
        self.commit(vec![Write::Delete { key, expect }])
    }

    /// Applies all of `writes` at one new revision if every expectation holds, else none.
    ///
    /// A commit that only checks changes nothing and is done at the store's revision as it is.
    ///
    /// # Errors
    /// [`Failure::NotDone`] for more than [`COMMIT_KEYS_MAX`] keys or a key that comes twice, and
    /// when the service certainly did not take it; [`Failure::Unknown`] when it may have.
    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<Commit, Failure>> {
        committed(self.call(Request::Commit(writes)))
    }

    /// The same, without waiting until it is durable: an engine that runs inside the node may lose
    /// it with the node, but only together with every commit behind it that waited for nothing
    /// either. Its revision, and all above it that were given out, never come again.
    ///
    /// An engine outside the node treats it as [`Self::commit`].
    ///
    /// # Errors
    /// As [`Self::commit`].
    fn commit_lazily(&self, writes: Vec<Write>) -> Pending<'_, Result<Commit, Failure>> {
        committed(self.call(Request::CommitLazily(writes)))
    }

    /// Applies commits that do not depend on each other, in one round trip and in any order; each
    /// has an outcome of its own, in the order given.
    ///
    /// # Errors
    /// Those of [`Self::commit`], in the place of the commit they concern.
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

    /// Reads all records whose name begins with `prefix`, byte for byte, in the order of their
    /// names, all as of one revision. Costs their bytes.
    ///
    /// # Errors
    /// Any failure; a read changes nothing, so it may be repeated in either case.
    fn list(&self, prefix: Key) -> Pending<'_, Result<Listing, Failure>> {
        picked(self.call(Request::List(prefix)), |reply| match reply {
            Reply::Listed { records, store } => Some(Listing { records, store }),
            _ => None,
        })
    }

    /// Follows the records whose name begins with `prefix`, from the first commit behind `after`:
    /// the `store` of a listing, or the revision of the last change seen.
    ///
    /// The engine outlives lost connections by itself. What a watch says is a hint to read, not the
    /// present truth. Costs a bounded queue while the watch is kept.
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

/// What every engine looks at before it takes a commit.
///
/// # Errors
/// [`Failure::NotDone`] for more than [`COMMIT_KEYS_MAX`] keys, or one that comes twice.
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
            return Err(Failure::NotDone(format!("{key} comes twice in one commit")));
        }
    }
    Ok(())
}

/// One record as read, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The record, if there is one.
    pub record: Option<Record>,
    /// The store's revision at the read.
    pub store: Revision,
}

/// Several records as read, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The records, by name.
    pub records: Vec<(Key, Record)>,
    /// The store's revision at the read: a watch behind it misses nothing.
    pub store: Revision,
}
