//! The storage of a test, which survives its crashes.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wayfare_core::game::{DocumentStore, Documents};
use wayfare_engine::model::ModelStorage;
use wayfare_protocol::storage::{Outcome, Request};

/// The storage of a test, shared by its shard and the futures of its rooms.
#[derive(Clone, Debug, Default)]
pub(super) struct Store(Arc<Mutex<ModelStorage>>);

impl Store {
    pub(super) fn answer(&self, request: Request) -> Outcome {
        self.lock().apply(request)
    }

    /// Returns the storage in the form for rooms' futures.
    pub(super) fn documents(&self) -> Documents {
        Documents(Arc::new(self.clone()))
    }

    /// Makes a copy with the same content.
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
