//! Cases of storage: a large state is stored in parts, and its snapshot names the parts that belong
//! to it.

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Key;

use super::{Breach, Case, Verdict, cases, same};
use crate::Storage;
use crate::storage::{Failure, PartId, Position, Reply, Request, Snapshot};

pub(super) fn cases() -> Vec<Case<dyn Storage>> {
    cases![
        a_snapshot_keeps_the_parts_it_names,
        a_snapshot_of_a_part_that_is_not_stored_is_not_done,
        a_part_that_a_snapshot_names_stays_as_it_is,
        a_part_that_is_not_named_is_replaced,
        a_repeated_snapshot_forgets_no_part_of_the_next,
        parts_are_handed_over,
        a_part_is_fenced,
        a_part_request_is_answered_in_its_kind,
    ]
}

const A1: PartId = part(1, 1);
const A2: PartId = part(1, 2);
const B1: PartId = part(2, 1);

async fn a_snapshot_keeps_the_parts_it_names(engine: &dyn Storage, namespace: &str) -> Verdict {
    let room = Owned::load(engine, namespace, Epoch(1)).await?;
    same("a part nobody stored", &room.read(A1).await?, &None)?;
    room.part(A1, "a1").await?;
    room.part(B1, "b1").await?;
    room.snapshot(1, &[A1, B1]).await?;
    room.expect(1, &[A1, B1]).await?;
    room.part(A2, "a2").await?;
    same(
        "a part not replaced yet",
        &room.read(A1).await?,
        &text("a1"),
    )?;
    room.snapshot(2, &[B1, A2]).await?;
    room.expect(2, &[B1, A2]).await?;
    same("a part that is kept", &room.read(B1).await?, &text("b1"))?;
    same("its new form", &room.read(A2).await?, &text("a2"))?;
    same("a part no more named", &room.read(A1).await?, &None)?;
    // An older snapshot is done without an effect on parts.
    room.snapshot(1, &[A1, B1]).await?;
    room.expect(2, &[B1, A2]).await?;
    room.snapshot(3, &[]).await?;
    same("a part once there are none", &room.read(B1).await?, &None)
}

async fn a_snapshot_of_a_part_that_is_not_stored_is_not_done(
    engine: &dyn Storage,
    namespace: &str,
) -> Verdict {
    let room = Owned::load(engine, namespace, Epoch(1)).await?;
    room.part(A1, "a1").await?;
    room.snapshot(1, &[A1]).await?;
    room.journal(2).await?;
    not_done("another version", &room.snapshot(2, &[A2]).await)?;
    not_done("another part", &room.snapshot(2, &[A1, B1]).await)?;
    room.expect(1, &[A1]).await?;
    let loaded = room.engine.load(room.entity.clone(), room.epoch).await?;
    same("the journal", &loaded.journal.len(), &1)?;
    room.part(B1, "b1").await?;
    room.snapshot(2, &[A1, B1]).await?;
    room.expect(2, &[A1, B1]).await
}

async fn a_part_that_a_snapshot_names_stays_as_it_is(
    engine: &dyn Storage,
    namespace: &str,
) -> Verdict {
    let room = Owned::load(engine, namespace, Epoch(1)).await?;
    room.part(A1, "a1").await?;
    room.snapshot(1, &[A1]).await?;
    room.part(A1, "changed").await?;
    same("a repeat", &room.read(A1).await?, &text("a1"))?;
    // The same owner loads again. It may still repeat its own writes.
    let room = Owned::load(engine, namespace, Epoch(1)).await?;
    room.part(A1, "changed").await?;

    let successor = Owned::load(engine, namespace, Epoch(2)).await?;
    not_done("what was loaded", &successor.part(A1, "changed").await)?;
    same("what was loaded", &successor.read(A1).await?, &text("a1"))
}

async fn a_part_that_is_not_named_is_replaced(engine: &dyn Storage, namespace: &str) -> Verdict {
    let room = Owned::load(engine, namespace, Epoch(1)).await?;
    room.part(A1, "first").await?;
    room.part(A1, "second").await?;
    room.snapshot(1, &[A1]).await?;
    same("the part", &room.read(A1).await?, &text("second"))?;

    room.part(B1, "of an owner that was lost").await?;
    let successor = Owned::load(engine, namespace, Epoch(2)).await?;
    successor.part(B1, "b1").await?;
    successor.snapshot(2, &[A1, B1]).await?;
    same(
        "the successor's part",
        &successor.read(B1).await?,
        &text("b1"),
    )
}

async fn a_repeated_snapshot_forgets_no_part_of_the_next(
    engine: &dyn Storage,
    namespace: &str,
) -> Verdict {
    let room = Owned::load(engine, namespace, Epoch(1)).await?;
    room.part(A1, "a1").await?;
    room.snapshot(1, &[A1]).await?;
    room.journal(2).await?;
    room.part(A2, "a2").await?;
    room.snapshot(1, &[A1]).await?;
    room.expect(1, &[A1]).await?;
    room.snapshot(2, &[A2]).await?;
    room.expect(2, &[A2]).await?;
    same("the part", &room.read(A2).await?, &text("a2"))
}

