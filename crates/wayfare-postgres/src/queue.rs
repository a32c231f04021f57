//! What waits for a lane: one lock for each batch put in and each batch taken out.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wayfare_engine::storage::Failure;
use wayfare_protocol::coordination::Key;

use crate::write::Write;

/// Of one lane: more than its rooms can have under way, so only what is lost for good runs into it.
const WRITES_MAX: usize = 65_536;
/// Of one lane. They are shared with whoever keeps them until they are stored.
const BYTES_MAX: usize = 512 * 1024 * 1024;

/// What a lane is given.
#[derive(Debug)]
pub(crate) enum Item {
    Asked(Write),
    /// All chunks of its value are stored.
    Uploaded(Write),
    /// Its upload failed, and it was told so.
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
    /// Answered at once if there is no room.
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

    /// Of what was taken before: there is always room.
    pub(crate) fn give_back(&self, item: Item) {
        self.put(self.lock(), item);
    }

    /// Nothing more will be asked.
    pub(crate) fn end(&self) {
        self.lock().is_over = true;
        self.arrived.notify_one();
    }

    /// What there is, at once.
    pub(crate) fn take(&self) -> Vec<Item> {
        let mut state = self.lock();
        state.bytes = 0;
        mem::take(&mut state.items)
    }

    /// Waits until there is something; `None` once it is over and there will be nothing.
    ///
    /// `is_owed`: an upload is under way, which will give something back.
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
        // Nothing under this lock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
