//! The vocabulary of storage: what may be asked of it and how it answers.

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Commit, Expect, Key, Record};

/// Records of one answer to a read of a log: what a reader must hold at once.
pub const READ_RECORDS_MAX: usize = 1000;
/// Documents of one answer to a list: each may be as large as a saved game.
pub const LIST_DOCUMENTS_MAX: usize = 100;

/// The place of a record in a journal or a log: from 1, without gaps.
///
/// A snapshot has the place of the last record whose effect it contains, 0 before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl Position {
    /// The one behind this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// An entity's state at a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last record it contains the effect of.
    pub position: Position,
    /// The state.
    pub bytes: Bytes,
}

/// What is kept of an entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The newest snapshot, if there is one.
    pub snapshot: Option<Snapshot>,
    /// The records right behind the snapshot, or from position 1 if there is none; no gaps.
    pub journal: Vec<Bytes>,
}

impl Loaded {
    /// Where the next record of the journal belongs.
    #[must_use]
    pub fn next(&self) -> Position {
        let start = self.snapshot.as_ref().map_or(0, |it| it.position.0);
        Position(start + self.journal.len() as u64 + 1)
    }
}

/// The name under which an append happens once, however often it is asked for.
///
/// It stays the same when a successor repeats it, so `epoch` is the one under which the step was
/// executed, not the one of who asks.
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
    /// Its place in the log.
    pub position: Position,
    /// The append it came with.
    pub key: AppendKey,
    /// Its bytes.
    pub bytes: Bytes,
}

/// One operation on storage: the methods of [`crate::Storage`] as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// See [`crate::Storage::snapshot`].
    Snapshot {
        /// Whose.
        entity: Key,
        /// The writer's epoch.
        epoch: Epoch,
        /// The state.
        snapshot: Snapshot,
    },
    /// See [`crate::Storage::journal`].
    Journal {
        /// Whose.
        entity: Key,
        /// The writer's epoch.
        epoch: Epoch,
        /// Where the first record belongs.
        from: Position,
        /// The records.
        records: Vec<Bytes>,
    },
    /// See [`crate::Storage::load`].
    Load {
        /// Whose.
        entity: Key,
        /// The new owner's epoch.
        epoch: Epoch,
    },
    /// See [`crate::Storage::append`].
    Append {
        /// To which log.
        log: Key,
        /// The epoch of who asks.
        epoch: Epoch,
        /// The append's name.
        key: AppendKey,
        /// The records.
        records: Vec<Bytes>,
    },
    /// See [`crate::Storage::read`].
    Read {
        /// Which log.
        log: Key,
        /// The first position wanted.
        from: Position,
    },
    /// See [`crate::Storage::trim`].
    Trim {
        /// Which log.
        log: Key,
        /// The first position to keep.
        before: Position,
    },
    /// See [`crate::Storage::put_document`].
    PutDocument {
        /// Its name.
        name: Key,
        /// What it shall be.
        value: Bytes,
        /// What must hold.
        expect: Expect,
    },
    /// See [`crate::Storage::document`].
    Document(Key),
    /// See [`crate::Storage::documents`].
    Documents {
        /// How the names begin.
        prefix: Key,
        /// Only names behind this one; empty for all.
        after: Key,
    },
}

/// The answer to a [`Request`], of the same sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To a snapshot, a journal write, an append and a trim: done.
    Done,
    /// To a load.
    Loaded(Loaded),
    /// To a read.
    Read(Vec<LogRecord>),
    /// To a document's put.
    Committed(Commit),
    /// To a document's read.
    Document(Option<Record>),
    /// To a list of documents, by name.
    Documents(Vec<(Key, Record)>),
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Certainly not done: a newer owner has sealed the entity. Whoever is told so has lost it.
    #[error("not done: sealed by epoch {by}")]
    Sealed {
        /// The newest epoch it was sealed with.
        by: Epoch,
    },
    /// The operation certainly did not happen.
    #[error("not done: {0}")]
    NotDone(String),
    /// The operation may have happened, or may still happen. Each may be repeated as it is, except
    /// a document's put, which is settled by reading.
    #[error("unknown whether done: {0}")]
    Unknown(String),
}

impl Failure {
    /// Whether the operation certainly did not happen.
    #[must_use]
    pub const fn is_not_done(&self) -> bool {
        match self {
            Self::Sealed { .. } | Self::NotDone(_) => true,
            Self::Unknown(_) => false,
        }
    }
}

/// How a request ended.
pub type Outcome = Result<Reply, Failure>;
