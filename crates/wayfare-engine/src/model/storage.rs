//! Storage as a plain state machine.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Commit, Expect, Key, Record, Revision};

use super::entity::{Entity, not_sealed};
use super::log::Log;
use super::{holds, own, scan};
use crate::storage::{
    AppendKey, Failure, LIST_DOCUMENTS_MAX, Loaded, LogRecord, Outcome, Position, Reply, Request,
    Snapshot,
};

/// All entities, logs and documents. The methods are those of [`crate::Storage`].
#[derive(Clone, Debug, Default)]
pub struct ModelStorage {
    entities: BTreeMap<Key, Entity>,
    logs: BTreeMap<Key, Log>,
    documents: BTreeMap<Key, Record>,
    documents_revision: Revision,
}

impl ModelStorage {
    /// Carries out one request.
    ///
    /// # Errors
    /// Those of the operation asked for; never [`Failure::Unknown`].
    pub fn apply(&mut self, request: Request) -> Outcome {
        let done = |()| Reply::Done;
        match request {
            Request::Snapshot {
                entity,
                epoch,
                snapshot,
            } => self.snapshot(&entity, epoch, &snapshot).map(done),
            Request::Journal {
                entity,
                epoch,
                from,
                records,
            } => self.journal(&entity, epoch, from, &records).map(done),
            Request::Load { entity, epoch } => self.load(&entity, epoch).map(Reply::Loaded),
            Request::Append {
                log,
                epoch,
                key,
                records,
            } => self.append(&log, epoch, &key, &records).map(done),
            Request::Read { log, from } => Ok(Reply::Read(self.read(&log, from))),
            Request::Trim { log, before } => {
                self.trim(&log, before);
                Ok(Reply::Done)
            }
            Request::PutDocument {
                name,
                value,
                expect,
            } => Ok(Reply::Committed(self.put_document(name, &value, expect))),
            Request::Document(name) => Ok(Reply::Document(self.document(&name))),
            Request::Documents { prefix, after } => {
                Ok(Reply::Documents(self.documents(&prefix, &after)))
            }
        }
    }

    /// Keeps an entity's state.
    ///
    /// # Errors
    /// [`Failure::Sealed`] or [`Failure::NotDone`], see [`crate::Storage::snapshot`].
    pub fn snapshot(
        &mut self,
        entity: &str,
        epoch: Epoch,
        snapshot: &Snapshot,
    ) -> Result<(), Failure> {
        self.admit(entity, epoch)?.snapshot(snapshot)
    }

    /// Adds to an entity's journal.
    ///
    /// # Errors
    /// [`Failure::Sealed`] or [`Failure::NotDone`], see [`crate::Storage::journal`].
    pub fn journal(
        &mut self,
        entity: &str,
        epoch: Epoch,
        from: Position,
        records: &[Bytes],
    ) -> Result<(), Failure> {
        self.admit(entity, epoch)?.journal(from, records)
    }

    /// Seals an entity and reads what is kept of it.
    ///
    /// # Errors
    /// [`Failure::Sealed`] if a newer epoch has sealed.
    pub fn load(&mut self, entity: &Key, epoch: Epoch) -> Result<Loaded, Failure> {
        let entity = self
            .entities
            .entry(entity.clone())
            .or_insert_with(|| Entity::sealed_by(epoch));
        entity.seal(epoch)?;
        Ok(entity.load())
    }

    /// Adds to a log, once for each key.
    ///
    /// # Errors
    /// [`Failure::Sealed`] or [`Failure::NotDone`], see [`crate::Storage::append`].
    pub fn append(
        &mut self,
        log: &Key,
        epoch: Epoch,
        key: &AppendKey,
        records: &[Bytes],
    ) -> Result<(), Failure> {
        self.admit(&key.writer, epoch)?;
        if key.epoch > epoch {
            return Err(Failure::NotDone(format!(
                "a step of epoch {} cannot be appended under epoch {epoch}",
                key.epoch
            )));
        }
        let log = self.logs.entry(log.clone()).or_default();
        log.append(key, records);
        Ok(())
    }

    /// Reads a log.
    #[must_use]
    pub fn read(&self, log: &str, from: Position) -> Vec<LogRecord> {
        self.logs
            .get(log)
            .map_or_else(Vec::new, |log| log.read(from))
    }

    /// Forgets the beginning of a log.
    pub fn trim(&mut self, log: &str, before: Position) {
        if let Some(log) = self.logs.get_mut(log) {
            log.trim(before);
        }
    }

    /// Writes a document if the expectation holds.
    pub fn put_document(&mut self, name: Key, value: &Bytes, expect: Expect) -> Commit {
        let found = self.documents.get(&name).map(|it| it.revision);
        if !holds(found, expect) {
            return Commit::Refused;
        }
        self.documents_revision.0 += 1;
        let revision = self.documents_revision;
        let value = own(value);
        self.documents.insert(name, Record { value, revision });
        Commit::Done(revision)
    }

    /// Reads a document.
    #[must_use]
    pub fn document(&self, name: &str) -> Option<Record> {
        self.documents.get(name).cloned()
    }

    /// Reads a page of documents.
    #[must_use]
    pub fn documents(&self, prefix: &str, after: &str) -> Vec<(Key, Record)> {
        let start = if after < prefix {
            Bound::Included(prefix)
        } else {
            Bound::Excluded(after)
        };
        scan(&self.documents, prefix, start)
            .take(LIST_DOCUMENTS_MAX)
            .map(|(name, record)| (name.clone(), record.clone()))
            .collect()
    }

    fn admit(&mut self, entity: &str, epoch: Epoch) -> Result<&mut Entity, Failure> {
        let entity = self
            .entities
            .get_mut(entity)
            .ok_or_else(|| not_sealed(epoch))?;
        entity.admit(epoch)?;
        Ok(entity)
    }
}
