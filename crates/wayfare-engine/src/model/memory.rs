//! The models behind the traits, shared between threads. Their futures are ready at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use wayfare_protocol::coordination::{self, Key, Revision};

use super::watched::Watched;
use super::{ModelCoordination, ModelStorage};
use crate::coordination::Coordination;
use crate::pending::{Pending, answered};
use crate::storage::{self, Storage};
use crate::watch::Watch;

/// Coordination in the memory of this process.
#[derive(Debug, Default)]
pub struct MemoryCoordination {
    shared: Mutex<Watched>,
}

impl MemoryCoordination {
    /// Makes a store that continues from `model`.
    #[must_use]
    pub const fn new(model: ModelCoordination) -> Self {
        Self {
            shared: Mutex::new(Watched::new(model)),
        }
    }
}

impl Coordination for MemoryCoordination {
    fn call(&self, request: coordination::Request) -> Pending<'_, coordination::Outcome> {
        answered(lock(&self.shared).change(|model| model.apply(request)))
    }

    fn watch(&self, prefix: Key, after: Revision) -> Watch {
        lock(&self.shared).watch(prefix, after)
    }
}

/// Storage in the memory of this process. Its data lives until it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStorage {
    model: Mutex<ModelStorage>,
}

impl MemoryStorage {
    /// Makes a store that continues from `model`.
    #[must_use]
    pub const fn new(model: ModelStorage) -> Self {
        Self {
            model: Mutex::new(model),
        }
    }
}

impl Storage for MemoryStorage {
    fn call(&self, request: storage::Request) -> Pending<'_, storage::Outcome> {
        answered(lock(&self.model).apply(request))
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    // The models check before they change, so a panic cannot leave them inconsistent.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
