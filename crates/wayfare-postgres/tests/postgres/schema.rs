//! Tests of the schema, which is created once, and of the checks of a server.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use tokio_postgres::{Client, NoTls};
use wayfare_engine::Storage;
use wayfare_postgres::{Config, OpenError, Postgres, examine};
use wayfare_protocol::Epoch;

use crate::server::Server;

pub(crate) async fn bare(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn config(url: &str, schema: &str) -> Config {
    url.parse::<Config>().unwrap().schema(schema).unwrap()
}

async fn refusal(config: Config) -> OpenError {
    match Postgres::open(config).await {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn the_schema_is_made_once_and_a_newer_one_is_refused() {
    let server = Server::start(&[]);
    let client = bare(&server.url()).await;

    let nodes = (0..6).map(|_| Postgres::open(config(&server.url(), "eu-1")));
    for node in futures_util::future::join_all(nodes).await {
        node.unwrap();
    }
    let applied = "SELECT count(*) FROM \"eu-1\".version";
    assert_eq!(
        client
            .query_one(applied, &[])
            .await
            .unwrap()
            .get::<_, i64>(0),
        1
    );

    // One version that this program can use, and one that it cannot.
    let newer = "INSERT INTO \"eu-1\".version VALUES (98, 1)";
    client.batch_execute(newer).await.unwrap();
    Postgres::open(config(&server.url(), "eu-1")).await.unwrap();
    let newer = "INSERT INTO \"eu-1\".version VALUES (99, 98)";
    client.batch_execute(newer).await.unwrap();
    let error = refusal(config(&server.url(), "eu-1")).await.to_string();
    assert!(
        error.contains("has version 99, which needs a server that knows version 98"),
        "{error}"
    );

    a_cluster_has_a_schema_of_its_own(&server).await;
    an_ordinary_user_is_enough(&server, &client).await;
}

async fn a_cluster_has_a_schema_of_its_own(server: &Server) {
    let first = Postgres::open(config(&server.url(), "first"))
        .await
        .unwrap();
    let second = Postgres::open(config(&server.url(), "second"))
        .await
        .unwrap();
    first.load("room/a".into(), Epoch(9)).await.unwrap();
    second.load("room/a".into(), Epoch(1)).await.unwrap();
}

async fn an_ordinary_user_is_enough(server: &Server, client: &Client) {
    let made = "CREATE ROLE plain LOGIN; CREATE SCHEMA given AUTHORIZATION plain";
    client.batch_execute(made).await.unwrap();
    let url = server.url().replace("//wayfare@", "//plain@");
    let engine = Postgres::open(config(&url, "given")).await.unwrap();
    engine.load("room/a".into(), Epoch(1)).await.unwrap();
    let error = refusal(config(&url, "taken")).await.to_string();
    assert!(error.contains("CREATE on the database"), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_sync_is_refused() {
    let server = Server::start(&["fsync=off"]);
    let error = refusal(config(&server.url(), "a")).await;
    assert!(
        matches!(error, OpenError::NotDurable { setting: "fsync" }),
        "{error}"
    );
    let engine = Postgres::open(config(&server.url(), "a").allow_unsafe_server()).await;
    engine.unwrap();
}

#[tokio::test]
async fn sessions_enable_synchronous_commit() {
    // There are no other writers, and no background flushes.
    let server = Server::start(&[
        "synchronous_commit=off",
        "wal_writer_delay=10s",
        "autovacuum=off",
    ]);
    let engine = Postgres::open(config(&server.url(), "a")).await.unwrap();
    engine.load("room/a".into(), Epoch(1)).await.unwrap();
    let client = bare(&server.url()).await;
    // The engine's own session setting, seen from outside: its commit has reached the disk.
    let flushed = "SELECT pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()";
    assert!(
        client
            .query_one(flushed, &[])
            .await
            .unwrap()
            .get::<_, bool>(0)
    );
}

#[tokio::test]
async fn a_missing_server_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().display().to_string().replace('/', "%2F");
    let url = format!("postgres://me:secret@{folder}/games");
    let error = refusal(config(&url, "a")).await.to_string();
    assert!(error.contains("/games"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

#[tokio::test]
async fn a_refused_login_is_a_lasting_error() {
    let hba = tempfile::Builder::new().tempfile_in("/tmp").unwrap();
    let rules = "local all wayfare trust\nlocal all guarded scram-sha-256\n";
    std::fs::write(hba.path(), rules).unwrap();
    let readable = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(hba.path(), readable).unwrap();
    let server = Server::start(&[&format!("hba_file={}", hba.path().display())]);
    let client = bare(&server.url()).await;
    let made = "CREATE ROLE guarded LOGIN PASSWORD 'right'";
    client.batch_execute(made).await.unwrap();
    let nowhere = server.url().replace("/postgres", "/nowhere");
    let wrong = server.url().replace("//wayfare@", "//guarded:wrong@");
    let none = server.url().replace("//wayfare@", "//guarded@");
    let closed = server.url().replace("//wayfare@", "//guarded:right@");
    let kept = "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC";
    client.batch_execute(kept).await.unwrap();
    for (url, says) in [
        (nowhere, "nowhere"),
        (wrong, "password authentication"),
        (none, "password missing"),
        (closed, "permission denied for database"),
    ] {
        let error = refusal(config(&url, "a")).await;
        let is_it = matches!(error, OpenError::NotAdmitted { .. }) && !error.is_passing();
        assert!(is_it && error.to_string().contains(says), "{error}");
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
}

#[tokio::test]
async fn an_examination_changes_nothing() {
    let server = Server::start(&["max_connections=20"]);
    let found = examine(config(&server.url(), "a")).await.unwrap();
    assert_eq!(found.schema_version, None);
    assert!(found.commit_time > Duration::ZERO);
    // Of 20 connections, 3 are for superusers and one belongs to the examination.
    assert_eq!((found.connections_left, found.connections_needed), (16, 5));
    let client = bare(&server.url()).await;
    let users = "CREATE ROLE plain LOGIN; CREATE ROLE limited LOGIN CONNECTION LIMIT 4";
    client.batch_execute(users).await.unwrap();
    // Connections of other users count, too.
    for (user, left) in [("plain", 15), ("limited", 3)] {
        let url = server.url().replace("//wayfare@", &format!("//{user}@"));
        let found = examine(config(&url, "a")).await.unwrap();
        assert_eq!(found.connections_left, left, "{user}");
    }
    assert!(found.clock_ahead_ms.abs() < 60_000, "{found:?}");
    let _engine = Postgres::open(config(&server.url(), "a")).await.unwrap();
    let found = examine(config(&server.url(), "a")).await.unwrap();
    assert_eq!(found.schema_version, Some(found.schema_known));
}

#[tokio::test]
async fn a_read_only_user_is_refused_at_open() {
    let server = Server::start(&[]);
    drop(Postgres::open(config(&server.url(), "a")).await.unwrap());
    let client = bare(&server.url()).await;
    let reader = "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA a TO reader; \
        GRANT SELECT ON ALL TABLES IN SCHEMA a TO reader";
    client.batch_execute(reader).await.unwrap();
    let url = server.url().replace("//wayfare@", "//reader@");
    let error = refusal(config(&url, "a")).await;
    assert!(matches!(error, OpenError::NoRight { .. }), "{error}");
    let error = examine(config(&url, "a")).await.unwrap_err();
    assert!(matches!(error, OpenError::NoRight { .. }), "{error}");
    let writer = "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA a TO reader";
    client.batch_execute(writer).await.unwrap();
    let error = refusal(config(&url, "a")).await.to_string();
    assert!(error.contains("chunks_number"), "{error}");
    let counter = "GRANT USAGE ON SEQUENCE a.chunks_number, a.document_revision TO reader";
    client.batch_execute(counter).await.unwrap();
    drop(Postgres::open(config(&url, "a")).await.unwrap());
}
