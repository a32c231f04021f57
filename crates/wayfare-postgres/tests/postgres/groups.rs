//! Tests that refused, blocked, damaged and large writes in a group do not affect the others.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join_all;
use wayfare_engine::Storage;
use wayfare_engine::storage::{Failure, Loaded, PartId, Position, Snapshot};
use wayfare_postgres::Postgres;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Key;

use crate::schema::bare;
use crate::server::Server;

const COUNT: usize = 200;

async fn open(server: &Server) -> Arc<Postgres> {
    // A single writing connection, so that all writes are grouped.
    let config: wayfare_postgres::Config = server.url().parse().unwrap();
    Arc::new(Postgres::open(config.connections(1, 1)).await.unwrap())
}

fn names(prefix: &str) -> Vec<Key> {
    (0..COUNT).map(|i| format!("{prefix}/{i}").into()).collect()
}

async fn seal(engine: &Postgres, names: &[Key], epoch: Epoch) {
    let loads = names.iter().map(|it| engine.load(it.clone(), epoch));
    for loaded in join_all(loads).await {
        loaded.unwrap();
    }
}

async fn write(engine: &Postgres, name: &Key, epoch: u64, from: u64) -> Result<(), Failure> {
    let records = vec![Bytes::from("x")];
    let write = engine.journal(name.clone(), Epoch(epoch), Position(from), records);
    write.await
}

fn state(position: u64, bytes: Bytes) -> Snapshot {
    Snapshot {
        position: Position(position),
        bytes,
        parts: Vec::new(),
    }
}

