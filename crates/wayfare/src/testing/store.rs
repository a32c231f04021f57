//! The storage of a table: what outlives its crash.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wayfare_core::game::{DocumentStore, Documents};
use wayfare_engine::model::ModelStorage;
use wayfare_protocol::storage::{Outcome, Request};

/// The store of one table, shared by its shard and by the futures of its rooms.
#[derive(Clone, Debug, Default)]
pub(super) struct Store(Arc<Mutex<ModelStorage>>);

impl Store {
    pub(super) fn answer(&self, request: Request) -> Outcome {
        self.lock().apply(request)
    }

    /// What rooms' futures see of it.
    pub(super) fn documents(&self) -> Documents {
        Documents(Arc::new(self.clone()))
    }

    /// Another store with the same in it.
    pub(super) fn copy(&self) -> Self {
        let model = self.lock().clone();
        Self(Arc::new(Mutex::new(model)))
    }

    fn lock(&self) -> MutexGuard<'_, ModelStorage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DocumentStore for Store {
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Outcome> + Send>> {
        let store = self.clone();
        Box::pin(async move { store.answer(request) })
    }
}
