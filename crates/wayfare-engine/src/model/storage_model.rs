//! Storage as a plain state machine.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Commit, Expect, Key, Record, Revision};

use super::entity_model::Entity;
use super::log::Log;
use super::{holds, own, scan};
use crate::refusal;
use crate::storage::{
    AppendKey, Failure, LIST_DOCUMENTS_MAX, Loaded, LogRecord, Outcome, PartId, Position,
    QUARANTINED_MAX, Reply, Request, Snapshot,
};

/// All entities, logs and documents.
#[derive(Clone, Debug, Default)]
pub struct ModelStorage {
    entities: BTreeMap<Key, Entity>,
    /// The entities in quarantine, oldest first.
    quarantined: Vec<(Key, Entity)>,
    logs: BTreeMap<Key, Log>,
    documents: BTreeMap<Key, Record>,
    documents_revision: Revision,
}

impl ModelStorage {
    /// Executes a request.
    ///
    /// # Errors
    /// Those of the requested operation; never [`Failure::Unknown`].
    pub fn apply(&mut self, request: Request) -> Outcome {
        let done = |()| Reply::Done;
        match request {
            Request::Snapshot {
                entity,
                epoch,
                snapshot,
            } => self.snapshot(&entity, epoch, &snapshot).map(done),
            Request::Part {
                entity,
                epoch,
                part,
                bytes,
            } => self.part(&entity, epoch, part, &bytes).map(done),
            Request::ReadPart { entity, part } => self.read_part(&entity, part).map(Reply::Part),
            Request::Forget { entity, epoch } => self.forget(&entity, epoch).map(done),
            Request::Quarantine { entity, epoch } => self.quarantine(&entity, epoch).map(done),
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
            Request::DeleteDocument { name, expect } => {
                Ok(Reply::Committed(self.delete_document(&name, expect)))
            }
            Request::Document(name) => Ok(Reply::Document(self.document(&name))),
            Request::Documents { prefix, after } => {
                Ok(Reply::Documents(self.documents(&prefix, &after)))
            }
        }
    }

    fn snapshot(&mut self, entity: &str, epoch: Epoch, snapshot: &Snapshot) -> Result<(), Failure> {
        self.admit(entity, epoch)?.snapshot(snapshot)
    }

    fn part(
        &mut self,
        entity: &str,
        epoch: Epoch,
        part: PartId,
        bytes: &Bytes,
    ) -> Result<(), Failure> {
        self.admit(entity, epoch)?.part(part, bytes)
    }

    fn read_part(&self, entity: &str, part: PartId) -> Result<Option<Bytes>, Failure> {
        let Some(entity) = self.entities.get(entity) else {
            return Ok(None);
        };
        entity.read_part(part)
    }

    fn forget(&mut self, entity: &str, epoch: Epoch) -> Result<(), Failure> {
        if self.entities.contains_key(entity) {
            self.admit(entity, epoch)?;
            self.entities.remove(entity);
        }
        Ok(())
    }

    fn quarantine(&mut self, entity: &Key, epoch: Epoch) -> Result<(), Failure> {
        let fresh = Entity::quarantined_by(epoch);
        let Some(found) = self.entities.get_mut(entity) else {
            self.entities.insert(entity.clone(), fresh);
            return Ok(());
        };
        if found.begins_anew(epoch)? {
            let aside = std::mem::replace(found, fresh);
            if self.quarantined.len() < QUARANTINED_MAX {
                self.quarantined.push((entity.clone(), aside));
            }
        }
        Ok(())
    }

    /// Makes the stored data of an entity unreadable. This is a fault, not an operation.
    pub fn corrupt(&mut self, entity: &str) {
        if let Some(entity) = self.entities.get_mut(entity) {
            entity.corrupt();
        }
    }

    /// Returns the entities in quarantine, oldest first.
    pub fn quarantined(&self) -> impl Iterator<Item = &Key> {
        self.quarantined.iter().map(|(entity, _)| entity)
    }

    fn journal(
        &mut self,
        entity: &str,
        epoch: Epoch,
        from: Position,
        records: &[Bytes],
    ) -> Result<(), Failure> {
        self.admit(entity, epoch)?.journal(from, records)
    }

    /// Seals an entity and reads its data.
    ///
    /// # Errors
    /// [`Failure::Sealed`] if a newer epoch has sealed, or [`Failure::Corrupt`].
    pub fn load(&mut self, entity: &Key, epoch: Epoch) -> Result<Loaded, Failure> {
        let entity = self
            .entities
            .entry(entity.clone())
            .or_insert_with(|| Entity::sealed_by(epoch));
        entity.seal(epoch)?;
        Ok(entity.load())
    }

    fn append(
        &mut self,
        log: &Key,
        epoch: Epoch,
        key: &AppendKey,
        records: &[Bytes],
    ) -> Result<(), Failure> {
        self.admit(&key.writer, epoch)?;
        if key.epoch > epoch {
            return Err(refusal::of_the_future(key.epoch, epoch));
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

    fn trim(&mut self, log: &str, before: Position) {
        if let Some(log) = self.logs.get_mut(log) {
            log.trim(before);
        }
    }

    fn put_document(&mut self, name: Key, value: &Bytes, expect: Expect) -> Commit {
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

    fn delete_document(&mut self, name: &str, expect: Revision) -> Commit {
        let found = self.documents.get(name).map(|it| it.revision);
        if found != Some(expect) {
            return Commit::Refused;
        }
        self.documents_revision.0 += 1;
        self.documents.remove(name);
        Commit::Done(self.documents_revision)
    }

    fn document(&self, name: &str) -> Option<Record> {
        self.documents.get(name).cloned()
    }

    fn documents(&self, prefix: &str, after: &str) -> Vec<(Key, Record)> {
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
            .ok_or_else(|| refusal::not_sealed(epoch))?;
        entity.admit(epoch)?;
        Ok(entity)
    }
}
