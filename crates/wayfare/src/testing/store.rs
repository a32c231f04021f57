//! Storage in maps: what outlives a crash of a table.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use wayfare_core::game::{DocumentStore, Documents};
use wayfare_protocol::coordination::{Commit, Expect, Key, Record, Revision};
use wayfare_protocol::storage::{
    AppendKey, Failure, LIST_DOCUMENTS_MAX, LogRecord, Outcome, Position, READ_RECORDS_MAX, Reply,
    Request,
};

use super::kept::Kept;

/// The store of one table, shared by its shard and by the futures of its rooms.
#[derive(Clone, Debug, Default)]
pub(super) struct Store(Arc<Mutex<Contents>>);

impl Store {
    pub(super) fn answer(&self, request: Request) -> Outcome {
        self.lock().answer(request)
    }

    /// What rooms' futures see of it.
    pub(super) fn documents(&self) -> Documents {
        Documents(Arc::new(self.clone()))
    }

    /// Another store with the same in it.
    pub(super) fn copy(&self) -> Self {
        let contents = self.lock().clone();
        Self(Arc::new(Mutex::new(contents)))
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DocumentStore for Store {
    fn call(&self, request: Request) -> std::pin::Pin<Box<dyn Future<Output = Outcome> + Send>> {
        let store = self.clone();
        Box::pin(async move { store.answer(request) })
    }
}

#[derive(Clone, Debug, Default)]
struct Contents {
    entities: BTreeMap<Key, Kept>,
    logs: BTreeMap<Key, Log>,
    documents: BTreeMap<Key, Record>,
    revision: Revision,
}

#[derive(Clone, Debug, Default)]
struct Log {
    records: Vec<LogRecord>,
    made: u64,
    keys: BTreeSet<AppendKey>,
}

impl Contents {
    fn answer(&mut self, request: Request) -> Outcome {
        match request {
            Request::Load { entity, epoch } => {
                let kept = self.entities.entry(entity).or_default();
                kept.load(epoch).map(Reply::Loaded)
            }
            Request::Journal {
                entity,
                epoch,
                from,
                records,
            } => self.kept(&entity)?.journal(epoch, from, records),
            Request::Snapshot {
                entity,
                epoch,
                snapshot,
            } => self.kept(&entity)?.snapshot(epoch, snapshot),
            Request::Part {
                entity,
                epoch,
                part,
                bytes,
            } => self.kept(&entity)?.part(epoch, part, bytes),
            Request::ReadPart { entity, part } => {
                let kept = self.entities.get(&entity);
                Ok(Reply::Part(kept.and_then(|kept| kept.read_part(part))))
            }
            Request::Forget { entity, epoch } => self.forget(&entity, epoch),
            Request::Quarantine { entity, epoch } => {
                let kept = self.entities.entry(entity).or_default();
                kept.begin_anew(epoch)
            }
            Request::Append {
                log,
                epoch,
                key,
                records,
            } => {
                self.kept(&key.writer)?.admit(epoch)?;
                self.logs.entry(log).or_default().append(&key, records);
                Ok(Reply::Done)
            }
            Request::Read { log, from } => {
                let log = self.logs.get(&log);
                Ok(Reply::Read(log.map_or_else(Vec::new, |log| log.read(from))))
            }
            Request::Trim { log, before } => {
                if let Some(log) = self.logs.get_mut(&log) {
                    log.records.retain(|record| record.position >= before);
                }
                Ok(Reply::Done)
            }
            Request::PutDocument {
                name,
                value,
                expect,
            } => Ok(Reply::Committed(self.put(name, value, expect))),
            Request::DeleteDocument { name, expect } => {
                Ok(Reply::Committed(self.delete(&name, expect)))
            }
            Request::Document(name) => Ok(Reply::Document(self.documents.get(&name).cloned())),
            Request::Documents { prefix, after } => Ok(self.list(&prefix, &after)),
        }
    }

    fn kept(&mut self, entity: &Key) -> Result<&mut Kept, Failure> {
        self.entities
            .get_mut(entity)
            .ok_or_else(|| Failure::NotDone(format!("nobody has sealed {entity}")))
    }

    fn forget(&mut self, entity: &Key, epoch: wayfare_protocol::Epoch) -> Outcome {
        if let Some(kept) = self.entities.get(entity) {
            kept.admit(epoch)?;
            self.entities.remove(entity);
        }
        Ok(Reply::Done)
    }

    fn put(&mut self, name: Key, value: Bytes, expect: Expect) -> Commit {
        let holds = match (self.documents.get(&name), expect) {
            (None, Expect::Absent) => true,
            (Some(found), Expect::Revision(revision)) => found.revision == revision,
            (None, Expect::Revision(_)) | (Some(_), Expect::Absent) => false,
        };
        if !holds {
            return Commit::Refused;
        }
        self.revision.0 += 1;
        let revision = self.revision;
        self.documents.insert(name, Record { value, revision });
        Commit::Done(revision)
    }

    fn delete(&mut self, name: &Key, expect: Revision) -> Commit {
        let found = self.documents.get(name);
        if found.is_none_or(|found| found.revision != expect) {
            return Commit::Refused;
        }
        self.documents.remove(name);
        self.revision.0 += 1;
        Commit::Done(self.revision)
    }

    fn list(&self, prefix: &Key, after: &Key) -> Reply {
        let start = match after < prefix {
            true => Bound::Included(prefix),
            false => Bound::Excluded(after),
        };
        let listed = self
            .documents
            .range::<Key, _>((start, Bound::Unbounded))
            .take_while(|(name, _)| name.starts_with(&**prefix))
            .take(LIST_DOCUMENTS_MAX)
            .map(|(name, record)| (name.clone(), record.clone()))
            .collect();
        Reply::Documents(listed)
    }
}

impl Log {
    fn append(&mut self, key: &AppendKey, records: Vec<Bytes>) {
        if !self.keys.insert(key.clone()) {
            return;
        }
        for bytes in records {
            self.made += 1;
            self.records.push(LogRecord {
                position: Position(self.made),
                key: key.clone(),
                bytes,
            });
        }
    }

    fn read(&self, from: Position) -> Vec<LogRecord> {
        let wanted = self.records.iter().filter(|it| it.position >= from);
        wanted.take(READ_RECORDS_MAX).cloned().collect()
    }
}
