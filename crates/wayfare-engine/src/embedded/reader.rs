//! The thread that reads stored data, beside the one that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use redb::{Database, ReadTransaction, ReadableDatabase};
use tokio::sync::oneshot;
use wayfare_protocol::coordination::Key;

use super::checked::{Damage, Decoder};
use super::documents;
use super::entities::{Plan, part_key};
use super::entity::Entity;
use super::fault::Fault;
use super::layout::{ENTITIES, JOURNAL, PARTS, SNAPSHOTS};
use super::logs;
use super::shared::{Job, Shared};
use crate::storage::{Failure, Loaded, Outcome, PartId, Position, Reply, Request, Snapshot};

/// A read request.
pub(super) struct Reading {
    pub(super) what: What,
    pub(super) answer: oneshot::Sender<Outcome>,
}

pub(super) enum What {
    /// A load at the state of a group commit, which the transaction preserves.
    Load(Plan, Arc<ReadTransaction>),
    /// A request at the present state.
    Request(Request),
}

/// Answers requests until no sender is left.
pub(super) fn run(database: &Database, shared: &Shared, readings: &Receiver<Reading>) {
    while let Ok(reading) = readings.recv() {
        answer(database, shared, reading);
    }
}

pub(super) fn answer(database: &Database, shared: &Shared, Reading { what, answer }: Reading) {
    let entity = what.entity();
    // redb panics on some damaged pages.
    let read = catch_unwind(AssertUnwindSafe(|| read(database, what)));
    let panicked = || Fault::from(Damage::of("reading it failed at damaged pages"));
    let outcome = read.unwrap_or_else(|_| Err(panicked())).map_err(failure);
    if let (Err(Failure::Corrupt(damage)), Some(entity)) = (&outcome, entity) {
        shared.submit(Job::Damaged(entity, Damage(damage.clone())));
    }
    drop(answer.send(outcome));
}

impl What {
    fn entity(&self) -> Option<Key> {
        match self {
            Self::Load(plan, _) => Some(plan.entity.name.clone()),
            Self::Request(Request::ReadPart { entity, .. }) => Some(entity.clone()),
            Self::Request(_) => None,
        }
    }
}

fn read(database: &Database, what: What) -> Result<Reply, Fault> {
    if let What::Load(plan, transaction) = what {
        return load(&plan, &transaction).map(Reply::Loaded);
    }
    let transaction = database.begin_read().map_err(redb::Error::from)?;
    match what {
        What::Request(Request::ReadPart { entity, part }) => {
            read_part(&transaction, &entity, part).map(Reply::Part)
        }
        What::Request(Request::Read { log, from }) => {
            logs::read(&transaction, &log, from).map(Reply::Read)
        }
        What::Request(Request::Document(name)) => {
            documents::get(&transaction, &name).map(Reply::Document)
        }
        What::Request(Request::Documents { prefix, after }) => {
            documents::list(&transaction, &prefix, &after).map(Reply::Documents)
        }
        What::Request(_) | What::Load(..) => {
            Err(Failure::NotDone("writes are not the reader's".into()).into())
        }
    }
}

fn load(plan: &Plan, transaction: &ReadTransaction) -> Result<Loaded, Fault> {
    plan.entity.readable()?;
    let mut journal = Vec::new();
    let table = transaction.open_table(JOURNAL)?;
    let first = plan.entity.first().0;
    for frame in &plan.entity.frames {
        let Some(block) = table.get(frame.block)? else {
            let what = format!("journal block {} is missing", frame.block);
            return Err(Damage(what).into());
        };
        journal.extend(frame.records(block.value(), first)?);
    }
    Ok(Loaded {
        snapshot: read_snapshot(plan, transaction)?,
        journal,
    })
}

fn read_snapshot(plan: &Plan, transaction: &ReadTransaction) -> Result<Option<Snapshot>, Fault> {
    let Some(position) = plan.entity.snapshot else {
        return Ok(None);
    };
    let table = transaction.open_table(SNAPSHOTS)?;
    let Some(value) = table.get(plan.id)? else {
        return Err(Damage::of("the snapshot is missing").into());
    };
    let at = |damage| Damage(format!("the snapshot: {damage}"));
    let mut decoder = Decoder::open(&[&plan.id.to_le_bytes()], value.value()).map_err(at)?;
    if Position(decoder.u64()?) != position {
        return Err(Damage::of("the snapshot is another one").into());
    }
    Ok(Some(Snapshot {
        position,
        bytes: decoder.rest(),
        parts: plan.entity.parts.clone(),
    }))
}

fn read_part(
    transaction: &ReadTransaction,
    entity: &str,
    part: PartId,
) -> Result<Option<bytes::Bytes>, Fault> {
    let heads = transaction.open_table(ENTITIES)?;
    let Some(head) = heads.get(entity)? else {
        return Ok(None);
    };
    let (id, _) = Entity::decode(head.value())?;
    let table = transaction.open_table(PARTS)?;
    let Some(value) = table.get((id, part.number, part.version))? else {
        return Ok(None);
    };
    let at = |damage| {
        let PartId { number, version } = part;
        Damage(format!("version {version} of part {number}: {damage}"))
    };
    let mut decoder = Decoder::open(&[&part_key(id, part)], value.value()).map_err(at)?;
    decoder.u64()?;
    Ok(Some(decoder.rest()))
}

fn failure(fault: Fault) -> Failure {
    match fault {
        Fault::Refused(failure) => failure,
        Fault::File(redb::Error::Corrupted(what)) => Failure::Corrupt(what),
        Fault::File(error) => Failure::NotDone(format!("reading the store failed: {error}")),
    }
}