async fn parts_are_handed_over(engine: &dyn Storage, namespace: &str) -> Verdict {
    let room = Owned::load(engine, namespace, Epoch(1)).await?;
    room.part(A1, "a1").await?;
    room.part(B1, "b1").await?;
    room.snapshot(1, &[A1, B1]).await?;
    let successor = Owned::load(engine, namespace, Epoch(2)).await?;
    successor.expect(1, &[A1, B1]).await?;
    successor.part(A2, "a2").await?;
    successor.snapshot(2, &[A2, B1]).await?;
    let third = Owned::load(engine, namespace, Epoch(3)).await?;
    third.expect(2, &[A2, B1]).await?;
    same("changed by the second", &third.read(A2).await?, &text("a2"))?;
    same("never changed", &third.read(B1).await?, &text("b1"))
}

async fn a_part_is_fenced(engine: &dyn Storage, namespace: &str) -> Verdict {
    let room = Owned::load(engine, namespace, Epoch(2)).await?;
    let newer = Owned {
        engine,
        entity: room.entity.clone(),
        epoch: Epoch(3),
    };
    not_done("an epoch that has not sealed", &newer.part(A1, "x").await)?;
    let newer = Owned::load(engine, namespace, Epoch(3)).await?;
    let by = Epoch(3);
    let sealed = room.part(A1, "x").await;
    same("an older epoch", &sealed, &Err(Failure::Sealed { by }))?;
    same("what there is", &newer.read(A1).await?, &None)
}

async fn a_part_request_is_answered_in_its_kind(engine: &dyn Storage, namespace: &str) -> Verdict {
    let Owned { entity, epoch, .. } = Owned::load(engine, namespace, Epoch(1)).await?;
    let write = Request::Part {
        entity: entity.clone(),
        epoch,
        part: A1,
        bytes: Bytes::from_static(b"a1"),
    };
    same("a part", &engine.call(write).await?, &Reply::Done)?;
    let snapshot = Request::Snapshot {
        entity: entity.clone(),
        epoch,
        snapshot: state(1, &[A1]),
    };
    same("a snapshot", &engine.call(snapshot).await?, &Reply::Done)?;
    let read = Request::ReadPart { entity, part: A1 };
    let expected = Reply::Part(text("a1"));
    same("a part's read", &engine.call(read).await?, &expected)
}

fn not_done(what: &'static str, outcome: &Result<(), Failure>) -> Verdict {
    same(what, &matches!(outcome, Err(Failure::NotDone(_))), &true)
}

/// The entity of a case, as one owner uses it.
struct Owned<'a> {
    engine: &'a dyn Storage,
    entity: Key,
    epoch: Epoch,
}

impl<'a> Owned<'a> {
    async fn load(engine: &'a dyn Storage, namespace: &str, epoch: Epoch) -> Result<Self, Breach> {
        let entity: Key = format!("{namespace}/room").into();
        engine.load(entity.clone(), epoch).await?;
        Ok(Self {
            engine,
            entity,
            epoch,
        })
    }

    async fn part(&self, part: PartId, text: &'static str) -> Result<(), Failure> {
        let entity = self.entity.clone();
        let write = self
            .engine
            .part(entity, self.epoch, part, Bytes::from(text));
        write.await
    }

    async fn read(&self, part: PartId) -> Result<Option<Bytes>, Failure> {
        self.engine.read_part(self.entity.clone(), part).await
    }

    async fn snapshot(&self, position: u64, parts: &[PartId]) -> Result<(), Failure> {
        let entity = self.entity.clone();
        let write = self
            .engine
            .snapshot(entity, self.epoch, state(position, parts));
        write.await
    }

    async fn journal(&self, from: u64) -> Result<(), Failure> {
        let entity = self.entity.clone();
        let records = vec![Bytes::from_static(b"x")];
        let write = self
            .engine
            .journal(entity, self.epoch, Position(from), records);
        write.await
    }

    async fn expect(&self, position: u64, parts: &[PartId]) -> Verdict {
        let loaded = self.engine.load(self.entity.clone(), self.epoch).await?;
        let expected = Some(state(position, parts));
        same("the snapshot", &loaded.snapshot, &expected)
    }
}

const fn part(number: u32, version: u64) -> PartId {
    PartId { number, version }
}

fn text(text: &'static str) -> Option<Bytes> {
    Some(Bytes::from(text))
}

fn state(position: u64, parts: &[PartId]) -> Snapshot {
    Snapshot {
        position: Position(position),
        bytes: Bytes::from_static(b"the rest"),
        parts: parts.to_vec(),
    }
}
