//! Cases of storage: a load returns the newest snapshot and the journal behind it.

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Key;

use super::{Breach, Case, Verdict, cases, same};
use crate::Storage;
use crate::storage::{Failure, Loaded, Position, Reply, Request, Snapshot};

pub(super) fn cases() -> Vec<Case<dyn Storage>> {
    cases![
        a_load_gives_the_newest_snapshot_and_what_is_behind_it,
        a_journal_takes_no_gap,
        a_journal_write_is_done_once,
        a_journal_of_an_earlier_owner_stays,
        a_snapshot_never_goes_back,
        a_snapshot_may_be_ahead_of_the_journal,
        a_request_is_answered_in_its_kind,
    ]
}

async fn a_load_gives_the_newest_snapshot_and_what_is_behind_it(
    engine: &dyn Storage,
    namespace: &str,
) -> Verdict {
    let room = Owned::load(engine, namespace, Epoch(1)).await?;
    room.journal(1, &["1", "2"]).await?;
    room.journal(3, &["3"]).await?;
    room.expect(None, &["1", "2", "3"]).await?;
    room.snapshot(0, "start").await?;
    room.expect(Some((0, "start")), &["1", "2", "3"]).await?;
    room.snapshot(2, "two").await?;
    room.expect(Some((2, "two")), &["3"]).await?;
    room.journal(4, &["4"]).await?;
    room.expect(Some((2, "two")), &["3", "4"]).await?;
    room.snapshot(4, "four").await?;
    room.expect(Some((4, "four")), &[]).await?;
    room.journal(5, &[]).await?;
    room.journal(5, &["5"]).await?;

    let successor = Owned::load(engine, namespace, Epoch(2)).await?;
    successor.expect(Some((4, "four")), &["5"]).await?;
    successor.journal(6, &["6"]).await?;
    successor.expect(Some((4, "four")), &["5", "6"]).await
}

async fn a_journal_takes_no_gap(engine: &dyn Storage, namespace: &str) -> Verdict {
    let room = Owned::load(engine, namespace, Epoch(1)).await?;
    not_done("a first record at 2", &room.journal(2, &["2"]).await)?;
    not_done("a record at 0", &room.journal(0, &["0", "1"]).await)?;
    room.journal(1, &["1"]).await?;
    not_done("a record at 3 behind 1", &room.journal(3, &["3"]).await)?;
    room.expect(None, &["1"]).await?;
    room.snapshot(1, "one").await?;
    not_done(
        "a record at 3 behind a snapshot",
        &room.journal(3, &["3"]).await,
    )?;
    room.journal(2, &["2"]).await?;
    room.expect(Some((1, "one")), &["2"]).await
}

async fn a_journal_write_is_done_once(engine: &dyn Storage, namespace: &str) -> Verdict {
    let room = Owned::load(engine, namespace, Epoch(1)).await?;
    room.journal(1, &["1", "2"]).await?;
    room.journal(1, &["1", "2"]).await?;
    room.expect(None, &["1", "2"]).await?;
    room.journal(2, &["2", "3"]).await?;
    room.expect(None, &["1", "2", "3"]).await?;
    // Repeats of writes that a snapshot covers, fully or in part.
    room.snapshot(2, "two").await?;
    room.journal(1, &["1", "2"]).await?;
    room.journal(1, &["1", "2", "3", "4"]).await?;
    room.expect(Some((2, "two")), &["3", "4"]).await
}

async fn a_journal_of_an_earlier_owner_stays(engine: &dyn Storage, namespace: &str) -> Verdict {
    let former = Owned::load(engine, namespace, Epoch(1)).await?;
    former.journal(1, &["1", "2"]).await?;
    let owner = Owned::load(engine, namespace, Epoch(4)).await?;
    let other = owner.journal(2, &["other", "3"]).await;
    not_done("a record in an earlier owner's place", &other)?;
    owner.expect(None, &["1", "2"]).await?;
    owner.journal(3, &["3"]).await?;
    let loaded_again = Owned::load(engine, namespace, Epoch(4)).await?;
    loaded_again.journal(3, &["3", "4"]).await?;
    owner.expect(None, &["1", "2", "3", "4"]).await
}

