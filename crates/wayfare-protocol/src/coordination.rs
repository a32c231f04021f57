//! The vocabulary of coordination: small records with revisions, changed by compare-and-set.
//!
//! Decision code asks by [`Request`] and is answered by [`Outcome`]; who carries the request to an
//! engine, and when the answer comes, is not its business.

use std::sync::Arc;

use bytes::Bytes;

/// A record's name, such as `entity/plaza/main`. Cheap to clone.
pub type Key = Arc<str>;

/// The store's commit counter at which a record was last written: grows with every commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// What must hold of a record for an operation on it to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// There is no such record.
    Absent,
    /// The record was last written at this revision.
    Revision(Revision),
}

/// A record as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its bytes.
    pub value: Bytes,
    /// When it was last written.
    pub revision: Revision,
}

/// One part of an atomic commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Writes the record if the expectation holds.
    Put {
        /// Its name.
        key: Key,
        /// What must hold.
        expect: Expect,
        /// What it shall be.
        value: Bytes,
    },
    /// Removes the record if it was last written at this revision.
    Delete {
        /// Its name.
        key: Key,
        /// What must hold.
        expect: Revision,
    },
    /// Changes nothing, but the whole commit depends on it.
    Check {
        /// Its name.
        key: Key,
        /// What must hold.
        expect: Expect,
    },
}

/// One operation on coordination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Reads one record, linearizably.
    Get(Key),
    /// Writes or removes records, all or none, at most [`crate::limits::COMMIT_KEYS_MAX`] of them,
    /// each key once.
    Commit(Vec<Write>),
    /// The same for records that mean nothing once every memory of this cluster is lost, such as who
    /// owns a room that lives in memory only: they need not outlive the loss of power or a kill of
    /// a service that runs inside the node, and so cost no sync there. The store's revision
    /// does not go back even then.
    CommitLazily(Vec<Write>),
    /// Several commits that do not depend on each other, in one round trip.
    Batch(Vec<Vec<Write>>),
    /// Reads all records whose name begins so, in the order of their names.
    List(Key),
}

/// How one commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Applied, at this revision.
    Done(Revision),
    /// Certainly not applied: an expectation did not hold. No news about others (R10).
    Refused,
}

/// The answer to a [`Request`], of the same sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To a get.
    Got {
        /// The record, if there is one.
        record: Option<Record>,
        /// The store's revision at the read; a new epoch is never below it.
        store: Revision,
    },
    /// To a commit.
    Committed(Commit),
    /// To a batch: of each commit, in order.
    Batched(Vec<Result<Commit, Failure>>),
    /// To a list.
    Listed {
        /// The records, by name.
        records: Vec<(Key, Record)>,
        /// The store's revision at the read.
        store: Revision,
    },
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The operation certainly did not happen.
    #[error("not done: {0}")]
    NotDone(String),
    /// The operation may have happened, or may still happen: settled only by reading (R10).
    #[error("unknown whether done: {0}")]
    Unknown(String),
}

/// How a request ended: done or refused (in the reply), or failed, of which unknown is one way.
pub type Outcome = Result<Reply, Failure>;
