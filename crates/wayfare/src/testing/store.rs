//! The storage of a test, which survives its crashes.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use wayfare_core::game::{DocumentStore, Documents};
use wayfare_engine::model::ModelStorage;
use wayfare_protocol::storage::{Loaded, Outcome, PartId, Reply, Request};
use wayfare_protocol::{EntityId, Epoch};

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

    /// Reads what is stored of an entity as its next owner would, from a copy: that seals it.
    pub(super) fn load(&self, entity: &EntityId) -> Result<Loaded, String> {
        let (entity, epoch) = (entity.as_key(), Epoch(u64::MAX));
        let mut copy = self.lock().clone();
        match copy.apply(Request::Load { entity, epoch }) {
            Ok(Reply::Loaded(loaded)) => Ok(loaded),
            Ok(other) => unreachable!("storage was asked to load and answered {other:?}"),
            Err(failure) => Err(format!("{failure:?}")),
        }
    }

    /// Reads one part of an entity.
    pub(super) fn part(&self, entity: &EntityId, part: PartId) -> Option<Bytes> {
        let entity = entity.as_key();
        match self.answer(Request::ReadPart { entity, part }) {
            Ok(Reply::Part(part)) => part,
            _ => None,
        }
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
