//! Both services in memory, answering from another thread, and only when they are let.

use std::sync::Arc;

use tokio::sync::watch;
use wayfare_engine::coordination::{Coordination, Listing, Read};
use wayfare_engine::model::{MemoryCoordination, MemoryStorage};
use wayfare_engine::storage::{
    AppendKey, Failure as StorageFailure, Loaded, LogRecord, Outcome, PartId, Position, Request,
    Snapshot,
};
use wayfare_engine::{Pending, Storage, Watch};
use wayfare_node::Engines;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Commit, Expect, Failure, Key, Record, Revision, Write};

/// The engine's hold on itself. Cheap to clone.
#[derive(Clone)]
pub(crate) struct StubSlowEngine {
    coordination: Gate,
    storage: Gate,
}

/// Whether it is held.
#[derive(Clone)]
struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    fn set(&self, held: bool) {
        self.0.send_replace(held);
    }

    /// Behind at least one turn of the runtime.
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

    /// From now on coordination answers nothing.
    pub(crate) fn hold(&self) {
        self.coordination.set(true);
    }

    pub(crate) fn release(&self) {
        self.coordination.set(false);
    }

    /// From now on storage answers nothing.
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
    fn get(&self, key: Key) -> Pending<'_, Result<Read, Failure>> {
        Box::pin(async move {
            self.gate.wait().await;
            self.inner.get(key).await
        })
    }

    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<Commit, Failure>> {
        Box::pin(async move {
            self.gate.wait().await;
            self.inner.commit(writes).await
        })
    }

    fn batch(&self, commits: Vec<Vec<Write>>) -> Pending<'_, Vec<Result<Commit, Failure>>> {
        self.inner.batch(commits)
    }

    fn list(&self, prefix: Key) -> Pending<'_, Result<Listing, Failure>> {
        self.inner.list(prefix)
    }

    fn watch(&self, prefix: Key, after: Revision) -> Watch {
        self.inner.watch(prefix, after)
    }
}

struct SlowStorage {
    inner: MemoryStorage,
    gate: Gate,
}

/// Shards ask by [`Storage::call`] only, so that is where it is slow.
impl Storage for SlowStorage {
    fn call(&self, request: Request) -> Pending<'_, Outcome> {
        Box::pin(async move {
            self.gate.wait().await;
            self.inner.call(request).await
        })
    }

    fn snapshot(
        &self,
        entity: Key,
        epoch: Epoch,
        snapshot: Snapshot,
    ) -> Pending<'_, Result<(), StorageFailure>> {
        self.inner.snapshot(entity, epoch, snapshot)
    }

    fn part(
        &self,
        entity: Key,
        epoch: Epoch,
        part: PartId,
        bytes: bytes::Bytes,
    ) -> Pending<'_, Result<(), StorageFailure>> {
        self.inner.part(entity, epoch, part, bytes)
    }

    fn read_part(
        &self,
        entity: Key,
        part: PartId,
    ) -> Pending<'_, Result<Option<bytes::Bytes>, StorageFailure>> {
        self.inner.read_part(entity, part)
    }

    fn forget(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<(), StorageFailure>> {
        self.inner.forget(entity, epoch)
    }

    fn quarantine(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<(), StorageFailure>> {
        self.inner.quarantine(entity, epoch)
    }

    fn journal(
        &self,
        entity: Key,
        epoch: Epoch,
        from: Position,
        records: Vec<bytes::Bytes>,
    ) -> Pending<'_, Result<(), StorageFailure>> {
        self.inner.journal(entity, epoch, from, records)
    }

    fn load(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<Loaded, StorageFailure>> {
        self.inner.load(entity, epoch)
    }

    fn append(
        &self,
        log: Key,
        epoch: Epoch,
        key: AppendKey,
        records: Vec<bytes::Bytes>,
    ) -> Pending<'_, Result<(), StorageFailure>> {
        self.inner.append(log, epoch, key, records)
    }

    fn read(
        &self,
        log: Key,
        from: Position,
    ) -> Pending<'_, Result<Vec<LogRecord>, StorageFailure>> {
        self.inner.read(log, from)
    }

    fn trim(&self, log: Key, before: Position) -> Pending<'_, Result<(), StorageFailure>> {
        self.inner.trim(log, before)
    }

    fn put_document(
        &self,
        name: Key,
        value: bytes::Bytes,
        expect: Expect,
    ) -> Pending<'_, Result<Commit, StorageFailure>> {
        self.inner.put_document(name, value, expect)
    }

    fn delete_document(
        &self,
        name: Key,
        expect: Revision,
    ) -> Pending<'_, Result<Commit, StorageFailure>> {
        self.inner.delete_document(name, expect)
    }

    fn document(&self, name: Key) -> Pending<'_, Result<Option<Record>, StorageFailure>> {
        self.inner.document(name)
    }

    fn documents(
        &self,
        prefix: Key,
        after: Key,
    ) -> Pending<'_, Result<Vec<(Key, Record)>, StorageFailure>> {
        self.inner.documents(prefix, after)
    }
}
