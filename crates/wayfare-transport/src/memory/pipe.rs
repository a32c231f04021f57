//! The state that both ends share: two bounded queues behind one lock.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::Wake;
use crate::Closed;

/// The cost of a piece beside its content, so that the number of empty pieces is bounded too.
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
    /// True if the shard found `to_shard` empty and waits for a wake-up.
    pub(super) shard_reads: bool,
    /// True if the shard found `to_peer` full and waits for a wake-up.
    pub(super) shard_writes: bool,
}

/// A queue in one direction.
#[derive(Default)]
pub(super) struct Pipe {
    pieces: VecDeque<Bytes>,
    cost: usize,
    /// The end that the reader sees after the last piece.
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

    /// Locks the state. No foreign code runs under the lock, so a poisoned lock is still
    /// consistent.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the shard if its condition has become true. Consumes the guard, because the callback
    /// must not run under the lock.
    pub(super) fn wake_shard(&self, mut state: MutexGuard<'_, State>) {
        let readable = !state.to_shard.is_empty() || state.to_shard.end.is_some();
        // The threshold is half of the capacity, so that a peer that reads single pieces does not
        // wake the shard for each.
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

    /// Marks the reader as gone: queued and later pieces are dropped.
    pub(super) fn abandon(&mut self) {
        self.pieces = VecDeque::new();
        self.cost = 0;
        self.reader_gone = true;
    }
}
