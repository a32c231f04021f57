//! The two services that the shards of a node stand on.

use std::sync::Arc;

use wayfare_engine::model::{MemoryCoordination, MemoryStorage};
use wayfare_engine::{Coordination, Storage};

/// Who owns what, and what must last. Cheap to clone.
#[derive(Clone)]
pub struct Engines {
    /// Where it is decided who owns what.
    pub coordination: Arc<dyn Coordination>,
    /// Where state that must last is kept.
    pub storage: Arc<dyn Storage>,
}

impl Engines {
    /// Both in memory: nothing outlives them.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            coordination: Arc::new(MemoryCoordination::default()),
            storage: Arc::new(MemoryStorage::default()),
        }
    }
}
