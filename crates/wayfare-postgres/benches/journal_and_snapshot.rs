//! Benchmark of journal writes of many entities, beside a bare client's, and of a snapshot of 100
//! MB.
//!
//! `cargo bench -p wayfare-postgres --bench postgres -- [seconds]`. Starts a server of its own.

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/postgres/server.rs"]
mod server;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use server::Server;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, Statement};
use wayfare_engine::Storage;
use wayfare_engine::storage::{Position, Snapshot};
use wayfare_postgres::{Config, Postgres};
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Key;

const RECORD_BYTES: usize = 1300;
const LARGE_BYTES: usize = 100 * 1024 * 1024;
const ENTITIES: [usize; 3] = [1, 100, 1000];
const CONNECTIONS: [usize; 3] = [1, 2, 4];

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|it| it != "--bench");
    let seconds = arguments
        .next()
        .map_or(3, |it| it.parse().expect("seconds"));
    let duration = Duration::from_secs(seconds);
    let runtime = Runtime::new().expect("a runtime");
    let server = Server::start(&["shared_buffers=256MB", "max_wal_size=4GB"]);
    for count in ENTITIES {
        for connections in CONNECTIONS {
            runtime.block_on(engine_journals(&server, count, connections, duration));
            runtime.block_on(bare_journals(&server, count, connections, duration));
        }
    }
    for round in 0..2 {
        runtime.block_on(large_snapshot(&server, round));
    }
}

async fn open(server: &Server, connections: usize) -> Postgres {
    let config: Config = server.url().parse().expect("a URL");
    let config = config.connections(connections, 2);
    Postgres::open(config).await.expect("a server")
}

async fn engine_journals(server: &Server, count: usize, connections: usize, duration: Duration) {
    let engine = Arc::new(open(server, connections).await);
    let names: Vec<Key> = (0..count)
        .map(|i| format!("engine/{connections}/{count}/{i}").into())
        .collect();
    for loaded in join_all(names.iter().map(|it| engine.load(it.clone(), Epoch(1)))).await {
        loaded.expect("a seal");
    }
    let record = Bytes::from(vec![7; RECORD_BYTES]);
    let (before, commits, start) = (engine.counters(), synced(server).await, Instant::now());
    let rooms = names.into_iter().map(|name| {
        let (engine, record) = (engine.clone(), record.clone());
        tokio::spawn(async move {
            let mut took = Vec::new();
            for position in 1.. {
                let asked = Instant::now();
                let written = engine
                    .journal(
                        name.clone(),
                        Epoch(1),
                        Position(position),
                        vec![record.clone()],
                    )
                    .await;
                written.expect("a journal write");
                took.push(asked.elapsed());
                if start.elapsed() > duration {
                    break;
                }
            }
            took
        })
    });
    let took: Vec<Duration> = join_all(rooms)
        .await
        .into_iter()
        .flat_map(|it| it.expect("a room"))
        .collect();
    let groups = engine.counters().groups - before.groups;
    let syncs = synced(server).await - commits;
    report(
        "engine",
        count,
        connections,
        start.elapsed(),
        took,
        groups,
        syncs,
    );
}

/// The same statements of a bare client: one write each, pipelined.
async fn bare_journals(server: &Server, count: usize, connections: usize, duration: Duration) {
    let mut clients = Vec::new();
    for _ in 0..connections {
        let client = bare(server).await;
        let sql = "WITH taken AS (UPDATE wayfare.entity SET next = $3 + 1 \
                WHERE name = $1 AND sealed = $2 AND next = $3 RETURNING id) \
            INSERT INTO wayfare.journal SELECT id, $3, $3 + 1, $4 FROM taken";
        let statement = client.prepare(sql).await.expect("a statement");
        clients.push((Arc::new(client), statement));
    }
    let names: Vec<String> = (0..count)
        .map(|i| format!("bare/{connections}/{count}/{i}"))
        .collect();
    for name in &names {
        let sql = "INSERT INTO wayfare.entity (name, sealed) VALUES ($1, 1)";
        let made = clients[0].0.execute(sql, &[&name.as_bytes()]).await;
        made.expect("an entity");
    }
    let record = Bytes::from(vec![7; RECORD_BYTES]);
    let (commits, start) = (synced(server).await, Instant::now());
    let rooms = names.into_iter().enumerate().map(|(i, name)| {
        let (client, statement) = clients[i % connections].clone();
        let record = record.clone();
        tokio::spawn(bare_room(client, statement, name, record, start, duration))
    });
    let took: Vec<Duration> = join_all(rooms)
        .await
        .into_iter()
        .flat_map(|it| it.expect("a room"))
        .collect();
    let syncs = synced(server).await - commits;
    let groups = took.len() as u64;
    report(
        "bare",
        count,
        connections,
        start.elapsed(),
        took,
        groups,
        syncs,
    );
}