fn large(seed: usize) -> Bytes {
    let bytes: Vec<u8> = (0..5_000_000).map(|it| (it * 31 + seed) as u8).collect();
    bytes.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_of_a_group_do_not_harm_each_other() {
    let server = Server::start(&[]);
    let engine = open(&server).await;
    a_refused_write_is_refused_alone(&engine).await;
    a_name_that_cannot_be_kept_is_refused_alone(&engine).await;
    writes_of_one_name_keep_their_order(&engine).await;
    a_longer_repeat_and_what_comes_behind_it_are_done(&engine).await;
    a_locked_entity_holds_up_nobody_else(&server, &engine).await;
}

async fn a_refused_write_is_refused_alone(engine: &Postgres) {
    let names = names("refused");
    seal(engine, &names, Epoch(2)).await;
    let before = engine.counters();
    let writes = names.iter().enumerate().map(|(i, name)| match i % 4 {
        1 => write(engine, name, 1, 1).boxed(),
        2 => write(engine, name, 2, 5).boxed(),
        _ => write(engine, name, 2, 1).boxed(),
    });
    for (i, outcome) in join_all(writes).await.into_iter().enumerate() {
        match i % 4 {
            1 => assert_eq!(outcome, Err(Failure::Sealed { by: Epoch(2) })),
            2 => assert!(matches!(outcome, Err(Failure::NotDone(_))), "{outcome:?}"),
            _ => outcome.unwrap(),
        }
    }
    let after = engine.counters();
    assert_eq!(after.writes - before.writes, COUNT as u64);
    assert!(after.groups - before.groups <= 3, "{after:?}");
}

async fn a_name_that_cannot_be_kept_is_refused_alone(engine: &Postgres) {
    let long: Key = "n".repeat(5000).into();
    let with_zero: Key = "room/\0".into();
    let (refused, taken) = tokio::join!(
        engine.load(long, Epoch(1)),
        engine.load(with_zero.clone(), Epoch(1))
    );
    assert!(matches!(refused, Err(Failure::NotDone(_))));
    taken.unwrap();
    write(engine, &with_zero, 1, 1).await.unwrap();
    let beyond = engine.load(with_zero, Epoch(u64::MAX)).await;
    assert!(matches!(beyond, Err(Failure::NotDone(_))));
}

async fn writes_of_one_name_keep_their_order(engine: &Postgres) {
    let name: Key = "ordered".into();
    let epoch = Epoch(1);
    let record = |text: &'static str| vec![Bytes::from(text)];
    engine.load(name.clone(), epoch).await.unwrap();
    // Each is requested without waiting for the one before. The large one uses another connection.
    let first = engine.journal(name.clone(), epoch, Position(1), record("1"));
    let snapshot = engine.snapshot(name.clone(), epoch, state(9, large(0)));
    let second = engine.journal(name.clone(), epoch, Position(10), record("10"));
    let third = engine.journal(name.clone(), epoch, Position(11), record("11"));
    let load = engine.load(name.clone(), Epoch(2));
    let (first, snapshot, second, third, loaded) =
        tokio::join!(first, snapshot, second, third, load);
    for outcome in [first, snapshot, second, third] {
        outcome.unwrap();
    }
    let expected = Loaded {
        snapshot: Some(state(9, large(0))),
        journal: [record("10"), record("11")].concat(),
    };
    assert!(loaded.unwrap() == expected);
}

async fn a_longer_repeat_and_what_comes_behind_it_are_done(engine: &Postgres) {
    let name: Key = "repeated".into();
    let records = |count| vec![Bytes::from("x"); count];
    engine.load(name.clone(), Epoch(1)).await.unwrap();
    write(engine, &name, 1, 1).await.unwrap();
    let repeat = engine.journal(name.clone(), Epoch(1), Position(1), records(3));
    let behind = engine.journal(name.clone(), Epoch(1), Position(4), records(2));
    let (repeat, behind) = tokio::join!(repeat, behind);
    repeat.unwrap();
    behind.unwrap();
    let loaded = engine.load(name, Epoch(2)).await.unwrap();
    assert_eq!(loaded.journal, records(5));
}

async fn a_locked_entity_holds_up_nobody_else(server: &Server, engine: &Postgres) {
    let names = names("locked");
    seal(engine, &names, Epoch(1)).await;
    let somebody = bare(&server.url()).await;
    let lock = "BEGIN; SELECT 1 FROM wayfare.entity WHERE name = 'locked/7' FOR UPDATE";
    somebody.batch_execute(lock).await.unwrap();
    let (held_up, others): (Vec<&Key>, Vec<&Key>) =
        names.iter().partition(|it| &***it == "locked/7");
    let held_up = write(engine, held_up[0], 1, 1);
    let mut held_up = std::pin::pin!(held_up);
    let others = join_all(others.into_iter().map(|it| write(engine, it, 1, 1)));
    tokio::select! {
        biased;
        _ = &mut held_up => panic!("it was written under somebody's lock"),
        others = others => others.into_iter().for_each(|it| it.unwrap()),
    }
    somebody.batch_execute("COMMIT").await.unwrap();
    held_up.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_affects_one_entity_until_its_quarantine() {
    let server = Server::start(&[]);
    let engine = open(&server).await;
    let client = bare(&server.url()).await;
    let names = names("room");
    seal(&engine, &names, Epoch(1)).await;
    for name in &names[..3] {
        write(&engine, name, 1, 1).await.unwrap();
    }
    // A flipped bit, and a deleted row.
    let damage = "UPDATE wayfare.journal SET value = set_byte(value, 8, 121) WHERE entity = \
            (SELECT id FROM wayfare.entity WHERE name = 'room/1'); \
        DELETE FROM wayfare.journal WHERE entity = \
            (SELECT id FROM wayfare.entity WHERE name = 'room/2')";
    client.batch_execute(damage).await.unwrap();
    for name in &names[1..3] {
        let loaded = engine.load(name.clone(), Epoch(2)).await;
        assert!(matches!(loaded, Err(Failure::Corrupt(_))), "{loaded:?}");
        let again = engine.load(name.clone(), Epoch(3)).await;
        assert!(matches!(again, Err(Failure::Corrupt(_))), "{again:?}");
        let written = write(&engine, name, 2, 2).await;
        assert!(matches!(written, Err(Failure::Corrupt(_))), "{written:?}");
        engine.quarantine(name.clone(), Epoch(3)).await.unwrap();
        write(&engine, name, 3, 1).await.unwrap();
        let loaded = engine.load(name.clone(), Epoch(4)).await.unwrap();
        assert_eq!(loaded.next(), Position(2));
    }
    let loaded = engine.load(names[0].clone(), Epoch(2)).await.unwrap();
    assert_eq!(loaded.next(), Position(2));
    let aside = "SELECT encode(name, 'escape') FROM wayfare.quarantined ORDER BY 1";
    let aside: Vec<String> = client
        .query(aside, &[])
        .await
        .unwrap()
        .iter()
        .map(|it| it.get(0))
        .collect();
    assert_eq!(aside, ["room/1", "room/2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_values_are_stored_in_chunks_without_leftovers() {
    let server = Server::start(&[]);
    let engine = open(&server).await;
    let client = bare(&server.url()).await;
    let pieces = async || -> i64 {
        let count = "SELECT count(*) FROM wayfare.chunk";
        client.query_one(count, &[]).await.unwrap().get(0)
    };
    let name: Key = "large".into();
    let part = PartId {
        number: 1,
        version: 1,
    };
    engine.load(name.clone(), Epoch(1)).await.unwrap();
    engine
        .part(name.clone(), Epoch(1), part, large(1))
        .await
        .unwrap();
    let whole = Snapshot {
        parts: vec![part],
        ..state(1, large(2))
    };
    for _ in 0..2 {
        engine
            .snapshot(name.clone(), Epoch(1), whole.clone())
            .await
            .unwrap();
        assert_eq!(pieces().await, 10);
    }
    let loaded = engine.load(name.clone(), Epoch(2)).await.unwrap();
    assert!(loaded.snapshot == Some(whole));
    assert!(engine.read_part(name.clone(), part).await.unwrap() == Some(large(1)));

    let fenced = engine
        .snapshot(name.clone(), Epoch(1), state(5, large(3)))
        .await;
    assert_eq!(fenced, Err(Failure::Sealed { by: Epoch(2) }));
    assert_eq!(pieces().await, 10);
    // This part is not named before the next owner loads.
    let other = PartId {
        number: 2,
        version: 1,
    };
    engine
        .part(name.clone(), Epoch(2), other, large(4))
        .await
        .unwrap();
    assert_eq!(pieces().await, 15);
    engine.load(name.clone(), Epoch(3)).await.unwrap();
    assert_eq!(pieces().await, 10);
    engine.forget(name, Epoch(3)).await.unwrap();
    assert_eq!(pieces().await, 0);
}
