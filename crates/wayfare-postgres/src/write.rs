//! One write that waits for its group, and what it came to.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::oneshot;
use wayfare_engine::storage::{AppendKey, Failure, PartId, Position, Snapshot};
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Commit, Key, Revision};

use crate::counters::Counters;

/// A write, and who waits for it.
#[derive(Debug)]
pub(crate) struct Write {
    /// Of the entity, log or document; what has the same name is written in the order it was asked for.
    pub(crate) name: Key,
    pub(crate) epoch: Epoch,
    pub(crate) change: Change,
    pub(crate) since: Instant,
    answer: oneshot::Sender<Answer>,
    _counted: Counted,
}

/// Counts its write among those that are not answered yet.
#[derive(Debug)]
struct Counted(Arc<Counters>);

impl Counted {
    fn new(counters: &Arc<Counters>) -> Self {
        counters.unanswered.fetch_add(1, Ordering::Relaxed);
        Self(counters.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.unanswered.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) type Answer = Result<Effect, Failure>;

/// What to do.
#[derive(Debug)]
pub(crate) enum Change {
    Journal {
        from: Position,
        records: Vec<Bytes>,
    },
    Seal,
    Snapshot {
        snapshot: Snapshot,
        chunks: Option<Chunks>,
    },
    Part {
        part: PartId,
        bytes: Bytes,
        chunks: Option<Chunks>,
    },
    Forget,
    Quarantine,
    Damaged {
        entity: i64,
        what: String,
    },
    Append {
        log: Key,
        key: AppendKey,
        records: Vec<Bytes>,
    },
    Trim {
        before: Position,
    },
    /// `None` for a document that shall not be there.
    Put {
        value: Bytes,
        expect: Option<Revision>,
    },
    Delete {
        expect: Revision,
    },
}

/// The number under which the chunks of a large value were stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunks(pub(crate) i64);

/// What a write came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Done,
    /// Sealed: the entity's number, and how much is kept of it.
    Sealed {
        entity: i64,
        is_empty: bool,
        is_large: bool,
    },
    Committed(Commit),
}

impl Write {
    pub(crate) fn new(
        name: Key,
        epoch: Epoch,
        change: Change,
        counters: &Arc<Counters>,
    ) -> (Self, oneshot::Receiver<Answer>) {
        let (answer, awaited) = oneshot::channel();
        let write = Self {
            name,
            epoch,
            change,
            since: Instant::now(),
            answer,
            _counted: Counted::new(counters),
        };
        (write, awaited)
    }

    /// Nobody may wait any more; then nobody is told.
    pub(crate) fn settle(self, answer: Answer) {
        let _ = self.answer.send(answer);
    }

    /// What it adds to a message, about.
    pub(crate) fn length(&self) -> usize {
        let sum = |records: &[Bytes]| records.iter().map(Bytes::len).sum();
        match &self.change {
            Change::Journal { records, .. } | Change::Append { records, .. } => sum(records),
            Change::Snapshot { chunks: None, .. } | Change::Part { chunks: None, .. } => {
                self.value().len()
            }
            Change::Put { value, .. } => value.len(),
            _ => 0,
        }
    }

    /// The state of a snapshot, or the bytes of a part.
    pub(crate) fn value(&self) -> &[u8] {
        match &self.change {
            Change::Snapshot { snapshot, .. } => &snapshot.bytes,
            Change::Part { bytes, .. } => bytes,
            _ => &[],
        }
    }

    /// Its value has been stored in chunks.
    pub(crate) fn is_in(&mut self, stored: Chunks) {
        if let Change::Snapshot { chunks, .. } | Change::Part { chunks, .. } = &mut self.change {
            *chunks = Some(stored);
        }
    }
}
