//! The models behind the traits: shared between threads, ready at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Commit, Expect, Failure, Key, Record, Revision, Write};

use super::watched::Watched;
use super::{ModelCoordination, ModelStorage};
use crate::coordination::{Coordination, Listing, Read};
use crate::pending::{Pending, answered};
use crate::storage;
use crate::storage::{AppendKey, Loaded, LogRecord, PartId, Position, Snapshot, Storage};
use crate::watch::Watch;

/// Coordination in the memory of this process.
#[derive(Debug, Default)]
pub struct MemoryCoordination {
    shared: Mutex<Watched>,
}

impl MemoryCoordination {
    /// A store that goes on from `model`.
    #[must_use]
    pub const fn new(model: ModelCoordination) -> Self {
        Self {
            shared: Mutex::new(Watched::new(model)),
        }
    }
}

impl Coordination for MemoryCoordination {
    fn get(&self, key: Key) -> Pending<'_, Result<Read, Failure>> {
        answered(Ok(lock(&self.shared).model().read(&key)))
    }

    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<Commit, Failure>> {
        answered(lock(&self.shared).change(|model| model.commit(writes)))
    }

    fn batch(&self, commits: Vec<Vec<Write>>) -> Pending<'_, Vec<Result<Commit, Failure>>> {
        answered(lock(&self.shared).change(|model| model.batch(commits)))
    }

    fn list(&self, prefix: Key) -> Pending<'_, Result<Listing, Failure>> {
        answered(Ok(lock(&self.shared).model().list(&prefix)))
    }

    fn watch(&self, prefix: Key, after: Revision) -> Watch {
        lock(&self.shared).watch(prefix, after)
    }
}

/// Storage in the memory of this process: durable as long as it is not dropped.
#[derive(Debug, Default)]
pub struct MemoryStorage {
    model: Mutex<ModelStorage>,
}

impl MemoryStorage {
    /// A store that goes on from `model`.
    #[must_use]
    pub const fn new(model: ModelStorage) -> Self {
        Self {
            model: Mutex::new(model),
        }
    }
}

impl Storage for MemoryStorage {
    fn snapshot(
        &self,
        entity: Key,
        epoch: Epoch,
        snapshot: Snapshot,
    ) -> Pending<'_, Result<(), storage::Failure>> {
        answered(lock(&self.model).snapshot(&entity, epoch, &snapshot))
    }

    fn part(
        &self,
        entity: Key,
        epoch: Epoch,
        part: PartId,
        bytes: Bytes,
    ) -> Pending<'_, Result<(), storage::Failure>> {
        answered(lock(&self.model).part(&entity, epoch, part, &bytes))
    }

    fn read_part(
        &self,
        entity: Key,
        part: PartId,
    ) -> Pending<'_, Result<Option<Bytes>, storage::Failure>> {
        answered(lock(&self.model).read_part(&entity, part))
    }

    fn forget(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<(), storage::Failure>> {
        answered(lock(&self.model).forget(&entity, epoch))
    }

    fn quarantine(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<(), storage::Failure>> {
        answered(lock(&self.model).quarantine(&entity, epoch))
    }

    fn journal(
        &self,
        entity: Key,
        epoch: Epoch,
        from: Position,
        records: Vec<Bytes>,
    ) -> Pending<'_, Result<(), storage::Failure>> {
        answered(lock(&self.model).journal(&entity, epoch, from, &records))
    }

    fn load(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<Loaded, storage::Failure>> {
        answered(lock(&self.model).load(&entity, epoch))
    }

    fn append(
        &self,
        log: Key,
        epoch: Epoch,
        key: AppendKey,
        records: Vec<Bytes>,
    ) -> Pending<'_, Result<(), storage::Failure>> {
        answered(lock(&self.model).append(&log, epoch, &key, &records))
    }

    fn read(
        &self,
        log: Key,
        from: Position,
    ) -> Pending<'_, Result<Vec<LogRecord>, storage::Failure>> {
        answered(Ok(lock(&self.model).read(&log, from)))
    }

    fn trim(&self, log: Key, before: Position) -> Pending<'_, Result<(), storage::Failure>> {
        lock(&self.model).trim(&log, before);
        answered(Ok(()))
    }

    fn put_document(
        &self,
        name: Key,
        value: Bytes,
        expect: Expect,
    ) -> Pending<'_, Result<Commit, storage::Failure>> {
        answered(Ok(lock(&self.model).put_document(name, &value, expect)))
    }

    fn delete_document(
        &self,
        name: Key,
        expect: Revision,
    ) -> Pending<'_, Result<Commit, storage::Failure>> {
        answered(Ok(lock(&self.model).delete_document(&name, expect)))
    }

    fn document(&self, name: Key) -> Pending<'_, Result<Option<Record>, storage::Failure>> {
        answered(Ok(lock(&self.model).document(&name)))
    }

    fn documents(
        &self,
        prefix: Key,
        after: Key,
    ) -> Pending<'_, Result<Vec<(Key, Record)>, storage::Failure>> {
        answered(Ok(lock(&self.model).documents(&prefix, &after)))
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    // The models check before they change: a panic leaves them whole.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
