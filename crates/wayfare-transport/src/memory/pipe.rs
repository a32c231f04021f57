//! What both ends share: two bounded queues behind one lock.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::Wake;
use crate::Closed;

/// What holding a piece costs beside its content, so that empty ones are bounded too.
const PIECE_COST: usize = size_of::<Bytes>();

pub(super) struct Shared {
    pub(super) capacity_bytes: usize,
    state: Mutex<State>,
    pub(super) to_peer_changed: Condvar,
    wake: Wake,
}

pub(super) struct State {
    pub(super) to_shard: Pipe,
    pub(super) to_peer: Pipe,
    /// The shard has seen `to_shard` empty and waits to be told otherwise.
    pub(super) shard_reads: bool,
    /// The shard has seen `to_peer` full and waits to be told otherwise.
    pub(super) shard_writes: bool,
}

/// One direction.
#[derive(Default)]
pub(super) struct Pipe {
    pieces: VecDeque<Bytes>,
    cost: usize,
    /// What its reader learns after the last piece.
    pub(super) end: Option<Closed>,
    pub(super) reader_gone: bool,
}

impl Shared {
    pub(super) fn new(capacity_bytes: usize, wake: Wake) -> Self {
        let state = State {
            to_shard: Pipe::default(),
            to_peer: Pipe::default(),
            shard_reads: true,
            shard_writes: false,
        };
        let capacity_bytes = capacity_bytes.max(1);
        Self {
            capacity_bytes,
            state: Mutex::new(state),
            to_peer_changed: Condvar::new(),
            wake,
        }
    }

    /// Nothing that holds the lock calls foreign code, so a poisoned one is as good as another.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the shard if it waits for what has just become true. Takes the guard, since the
    /// callback must not run under the lock.
    pub(super) fn wake_shard(&self, mut state: MutexGuard<'_, State>) {
        let readable = !state.to_shard.is_empty() || state.to_shard.end.is_some();
        // Half empty, so that a peer that takes piece after piece does not wake it for each.
        let writable = state.to_peer.cost <= self.capacity_bytes / 2;
        let reads = readable && std::mem::take(&mut state.shard_reads);
        let writes = writable && std::mem::take(&mut state.shard_writes);
        drop(state);
        if reads || writes {
            (self.wake)();
        }
    }
}

impl Pipe {
    pub(super) fn is_full(&self, capacity_bytes: usize) -> bool {
        self.cost >= capacity_bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        self.cost += piece.len() + PIECE_COST;
        self.pieces.push_back(piece);
    }

    pub(super) fn pop(&mut self) -> Option<Bytes> {
        let piece = self.pieces.pop_front()?;
        self.cost -= piece.len() + PIECE_COST;
        if self.pieces.is_empty() {
            self.pieces = VecDeque::new();
        }
        Some(piece)
    }

    /// Nobody reads any more: what is in it is lost, and so is what comes.
    pub(super) fn abandon(&mut self) {
        self.pieces = VecDeque::new();
        self.cost = 0;
        self.reader_gone = true;
    }
}
