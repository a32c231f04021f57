//! The queue of a lane: one lock for each batch added and each batch removed.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wayfare_engine::storage::Failure;
use wayfare_protocol::coordination::Key;

use crate::write::Write;

/// The maximum number of writes of a lane: more than its rooms can have in flight.
const WRITES_MAX: usize = 65_536;
/// The maximum bytes of a lane. They are shared with the rooms, which keep them until they are
/// stored.
const BYTES_MAX: usize = 512 * 1024 * 1024;

/// An item for a lane.
#[derive(Debug)]
pub(crate) enum Item {
    Asked(Write),
    /// A write whose value's chunks are all stored.
    Uploaded(Write),
    /// A name whose upload failed. Its write is answered already.
    GivenUp(Key),
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct State {
    items: Vec<Item>,
    bytes: usize,
    is_over: bool,
}

impl Queue {
    /// Queues a write. Answers it at once if the queue is full.
    pub(crate) fn push(&self, write: Write) {
        let mut state = self.lock();
        if state.is_over || state.items.len() >= WRITES_MAX || state.bytes >= BYTES_MAX {
            drop(state);
            write.settle(Err(Failure::NotDone("too many writes wait".into())));
            return;
        }
        state.bytes += write.length();
        self.put(state, Item::Asked(write));
    }

    /// Returns an item that was taken before. There is always room for it.
    pub(crate) fn give_back(&self, item: Item) {
        self.put(self.lock(), item);
    }

    /// Closes the queue.
    pub(crate) fn end(&self) {
        self.lock().is_over = true;
        self.arrived.notify_one();
    }

    /// Takes everything in the queue, without waiting.
    pub(crate) fn take(&self) -> Vec<Item> {
        let mut state = self.lock();
        state.bytes = 0;
        mem::take(&mut state.items)
    }

    /// Waits for items. Returns `None` once the queue is closed and empty.
    ///
    /// `is_owed` means that an upload is in flight, which will return an item.
    pub(crate) async fn wait(&self, is_owed: bool) -> Option<Vec<Item>> {
        loop {
            let items = self.take();
            if !items.is_empty() {
                return Some(items);
            }
            if self.lock().is_over && !is_owed {
                return None;
            }
            self.arrived.notified().await;
        }
    }

    fn put(&self, mut state: MutexGuard<'_, State>, item: Item) {
        let was_empty = state.items.is_empty();
        state.items.push(item);
        drop(state);
        if was_empty {
            self.arrived.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code under this lock can panic between two changes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
