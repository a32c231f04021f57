//! Cases of storage: an entity that is forgotten, or put in quarantine, begins again.

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Key;

use super::{Breach, Case, Verdict, cases, same};
use crate::Storage;
use crate::storage::{
    AppendKey, Failure, Loaded, PartId, Position, QUARANTINED_MAX, Reply, Request, Snapshot,
};

pub(super) fn cases() -> Vec<Case<dyn Storage>> {
    cases![
        a_forgotten_entity_leaves_nothing,
        a_forgotten_entity_is_written_after_a_new_seal_only,
        a_forget_is_fenced,
        a_forget_may_be_repeated,
        a_forget_is_done_behind_a_late_seal_of_an_older_owner,
        a_forgotten_entity_appends_once,
        a_quarantined_entity_begins_empty,
        a_quarantine_seals,
        a_quarantine_happens_once_under_one_epoch,
        a_quarantine_of_many_is_done,
        an_end_is_answered_in_its_kind,
    ]
}

const PART: PartId = PartId {
    number: 1,
    version: 1,
};

async fn a_forgotten_entity_leaves_nothing(engine: &dyn Storage, namespace: &str) -> Verdict {
    let (entity, other) = (name(namespace, "room"), name(namespace, "room2"));
    fill(engine, &entity, Epoch(1)).await?;
    fill(engine, &other, Epoch(1)).await?;
    let kept = engine.load(other.clone(), Epoch(1)).await?;
    engine.forget(entity.clone(), Epoch(1)).await?;
    let part = engine.read_part(entity.clone(), PART).await?;
    same("its part", &part, &None)?;
    let loaded = engine.load(entity.clone(), Epoch(1)).await?;
    same("what is kept of it", &loaded, &Loaded::default())?;
    let loaded = engine.load(other, Epoch(1)).await?;
    same("what is kept of another", &loaded, &kept)?;
    fill(engine, &entity, Epoch(1)).await
}

async fn a_forgotten_entity_is_written_after_a_new_seal_only(
    engine: &dyn Storage,
    namespace: &str,
) -> Verdict {
    let entity = name(namespace, "room");
    fill(engine, &entity, Epoch(3)).await?;
    engine.forget(entity.clone(), Epoch(3)).await?;
    for epoch in [Epoch(2), Epoch(3), Epoch(4)] {
        not_done("a write", &write(engine, &entity, epoch).await)?;
    }
    let loaded = engine.load(entity, Epoch(4)).await?;
    same("what is kept of it", &loaded, &Loaded::default())
}

async fn a_forget_is_fenced(engine: &dyn Storage, namespace: &str) -> Verdict {
    let entity = name(namespace, "room");
    fill(engine, &entity, Epoch(2)).await?;
    let newer = engine.forget(entity.clone(), Epoch(3)).await;
    not_done("an epoch that has not sealed", &newer)?;
    let older = engine.forget(entity.clone(), Epoch(1)).await;
    same(
        "an older epoch",
        &older,
        &Err(Failure::Sealed { by: Epoch(2) }),
    )?;
    let loaded = engine.load(entity, Epoch(2)).await?;
    same("what is kept of it", &loaded.next(), &Position(3))
}

async fn a_forget_is_done_behind_a_late_seal_of_an_older_owner(
    engine: &dyn Storage,
    namespace: &str,
) -> Verdict {
    let entity = name(namespace, "room");
    fill(engine, &entity, Epoch(4)).await?;
    engine.forget(entity.clone(), Epoch(4)).await?;
    engine.load(entity.clone(), Epoch(3)).await?;
    let unsealed = engine.forget(entity.clone(), Epoch(4)).await;
    not_done("before it has sealed again", &unsealed)?;
    let loaded = engine.load(entity.clone(), Epoch(4)).await?;
    same("what is kept of it", &loaded, &Loaded::default())?;
    engine.forget(entity.clone(), Epoch(4)).await?;
    not_done("a write", &write(engine, &entity, Epoch(4)).await)
}

async fn a_forget_may_be_repeated(engine: &dyn Storage, namespace: &str) -> Verdict {
    let entity = name(namespace, "room");
    engine.forget(entity.clone(), Epoch(1)).await?;
    fill(engine, &entity, Epoch(2)).await?;
    for epoch in [Epoch(2), Epoch(2), Epoch(1)] {
        engine.forget(entity.clone(), epoch).await?;
    }
    // A late request meets the seal of the entity that uses the name now.
    fill(engine, &entity, Epoch(3)).await?;
    let late = engine.forget(entity, Epoch(2)).await;
    same(
        "a late forget",
        &late,
        &Err(Failure::Sealed { by: Epoch(3) }),
    )
}