async fn bare_room(
    client: Arc<Client>,
    statement: Statement,
    name: String,
    record: Bytes,
    start: Instant,
    duration: Duration,
) -> Vec<Duration> {
    let mut took = Vec::new();
    for position in 1_i64.. {
        let asked = Instant::now();
        let written = client
            .execute(
                &statement,
                &[&name.as_bytes(), &1_i64, &position, &&record[..]],
            )
            .await;
        assert_eq!(written.expect("a journal write"), 1);
        took.push(asked.elapsed());
        if start.elapsed() > duration {
            break;
        }
    }
    took
}

fn report(
    who: &str,
    count: usize,
    connections: usize,
    elapsed: Duration,
    mut took: Vec<Duration>,
    commits: u64,
    syncs: i64,
) {
    took.sort_unstable();
    let seconds = elapsed.as_secs_f64();
    println!(
        "{who:6} {count:4} entities, {connections} connections: {:7.0} journal writes/s, {:6.0} commits/s, {:5.0} WAL syncs/s, p50 {:?}, p99 {:?}",
        took.len() as f64 / seconds,
        commits as f64 / seconds,
        syncs as f64 / seconds,
        took[took.len() / 2],
        took[took.len() * 99 / 100],
    );
}

/// Writes two large snapshots, of which the second replaces the first.
async fn large_snapshot(server: &Server, round: u64) {
    let (epoch, successor) = (Epoch(2 * round + 1), Epoch(2 * round + 2));
    let engine = open(server, 2).await;
    let name: Key = "large".into();
    let loaded = engine.load(name.clone(), epoch).await.expect("a load");
    let position = Position(loaded.next().0);
    drop(loaded);
    let bytes: Vec<u8> = (0..LARGE_BYTES).map(|it| (it * 31 % 251) as u8).collect();
    let bytes = Bytes::from(bytes);
    let snapshot = Snapshot {
        position,
        bytes: bytes.clone(),
        parts: Vec::new(),
    };
    reset_peak();
    let (before, start) = (memory("VmRSS"), Instant::now());
    let written = engine.snapshot(name.clone(), epoch, snapshot).await;
    written.expect("a snapshot");
    let (took, peak) = (start.elapsed(), memory("VmHWM"));
    println!(
        "100 MB written: {took:?}, {} KiB more than the state itself",
        peak - before
    );
    drop((bytes, engine));
    // Loads through another engine, as another node would.
    let engine = open(server, 2).await;
    reset_peak();
    let (before, start) = (memory("VmRSS"), Instant::now());
    let loaded = engine.load(name, successor).await.expect("a load");
    let (took, peak) = (start.elapsed(), memory("VmHWM"));
    let state = loaded.snapshot.expect("a snapshot").bytes.len() / 1024;
    println!(
        "100 MB loaded: {took:?}, {} KiB more than the state itself",
        peak as i64 - before as i64 - state as i64
    );
}

async fn bare(server: &Server) -> Client {
    let connected = tokio_postgres::connect(&server.url(), NoTls).await;
    let (client, connection) = connected.expect("a connection");
    tokio::spawn(connection);
    client
}

/// Returns the number of WAL syncs. Servers before version 14 do not count them.
async fn synced(server: &Server) -> i64 {
    let client = bare(server).await;
    let counted = client
        .query_one("SELECT wal_sync FROM pg_stat_wal", &[])
        .await;
    counted.map_or(0, |row| row.get(0))
}

/// Returns the memory of the process in KiB.
fn memory(what: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|it| it.starts_with(what));
    let number = line.and_then(|it| it.split_whitespace().nth(1));
    number.and_then(|it| it.parse().ok()).unwrap_or_default()
}

fn reset_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}
