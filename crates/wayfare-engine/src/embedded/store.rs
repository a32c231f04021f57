//! The file as the writer uses it: executes a group of requests in one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use redb::{Database, Error, ReadTransaction, ReadableDatabase};
use wayfare_protocol::coordination::{Key, Record, Revision, Write};

use super::documents;
use super::entities::{Entities, Plan};
use super::fault::Fault;
use super::group;
use super::layout::{Meta, Tables};
use super::logs;
use crate::storage::{Failure, Loaded, Outcome, Reply, Request};

/// The number of revisions reserved in the file at once, so that a revision that was issued and
/// lost is never issued again. At a thousand commits a second this is a write every quarter of an
/// hour.
pub(super) const REVISIONS_RESERVED: u64 = 1 << 20;

pub(super) struct Store {
    pub(super) database: Arc<Database>,
    pub(super) meta: Meta,
    pub(super) entities: Entities,
}

/// The changes of a group to coordination's records.
#[derive(Debug, Default)]
pub(super) struct RecordChanges {
    /// The effects of lazy commits, which are visible already.
    pub(super) lazy: BTreeMap<Key, Option<Record>>,
    /// The group's commits, in order, behind the lazy ones.
    pub(super) commits: Vec<(Revision, Vec<Write>)>,
    /// The last issued revision, including those of this group.
    pub(super) last: Revision,
}

/// The outcome of a request of a group, to be answered once the group is durable.
#[derive(Debug)]
pub(super) enum Carried {
    Out(Outcome),
    /// The entity is sealed. Its data will be read behind the commit.
    Load {
        entity: Key,
    },
}

/// The reason why a group, and with it the store, failed.
#[derive(Debug)]
pub(super) struct GroupFailure {
    /// True if the group may have become durable.
    pub(super) is_unknown: bool,
    pub(super) cause: Error,
}

impl Store {
    /// Executes all requests in order, each completely or not at all, and makes them durable.
    pub(super) fn execute(
        &mut self,
        requests: Vec<Request>,
        changes: &RecordChanges,
    ) -> Result<Vec<Carried>, GroupFailure> {
        let lost = |cause| GroupFailure {
            is_unknown: false,
            cause,
        };
        let transaction = self.database.begin_write().map_err(|it| lost(it.into()))?;
        let (carried, is_changed) = {
            let mut tables = Tables::open(&transaction).map_err(lost)?;
            let carried = self.apply(&mut tables, requests, changes).map_err(lost)?;
            (carried, tables.is_changed)
        };
        if is_changed {
            transaction.commit().map_err(|it| GroupFailure {
                is_unknown: true,
                cause: it.into(),
            })?;
        } else {
            transaction.abort().map_err(|it| lost(it.into()))?;
        }
        Ok(carried)
    }

    /// Returns what a load of the last group must read.
    pub(super) fn plan(&self, entity: &str) -> Option<Plan> {
        self.entities.plan(entity)
    }

    pub(super) fn read(&self) -> Result<ReadTransaction, Error> {
        Ok(self.database.begin_read()?)
    }

    fn apply(
        &mut self,
        tables: &mut Tables<'_>,
        requests: Vec<Request>,
        changes: &RecordChanges,
    ) -> Result<Vec<Carried>, Error> {
        let before = self.meta;
        let mut carried = Vec::with_capacity(requests.len());
        for request in requests {
            carried.push(match self.request(tables, request) {
                Ok(carried) => carried,
                Err(Fault::Refused(failure)) => Carried::Out(Err(failure)),
                Err(Fault::File(error)) => return Err(error),
            });
        }
        self.entities.settle(tables)?;
        write_records(tables, changes)?;
        self.meta.next_id = self.entities.next_id();
        self.reserve(changes.last);
        if self.meta != before {
            write_meta(tables, self.meta)?;
        }
        Ok(carried)
    }

    fn reserve(&mut self, last: Revision) {
        if self.meta.ceiling.saturating_sub(last.0) < REVISIONS_RESERVED / 2 {
            self.meta.ceiling = last.0 + REVISIONS_RESERVED;
        }
    }

    fn request(&mut self, tables: &mut Tables<'_>, request: Request) -> Result<Carried, Fault> {
        let entities = &mut self.entities;
        let last_document = &mut self.meta.documents;
        match request {
            Request::Load { entity, epoch } => {
                entities.load(tables, &entity, epoch)?;
                return Ok(Carried::Load { entity });
            }
            Request::Snapshot {
                entity,
                epoch,
                snapshot,
            } => entities.snapshot(tables, &entity, epoch, &snapshot)?,
            Request::Part {
                entity,
                epoch,
                part,
                bytes,
            } => entities.part(tables, &entity, epoch, part, &bytes)?,
            Request::Journal {
                entity,
                epoch,
                from,
                records,
            } => entities.journal(tables, &entity, epoch, from, &records)?,
            Request::Forget { entity, epoch } => entities.forget(tables, &entity, epoch)?,
            Request::Quarantine { entity, epoch } => entities.quarantine(tables, &entity, epoch)?,
            Request::Append {
                log,
                epoch,
                key,
                records,
            } => {
                entities.admit(&key.writer, epoch)?;
                if key.epoch > epoch {
                    return Err(crate::refusal::of_the_future(key.epoch, epoch).into());
                }
                logs::append(tables, &log, &key, &records)?;
            }
            Request::Trim { log, before } => logs::trim(tables, &log, before)?,
            Request::PutDocument {
                name,
                value,
                expect,
            } => {
                let commit = documents::put(tables, last_document, &name, &value, expect)?;
                return Ok(Carried::Out(Ok(Reply::Committed(commit))));
            }
            Request::DeleteDocument { name, expect } => {
                let commit = documents::delete(tables, last_document, &name, expect)?;
                return Ok(Carried::Out(Ok(Reply::Committed(commit))));
            }
            Request::ReadPart { .. }
            | Request::Read { .. }
            | Request::Document(_)
            | Request::Documents { .. } => {
                let reads = "reads are not the writer's".to_owned();
                return Err(Failure::NotDone(reads).into());
            }
        }
        Ok(Carried::Out(Ok(Reply::Done)))
    }
}

/// Returns the answer to a load of an entity that was forgotten later in the same group.
pub(super) fn nothing_kept() -> Outcome {
    Ok(Reply::Loaded(Loaded::default()))
}

pub(super) fn write_meta(tables: &mut Tables<'_>, meta: Meta) -> Result<(), Error> {
    tables.is_changed = true;
    tables.meta.insert(Meta::KEY, meta.encode().as_slice())?;
    Ok(())
}

fn write_records(tables: &mut Tables<'_>, changes: &RecordChanges) -> Result<(), Error> {
    for (key, record) in &changes.lazy {
        write_record(tables, key, record.as_ref())?;
    }
    for (revision, writes) in &changes.commits {
        for (key, record) in group::records(*revision, writes) {
            write_record(tables, &key, record.as_ref())?;
        }
    }
    Ok(())
}

fn write_record(tables: &mut Tables<'_>, key: &str, record: Option<&Record>) -> Result<(), Error> {
    tables.is_changed = true;
    match record {
        Some(record) => {
            let value = documents::encode(key, &record.value, record.revision);
            tables.records.insert(key, value.as_slice())?;
        }
        None => {
            tables.records.remove(key)?;
        }
    }
    Ok(())
}