async fn a_forgotten_entity_appends_once(engine: &dyn Storage, namespace: &str) -> Verdict {
    let (entity, log) = (name(namespace, "room"), name(namespace, "log"));
    let append = |epoch| {
        let key = AppendKey {
            writer: entity.clone(),
            epoch: Epoch(1),
            step: Position(1),
        };
        engine.append(log.clone(), epoch, key, vec![Bytes::from_static(b"x")])
    };
    fill(engine, &entity, Epoch(1)).await?;
    append(Epoch(1)).await?;
    engine.forget(entity.clone(), Epoch(1)).await?;
    not_done("an append", &append(Epoch(1)).await)?;
    engine.load(entity.clone(), Epoch(2)).await?;
    append(Epoch(2)).await?;
    let read = engine.read(log, Position(1)).await?;
    same("the records of the log", &read.len(), &1)
}

async fn a_quarantined_entity_begins_empty(engine: &dyn Storage, namespace: &str) -> Verdict {
    let entity = name(namespace, "room");
    fill(engine, &entity, Epoch(1)).await?;
    engine.load(entity.clone(), Epoch(2)).await?;
    engine.quarantine(entity.clone(), Epoch(2)).await?;
    let part = engine.read_part(entity.clone(), PART).await?;
    same("its part", &part, &None)?;
    let loaded = engine.load(entity.clone(), Epoch(2)).await?;
    same("what is kept of it", &loaded, &Loaded::default())?;
    fill(engine, &entity, Epoch(2)).await
}

async fn a_quarantine_seals(engine: &dyn Storage, namespace: &str) -> Verdict {
    let entity = name(namespace, "room");
    fill(engine, &entity, Epoch(1)).await?;
    engine.quarantine(entity.clone(), Epoch(3)).await?;
    let by = Epoch(3);
    let older = write(engine, &entity, Epoch(1)).await;
    same(
        "a write of the former owner",
        &older,
        &Err(Failure::Sealed { by }),
    )?;
    let older = engine.quarantine(entity.clone(), Epoch(2)).await;
    same("an older quarantine", &older, &Err(Failure::Sealed { by }))?;
    write(engine, &entity, Epoch(3)).await?;
    let fresh = name(namespace, "fresh");
    engine.quarantine(fresh.clone(), Epoch(1)).await?;
    write(engine, &fresh, Epoch(1)).await?;
    Ok(())
}

async fn a_quarantine_happens_once_under_one_epoch(
    engine: &dyn Storage,
    namespace: &str,
) -> Verdict {
    let entity = name(namespace, "room");
    fill(engine, &entity, Epoch(1)).await?;
    engine.quarantine(entity.clone(), Epoch(2)).await?;
    write(engine, &entity, Epoch(2)).await?;
    engine.quarantine(entity.clone(), Epoch(2)).await?;
    let loaded = engine.load(entity.clone(), Epoch(2)).await?;
    same("what was written behind it", &loaded.next(), &Position(2))?;
    engine.quarantine(entity.clone(), Epoch(3)).await?;
    let loaded = engine.load(entity, Epoch(3)).await?;
    same("under another epoch", &loaded.next(), &Position(1))
}

async fn a_quarantine_of_many_is_done(engine: &dyn Storage, namespace: &str) -> Verdict {
    for i in 0..QUARANTINED_MAX + 2 {
        let entity = name(namespace, &format!("room{i}"));
        fill(engine, &entity, Epoch(1)).await?;
        engine.quarantine(entity.clone(), Epoch(1)).await?;
        let loaded = engine.load(entity, Epoch(1)).await?;
        same("what is kept of it", &loaded, &Loaded::default())?;
    }
    Ok(())
}

async fn an_end_is_answered_in_its_kind(engine: &dyn Storage, namespace: &str) -> Verdict {
    let entity = name(namespace, "room");
    let epoch = Epoch(1);
    let quarantine = Request::Quarantine {
        entity: entity.clone(),
        epoch,
    };
    let reply = engine.call(quarantine).await?;
    same("a quarantine", &reply, &Reply::Done)?;
    let forget = Request::Forget { entity, epoch };
    same("a forget", &engine.call(forget).await?, &Reply::Done)
}

fn not_done(what: &'static str, outcome: &Result<(), Failure>) -> Verdict {
    same(what, &matches!(outcome, Err(Failure::NotDone(_))), &true)
}

fn name(namespace: &str, name: &str) -> Key {
    format!("{namespace}/{name}").into()
}

/// Seals and stores one value of each sort. The next position is then 3.
async fn fill(engine: &dyn Storage, entity: &Key, epoch: Epoch) -> Result<(), Breach> {
    engine.load(entity.clone(), epoch).await?;
    let bytes = Bytes::from_static(b"x");
    let part = engine.part(entity.clone(), epoch, PART, bytes.clone());
    part.await?;
    let records = vec![bytes.clone(), bytes.clone()];
    let journal = engine.journal(entity.clone(), epoch, Position(1), records);
    journal.await?;
    let snapshot = Snapshot {
        position: Position(1),
        bytes,
        parts: vec![PART],
    };
    engine.snapshot(entity.clone(), epoch, snapshot).await?;
    Ok(())
}

async fn write(engine: &dyn Storage, entity: &Key, epoch: Epoch) -> Result<(), Failure> {
    let records = vec![Bytes::from_static(b"x")];
    let journal = engine.journal(entity.clone(), epoch, Position(1), records);
    journal.await
}
