//! Both services in memory, answering from another thread, and only while they are not held.

use std::sync::Arc;

use tokio::sync::watch;
use wayfare_engine::model::{MemoryCoordination, MemoryStorage};
use wayfare_engine::{Coordination, Pending, Storage, Watch};
use wayfare_node::Engines;
use wayfare_protocol::coordination::{self, Key, Revision};
use wayfare_protocol::storage;

/// A handle that holds the engine's answers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct StubSlowEngine {
    coordination: Gate,
    storage: Gate,
}

/// The gate; true while answers are held.
#[derive(Clone)]
struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    fn set(&self, held: bool) {
        self.0.send_replace(held);
    }

    /// Waits for the gate, and at least one turn of the runtime.
    async fn wait(&self) {
        tokio::task::yield_now().await;
        let mut held = self.0.subscribe();
        held.wait_for(|held| !held).await.expect("the gate lasts");
    }
}

impl Default for StubSlowEngine {
    fn default() -> Self {
        let gate = || Gate(Arc::new(watch::Sender::new(false)));
        Self {
            coordination: gate(),
            storage: gate(),
        }
    }
}

impl StubSlowEngine {
    pub(crate) fn engines(&self) -> Engines {
        Engines {
            coordination: Arc::new(SlowCoordination {
                inner: MemoryCoordination::default(),
                gate: self.coordination.clone(),
            }),
            storage: Arc::new(SlowStorage {
                inner: MemoryStorage::default(),
                gate: self.storage.clone(),
            }),
        }
    }

    /// Holds all answers of coordination from now on.
    pub(crate) fn hold(&self) {
        self.coordination.set(true);
    }

    pub(crate) fn release(&self) {
        self.coordination.set(false);
    }

    /// Holds all answers of storage from now on.
    pub(crate) fn hold_storage(&self) {
        self.storage.set(true);
    }

    pub(crate) fn release_storage(&self) {
        self.storage.set(false);
    }
}

struct SlowCoordination {
    inner: MemoryCoordination,
    gate: Gate,
}

impl Coordination for SlowCoordination {
    fn call(&self, request: coordination::Request) -> Pending<'_, coordination::Outcome> {
        Box::pin(async move {
            self.gate.wait().await;
            self.inner.call(request).await
        })
    }

    fn watch(&self, prefix: Key, after: Revision) -> Watch {
        self.inner.watch(prefix, after)
    }
}

struct SlowStorage {
    inner: MemoryStorage,
    gate: Gate,
}

impl Storage for SlowStorage {
    fn call(&self, request: storage::Request) -> Pending<'_, storage::Outcome> {
        Box::pin(async move {
            self.gate.wait().await;
            self.inner.call(request).await
        })
    }
}
