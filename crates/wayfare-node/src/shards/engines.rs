//! The two services of a node, as its shards use them.

use std::sync::Arc;

use wayfare_engine::model::{MemoryCoordination, MemoryStorage};
use wayfare_engine::{Coordination, Storage};

/// The coordination and the storage of a node. Cheap to clone.
#[derive(Clone)]
pub struct Engines {
    /// The service that records the owners of entities and sessions.
    pub coordination: Arc<dyn Coordination>,
    /// The service that stores durable state.
    pub storage: Arc<dyn Storage>,
}

impl Engines {
    /// Makes both services in memory. They end with the last reference.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            coordination: Arc::new(MemoryCoordination::default()),
            storage: Arc::new(MemoryStorage::default()),
        }
    }
}
