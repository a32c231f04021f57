//! The vocabulary of storage: snapshots and journals of entities, logs, documents.
//!
//! Decision code asks by [`Request`] and is answered by [`Outcome`]; who carries the request to an
//! engine, and when the answer comes, is not its business.

use bytes::Bytes;

use crate::Epoch;
use crate::coordination::{Commit, Expect, Key, Record, Revision};

/// Records of one answer to a read of a log: what a reader must hold at once.
pub const READ_RECORDS_MAX: usize = 1000;
/// Documents of one answer to a list: each may be as large as a saved game.
pub const LIST_DOCUMENTS_MAX: usize = 100;
/// Entities put aside by [`Request::Quarantine`]: enough to see what is going wrong, and no more
/// than an operator would look at.
pub const QUARANTINED_MAX: usize = 100;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The last record it contains the effect of.
    pub position: Position,
    /// The state, or what there is of it beside its parts.
    pub bytes: Bytes,
    /// The parts that belong to it, each stored before; empty for a state without parts.
    pub parts: Vec<PartId>,
}

/// Names one stored form of one part of a large state.
///
/// A part is written once under each version, and never changed: a snapshot names the version of
/// each part that belongs to it, so that what is written for the next one leaves it whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId {
    /// Which part.
    pub number: u32,
    /// Which form of it: chosen by the owner, above every version its snapshot names.
    pub version: u64,
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

/// One operation on storage: the methods of the trait that engines implement, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Keeps an entity's state, and forgets the journal up to its position and every part it does not
    /// name.
    Snapshot {
        /// Whose.
        entity: Key,
        /// The writer's epoch.
        epoch: Epoch,
        /// The state.
        snapshot: Snapshot,
    },
    /// Stores a part of a large state, for a snapshot that will name it.
    Part {
        /// Whose.
        entity: Key,
        /// The writer's epoch.
        epoch: Epoch,
        /// Its name.
        part: PartId,
        /// Its bytes.
        bytes: Bytes,
    },
    /// Reads a part that the entity's snapshot names.
    ReadPart {
        /// Whose.
        entity: Key,
        /// Its name.
        part: PartId,
    },
    /// Forgets an entity: snapshot, parts, journal and seal. Whoever writes next must seal anew.
    Forget {
        /// Which.
        entity: Key,
        /// Its owner's epoch.
        epoch: Epoch,
    },
    /// Seals an entity and puts everything that is kept of it aside for an operator, readable or
    /// not, so that it begins empty: what an owner does about [`Failure::Corrupt`].
    Quarantine {
        /// Which.
        entity: Key,
        /// The new owner's epoch.
        epoch: Epoch,
    },
    /// Adds records to an entity's journal, all or none.
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
    /// Seals an entity with an epoch and reads its snapshot and journal.
    Load {
        /// Whose.
        entity: Key,
        /// The new owner's epoch.
        epoch: Epoch,
    },
    /// Adds records to a log, once for each key.
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
    /// Reads a log.
    Read {
        /// Which log.
        log: Key,
        /// The first position wanted.
        from: Position,
    },
    /// Forgets the beginning of a log.
    Trim {
        /// Which log.
        log: Key,
        /// The first position to keep.
        before: Position,
    },
    /// Writes a document if the expectation holds.
    PutDocument {
        /// Its name.
        name: Key,
        /// What it shall be.
        value: Bytes,
        /// What must hold.
        expect: Expect,
    },
    /// Removes a document if it was last written at this revision.
    DeleteDocument {
        /// Its name.
        name: Key,
        /// What must hold.
        expect: Revision,
    },
    /// Reads a document.
    Document(Key),
    /// Lists documents by name.
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
    /// To a snapshot, a part, a journal write, a forget, a quarantine, an append and a trim: done.
    Done,
    /// To a load.
    Loaded(Loaded),
    /// To a read.
    Read(Vec<LogRecord>),
    /// To a part's read.
    Part(Option<Bytes>),
    /// To a document's put and delete.
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
    /// Certainly not done: what is kept there cannot be read, and will not be readable later.
    /// Concerns nothing but what was asked for; an entity goes on after [`Request::Quarantine`].
    #[error("not done: what is kept is corrupt: {0}")]
    Corrupt(String),
    /// The operation may have happened, or may still happen. Each may be repeated as it is, except
    /// a document's put and delete, which are settled by reading.
    #[error("unknown whether done: {0}")]
    Unknown(String),
}

impl Failure {
    /// Whether the operation certainly did not happen.
    #[must_use]
    pub const fn is_not_done(&self) -> bool {
        match self {
            Self::Sealed { .. } | Self::NotDone(_) | Self::Corrupt(_) => true,
            Self::Unknown(_) => false,
        }
    }
}

/// How a request ended.
pub type Outcome = Result<Reply, Failure>;
