//! The vocabulary of coordination: small records with revisions, changed by compare-and-set.
//!
//! Decision code sends a [`Request`] and receives an [`Outcome`]. Its caller passes the request to
//! an engine and delivers the outcome.

use std::sync::Arc;

use bytes::Bytes;

/// A record's name, such as `entity/plaza/main`. Cheap to clone.
pub type Key = Arc<str>;

/// The store's commit counter at the last write of a record. It grows with every commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// The condition of an operation on a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The record does not exist.
    Absent,
    /// The record was last written at this revision.
    Revision(Revision),
}

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The record's bytes.
    pub value: Bytes,
    /// The revision at which it was last written.
    pub revision: Revision,
}

/// A part of an atomic commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Writes the record if the expectation holds.
    Put {
        /// The record's name.
        key: Key,
        /// The condition.
        expect: Expect,
        /// The new value.
        value: Bytes,
    },
    /// Deletes the record if it was last written at this revision.
    Delete {
        /// The record's name.
        key: Key,
        /// The condition.
        expect: Revision,
    },
    /// Changes nothing. The commit is done only if the condition holds.
    Check {
        /// The record's name.
        key: Key,
        /// The condition.
        expect: Expect,
    },
}

/// An operation on coordination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Reads a record, linearizably.
    Get(Key),
    /// Writes or deletes records, all or none, at most [`crate::limits::COMMIT_KEYS_MAX`] of them,
    /// each key once.
    Commit(Vec<Write>),
    /// Commits records that are useless once every memory of this cluster is lost, such as the
    /// owner of a room that lives in memory only. They need not survive a power failure, or a kill
    /// of a service inside the node, so they cost no sync there. The store's revision does not go
    /// back even then.
    CommitLazily(Vec<Write>),
    /// Several commits that do not depend on each other, in one round trip.
    Batch(Vec<Vec<Write>>),
    /// Reads all records whose names begin with this prefix, in the order of their names.
    List(Key),
}

/// The outcome of a commit that was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Applied, at this revision.
    Done(Revision),
    /// Certainly not applied, because an expectation did not hold. This says nothing about earlier
    /// attempts (R10).
    Refused,
}

/// The reply to a [`Request`], of the same sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The reply to a get.
    Got {
        /// The record, if it exists.
        record: Option<Record>,
        /// The store's revision at the read. A new epoch is never below it.
        store: Revision,
    },
    /// The reply to a commit.
    Committed(Commit),
    /// The reply to a batch: the outcome of each commit, in order.
    Batched(Vec<Result<Commit, Failure>>),
    /// The reply to a list.
    Listed {
        /// The records, by name.
        records: Vec<(Key, Record)>,
        /// The store's revision at the read.
        store: Revision,
    },
}

/// Reasons why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The operation certainly did not happen.
    #[error("not done: {0}")]
    NotDone(String),
    /// The outcome is unknown: the operation may have happened, or may still happen. Only a read
    /// settles it (R10).
    #[error("unknown whether done: {0}")]
    Unknown(String),
}

/// The outcome of a request: done or refused (in the reply), or failed, which includes unknown.
pub type Outcome = Result<Reply, Failure>;
