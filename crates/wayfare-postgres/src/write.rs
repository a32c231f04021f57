//! A write that waits for its group, and its outcome.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::oneshot;
use wayfare_engine::storage::{AppendKey, Failure, PartId, Position, Snapshot};
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Commit, Key, Revision};

use crate::counters::Counters;

/// A write with its sender.
#[derive(Debug)]
pub(crate) struct Write {
    /// The name of the entity, log or document. Writes of one name are executed in the order of
    /// requests.
    pub(crate) name: Key,
    pub(crate) epoch: Epoch,
    pub(crate) change: Change,
    pub(crate) since: Instant,
    answer: oneshot::Sender<Answer>,
    _counted: Counted,
}

/// Counts its write as unanswered until dropped.
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

/// The change to make.
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
    /// A document write. `None` means that the document must not exist.
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

/// The effect of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Done,
    /// The entity is sealed: its number, and the size of its data.
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

    /// Answers the write. It is no error if the sender is gone.
    pub(crate) fn settle(self, answer: Answer) {
        let _ = self.answer.send(answer);
    }

    /// Returns the approximate number of bytes that it adds to a message.
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

    /// Returns the state of a snapshot, or the bytes of a part.
    pub(crate) fn value(&self) -> &[u8] {
        match &self.change {
            Change::Snapshot { snapshot, .. } => &snapshot.bytes,
            Change::Part { bytes, .. } => bytes,
            _ => &[],
        }
    }

    /// Records that its value was stored in chunks.
    pub(crate) fn is_in(&mut self, stored: Chunks) {
        if let Change::Snapshot { chunks, .. } | Change::Part { chunks, .. } = &mut self.change {
            *chunks = Some(stored);
        }
    }
}
