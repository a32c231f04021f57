//! The vocabulary of storage: snapshots and journals of entities, logs, documents.
//!
//! Decision code sends a [`Request`] and receives an [`Outcome`]. Its caller passes the request to
//! an engine and delivers the outcome.

use bytes::Bytes;

use crate::Epoch;
use crate::coordination::{Commit, Expect, Key, Record, Revision};

/// The number of records in an answer to a read of a log, which a reader must hold in memory.
pub const READ_RECORDS_MAX: usize = 1000;
/// The number of documents in an answer to a list. Each may be as large as a saved game.
pub const LIST_DOCUMENTS_MAX: usize = 100;
/// The number of entities that [`Request::Quarantine`] keeps: enough to see what is going wrong,
/// and no more than an operator would look at.
pub const QUARANTINED_MAX: usize = 100;

/// The position of a record in a journal or a log: from 1, without gaps.
///
/// A snapshot has the position of the last record whose effect it contains, 0 before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl Position {
    /// Returns the next position.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// An entity's state at a position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The last record whose effect it contains.
    pub position: Position,
    /// The state, or its head if it has parts.
    pub bytes: Bytes,
    /// The parts that belong to it, all stored before; empty for a state without parts.
    pub parts: Vec<PartId>,
}

/// The name of a stored form of a part of a large state.
///
/// A part is written once under each version, and never changed. A snapshot names the version of
/// each part that belongs to it, so writes for the next snapshot do not damage it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId {
    /// The number of the part.
    pub number: u32,
    /// The version of its form, chosen by the owner, above every version that its snapshot names.
    pub version: u64,
}

/// The stored data of an entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The newest snapshot, if it exists.
    pub snapshot: Option<Snapshot>,
    /// The records behind the snapshot, or from position 1 if there is none, without gaps.
    pub journal: Vec<Bytes>,
}

impl Loaded {
    /// Returns the position of the next record of the journal.
    #[must_use]
    pub fn next(&self) -> Position {
        let start = self.snapshot.as_ref().map_or(0, |it| it.position.0);
        Position(start + self.journal.len() as u64 + 1)
    }
}

/// The name of an append, which makes it happen once, however often it is repeated.
///
/// A successor repeats it with the same name. `epoch` is therefore that under which the step was
/// executed, not that of the present owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppendKey {
    /// The entity that writes.
    pub writer: Key,
    /// The epoch that executed the step.
    pub epoch: Epoch,
    /// The step's position in the writer's journal.
    pub step: Position,
}

/// A record of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// The position in the log.
    pub position: Position,
    /// The append that added it.
    pub key: AppendKey,
    /// The record's bytes.
    pub bytes: Bytes,
}

/// An operation on storage. The methods of the trait that engines implement have the same
/// operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Stores an entity's state, and deletes the journal up to its position and every part that it
    /// does not name.
    Snapshot {
        /// The entity.
        entity: Key,
        /// The writer's epoch.
        epoch: Epoch,
        /// The state.
        snapshot: Snapshot,
    },
    /// Stores a part of a large state, for a later snapshot that names it.
    Part {
        /// The entity.
        entity: Key,
        /// The writer's epoch.
        epoch: Epoch,
        /// The part's name.
        part: PartId,
        /// The part's bytes.
        bytes: Bytes,
    },
    /// Reads a part that the entity's snapshot names.
    ReadPart {
        /// The entity.
        entity: Key,
        /// The part's name.
        part: PartId,
    },
    /// Deletes an entity: snapshot, parts, journal and seal. The next writer must seal again.
    Forget {
        /// The entity.
        entity: Key,
        /// Its owner's epoch.
        epoch: Epoch,
    },
    /// Seals an entity and moves all its stored data to quarantine for an operator, readable or
    /// not, so that it begins empty. An owner does this after [`Failure::Corrupt`].
    Quarantine {
        /// The entity.
        entity: Key,
        /// The new owner's epoch.
        epoch: Epoch,
    },
    /// Adds records to an entity's journal, all or none.
    Journal {
        /// The entity.
        entity: Key,
        /// The writer's epoch.
        epoch: Epoch,
        /// The position of the first record.
        from: Position,
        /// The records.
        records: Vec<Bytes>,
    },
    /// Seals an entity with an epoch and reads its snapshot and journal.
    Load {
        /// The entity.
        entity: Key,
        /// The new owner's epoch.
        epoch: Epoch,
    },
    /// Adds records to a log, once for each key.
    Append {
        /// The log.
        log: Key,
        /// The epoch of the present owner.
        epoch: Epoch,
        /// The append's name.
        key: AppendKey,
        /// The records.
        records: Vec<Bytes>,
    },
    /// Reads a log.
    Read {
        /// The log.
        log: Key,
        /// The first position to read.
        from: Position,
    },
    /// Deletes the beginning of a log.
    Trim {
        /// The log.
        log: Key,
        /// The first position to keep.
        before: Position,
    },
    /// Writes a document if the expectation holds.
    PutDocument {
        /// The document's name.
        name: Key,
        /// The new value.
        value: Bytes,
        /// The condition.
        expect: Expect,
    },
    /// Deletes a document if it was last written at this revision.
    DeleteDocument {
        /// The document's name.
        name: Key,
        /// The condition.
        expect: Revision,
    },
    /// Reads a document.
    Document(Key),
    /// Lists documents by name.
    Documents {
        /// The prefix of the names.
        prefix: Key,
        /// Only names behind this one; empty for all.
        after: Key,
    },
}

/// The reply to a [`Request`], of the same sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The reply to a snapshot, a part, a journal write, a forget, a quarantine, an append and a
    /// trim: done.
    Done,
    /// The reply to a load.
    Loaded(Loaded),
    /// The reply to a read of a log.
    Read(Vec<LogRecord>),
    /// The reply to a read of a part.
    Part(Option<Bytes>),
    /// The reply to a put or delete of a document.
    Committed(Commit),
    /// The reply to a read of a document.
    Document(Option<Record>),
    /// The reply to a list of documents, by name.
    Documents(Vec<(Key, Record)>),
}

/// Reasons why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Certainly not done: a newer owner has sealed the entity. The caller has lost it.
    #[error("not done: sealed by epoch {by}")]
    Sealed {
        /// The newest epoch that has sealed it.
        by: Epoch,
    },
    /// The operation certainly did not happen.
    #[error("not done: {0}")]
    NotDone(String),
    /// Certainly not done: the stored data cannot be read, now or later. This concerns only the
    /// requested data. An entity continues after [`Request::Quarantine`].
    #[error("not done: what is kept is corrupt: {0}")]
    Corrupt(String),
    /// The outcome is unknown: the operation may have happened, or may still happen. All may be
    /// repeated unchanged, except a document's put and delete, which are settled by a read.
    #[error("unknown whether done: {0}")]
    Unknown(String),
}

impl Failure {
    /// Returns true if the operation certainly did not happen.
    #[must_use]
    pub const fn is_not_done(&self) -> bool {
        match self {
            Self::Sealed { .. } | Self::NotDone(_) | Self::Corrupt(_) => true,
            Self::Unknown(_) => false,
        }
    }
}

/// The outcome of a request.
pub type Outcome = Result<Reply, Failure>;