async fn a_snapshot_never_goes_back(engine: &dyn Storage, namespace: &str) -> Verdict {
    let room = Owned::load(engine, namespace, Epoch(1)).await?;
    room.journal(1, &["1", "2", "3"]).await?;
    room.snapshot(2, "two").await?;
    room.snapshot(1, "one").await?;
    room.snapshot(2, "two").await?;
    room.expect(Some((2, "two")), &["3"]).await?;

    let successor = Owned::load(engine, namespace, Epoch(2)).await?;
    let back = successor.snapshot(2, "undone").await;
    not_done("a snapshot before what was loaded", &back)?;
    successor.expect(Some((2, "two")), &["3"]).await?;
    successor.snapshot(3, "three").await?;
    successor.expect(Some((3, "three")), &[]).await
}

async fn a_snapshot_may_be_ahead_of_the_journal(engine: &dyn Storage, namespace: &str) -> Verdict {
    let room = Owned::load(engine, namespace, Epoch(1)).await?;
    room.journal(1, &["1", "2"]).await?;
    room.snapshot(9, "nine").await?;
    room.expect(Some((9, "nine")), &[]).await?;
    not_done("a record at 11", &room.journal(11, &["11"]).await)?;
    room.journal(10, &["10"]).await?;
    room.expect(Some((9, "nine")), &["10"]).await
}

async fn a_request_is_answered_in_its_kind(engine: &dyn Storage, namespace: &str) -> Verdict {
    let entity: Key = format!("{namespace}/room").into();
    let epoch = Epoch(1);
    let load = Request::Load {
        entity: entity.clone(),
        epoch,
    };
    let reply = engine.call(load.clone()).await?;
    same("a load", &reply, &Reply::Loaded(Loaded::default()))?;
    let journal = Request::Journal {
        entity: entity.clone(),
        epoch,
        from: Position(1),
        records: vec![Bytes::from_static(b"1"), Bytes::from_static(b"2")],
    };
    same(
        "a journal write",
        &engine.call(journal).await?,
        &Reply::Done,
    )?;
    let snapshot = Snapshot {
        position: Position(1),
        bytes: Bytes::from_static(b"one"),
        parts: Vec::new(),
    };
    let request = Request::Snapshot {
        entity,
        epoch,
        snapshot: snapshot.clone(),
    };
    same("a snapshot", &engine.call(request).await?, &Reply::Done)?;
    let expected = Loaded {
        snapshot: Some(snapshot),
        journal: vec![Bytes::from_static(b"2")],
    };
    same(
        "the next load",
        &engine.call(load).await?,
        &Reply::Loaded(expected),
    )
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

    async fn journal(&self, from: u64, records: &[&str]) -> Result<(), Failure> {
        let entity = self.entity.clone();
        let write = self
            .engine
            .journal(entity, self.epoch, Position(from), bytes(records));
        write.await
    }

    async fn snapshot(&self, position: u64, text: &'static str) -> Result<(), Failure> {
        let entity = self.entity.clone();
        let write = self
            .engine
            .snapshot(entity, self.epoch, state(position, text));
        write.await
    }

    async fn expect(&self, snapshot: Option<(u64, &'static str)>, journal: &[&str]) -> Verdict {
        let loaded = self.engine.load(self.entity.clone(), self.epoch).await?;
        let expected = Loaded {
            snapshot: snapshot.map(|(position, text)| state(position, text)),
            journal: bytes(journal),
        };
        same("what is kept of the entity", &loaded, &expected)
    }
}

fn bytes(records: &[&str]) -> Vec<Bytes> {
    let records = records.iter();
    records
        .map(|text| Bytes::from((*text).to_owned()))
        .collect()
}

fn state(position: u64, text: &'static str) -> Snapshot {
    Snapshot {
        position: Position(position),
        bytes: Bytes::from(text),
        parts: Vec::new(),
    }
}
