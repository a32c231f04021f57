//! Cases of storage: an owner that has not sealed, or was sealed out, cannot write.

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Key;

use super::{Breach, Case, Verdict, cases, same};
use crate::Storage;
use crate::storage::{AppendKey, Failure, Loaded, Position, Snapshot};

pub(super) fn cases() -> Vec<Case<dyn Storage>> {
    cases![
        a_seal_refuses_every_older_write,
        a_write_needs_a_seal,
        a_seal_may_be_repeated,
        a_seal_concerns_one_entity,
    ]
}

async fn a_seal_refuses_every_older_write(engine: &dyn Storage, namespace: &str) -> Verdict {
    let [entity, log] = names(namespace);
    engine.load(entity.clone(), Epoch(3)).await?;
    write_all(engine, &entity, &log, Epoch(3)).await?;
    let kept = engine.load(entity.clone(), Epoch(5)).await?;
    let logged = engine.read(log.clone(), Position(1)).await?;

    let by = Epoch(5);
    for older in [Epoch(0), Epoch(3), Epoch(4)] {
        for (what, outcome) in try_all(engine, &entity, &log, older).await {
            same(what, &outcome, &Err(Failure::Sealed { by }))?;
        }
        let load = engine.load(entity.clone(), older).await;
        same("an older load", &load, &Err(Failure::Sealed { by }))?;
    }
    let found = engine.load(entity.clone(), Epoch(5)).await?;
    same("what is kept of the entity", &found, &kept)?;
    let found = engine.read(log.clone(), Position(1)).await?;
    same("what is kept of the log", &found, &logged)?;

    let next = kept.next();
    let records = vec![Bytes::from_static(b"new")];
    engine
        .journal(entity.clone(), Epoch(5), next, records)
        .await?;
    let found = engine.load(entity, Epoch(5)).await?;
    same("the new owner's next", &found.next(), &next.next())
}

async fn a_write_needs_a_seal(engine: &dyn Storage, namespace: &str) -> Verdict {
    let [entity, log] = names(namespace);
    let not_done = |outcome: &Result<(), Failure>| matches!(outcome, Err(Failure::NotDone(_)));
    for (what, outcome) in try_all(engine, &entity, &log, Epoch(1)).await {
        same(what, &not_done(&outcome), &true)?;
    }
    let loaded = engine.load(entity.clone(), Epoch(1)).await?;
    same("what is kept of a new entity", &loaded, &Loaded::default())?;
    for (what, outcome) in try_all(engine, &entity, &log, Epoch(2)).await {
        same(what, &not_done(&outcome), &true)?;
    }
    write_all(engine, &entity, &log, Epoch(1)).await
}

async fn a_seal_may_be_repeated(engine: &dyn Storage, namespace: &str) -> Verdict {
    let [entity, log] = names(namespace);
    engine.load(entity.clone(), Epoch(2)).await?;
    write_all(engine, &entity, &log, Epoch(2)).await?;
    let kept = engine.load(entity.clone(), Epoch(2)).await?;
    // The owner may still repeat the writes before its second load.
    write_all(engine, &entity, &log, Epoch(2)).await?;
    let found = engine.load(entity, Epoch(2)).await?;
    same("what is kept", &found, &kept)
}

async fn a_seal_concerns_one_entity(engine: &dyn Storage, namespace: &str) -> Verdict {
    let [entity, log] = names(namespace);
    let other: Key = format!("{entity}2").into();
    engine.load(entity.clone(), Epoch(1)).await?;
    engine.load(other.clone(), Epoch(9)).await?;
    write_all(engine, &entity, &log, Epoch(1)).await?;
    let loaded = engine.load(other, Epoch(9)).await?;
    same("what is kept of the other", &loaded, &Loaded::default())
}

fn names(namespace: &str) -> [Key; 2] {
    ["entity", "log"].map(|name| format!("{namespace}/{name}").into())
}

/// Tries one write of each sort, which would succeed for the owner of a new entity.
async fn try_all(
    engine: &dyn Storage,
    entity: &Key,
    log: &Key,
    epoch: Epoch,
) -> Vec<(&'static str, Result<(), Failure>)> {
    let bytes = || Bytes::from(format!("by {epoch}"));
    let records = vec![bytes(), bytes()];
    let journal = engine.journal(entity.clone(), epoch, Position(1), records);
    let journal = journal.await;
    let snapshot = Snapshot {
        position: Position(1),
        bytes: bytes(),
        parts: Vec::new(),
    };
    let snapshot = engine.snapshot(entity.clone(), epoch, snapshot).await;
    let key = AppendKey {
        writer: entity.clone(),
        epoch,
        step: Position(1),
    };
    let append = engine.append(log.clone(), epoch, key, vec![bytes()]).await;
    vec![
        ("a journal write", journal),
        ("a snapshot", snapshot),
        ("an append", append),
    ]
}

async fn write_all(
    engine: &dyn Storage,
    entity: &Key,
    log: &Key,
    epoch: Epoch,
) -> Result<(), Breach> {
    for (_, outcome) in try_all(engine, entity, log, epoch).await {
        outcome?;
    }
    Ok(())
}
