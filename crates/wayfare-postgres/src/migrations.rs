//! The schema's creation and migration, done by the first node that starts.

use tokio_postgres::{Client, Error};

use crate::error::OpenError;
use crate::session::Connector;

/// The version of the schema that this program creates and uses.
pub(crate) const KNOWN: i32 = MIGRATIONS.len() as i32;

/// A migration from one version of the schema to the next. It only adds, so that servers of the
/// previous version can continue to use it.
struct Migration {
    statements: &'static [&'static str],
    /// The oldest known version that can use the migrated schema.
    compatible: i32,
}

const MIGRATIONS: &[Migration] = &[Migration {
    statements: &[
        include_str!("schema/1_tables.sql"),
        include_str!("schema/1_entities.sql"),
        include_str!("schema/1_logs.sql"),
        include_str!("schema/1_group.sql"),
    ],
    compatible: 1,
}];

/// The class of this advisory lock: a number that nobody else uses.
const LOCK_CLASS: i32 = 0x7761_7966;
/// The time limit of waiting for another node that migrates the schema.
const LOCK_TIME_MAX_MS: u32 = 20_000;

/// The newest applied migration.
pub(crate) struct Version {
    pub(crate) number: i32,
    pub(crate) compatible: i32,
}

/// Migrates the schema once, even if several nodes start at the same time.
pub(crate) async fn migrate(client: &mut Client, connector: &Connector) -> Result<(), OpenError> {
    let schema = connector.config.schema.as_str();
    let not_made = |error: Error| match connector.refused(&error) {
        OpenError::Refused(why) => OpenError::NotMade {
            schema: schema.to_owned(),
            why,
        },
        passing => passing,
    };
    // If the schema exists, the user needs no right to create anything.
    let found = version(client, schema).await.map_err(not_made)?;
    if is_current(found.as_ref(), schema)? {
        let kept_from = kept_from(client, schema).await.map_err(not_made)?;
        return may_write(schema, kept_from);
    }
    let transaction = client.transaction().await.map_err(not_made)?;
    // The server may keep a lost connection waiting. The timeout limits that.
    let waits = format!("SET LOCAL lock_timeout TO {LOCK_TIME_MAX_MS}");
    transaction.batch_execute(&waits).await.map_err(not_made)?;
    let lock = "SELECT pg_advisory_xact_lock($1, hashtext($2))";
    let locked = transaction.execute(lock, &[&LOCK_CLASS, &schema]).await;
    locked.map_err(not_made)?;
    let found = version(transaction.client(), schema)
        .await
        .map_err(not_made)?;
    if is_current(found.as_ref(), schema)? {
        return Ok(());
    }
    let begun = format!(
        "CREATE SCHEMA IF NOT EXISTS \"{schema}\"; SET LOCAL search_path TO \"{schema}\"; \
         CREATE TABLE IF NOT EXISTS version (number integer PRIMARY KEY, \
             compatible integer NOT NULL, applied timestamptz NOT NULL DEFAULT now())"
    );
    // If the schema exists, the right to create schemas is not needed.
    let is_there = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
    let is_there = transaction.query_opt(is_there, &[&schema]).await;
    let begun = match is_there.map_err(not_made)? {
        Some(_) => begun.split_once(';').map_or("", |(_, rest)| rest),
        None => &begun,
    };
    transaction.batch_execute(begun).await.map_err(not_made)?;
    let from = found.map_or(0, |it| it.number);
    for (number, migration) in (1..).zip(MIGRATIONS).skip(from as usize) {
        for statement in migration.statements {
            let made = transaction.batch_execute(statement).await;
            made.map_err(not_made)?;
        }
        let note = "INSERT INTO version (number, compatible) VALUES ($1, $2)";
        let noted = transaction
            .execute(note, &[&number, &migration.compatible])
            .await;
        noted.map_err(not_made)?;
    }
    transaction.commit().await.map_err(not_made)?;
    tracing::info!(schema, version = KNOWN, "storage: the schema was made");
    Ok(())
}

pub(crate) fn is_current(found: Option<&Version>, schema: &str) -> Result<bool, OpenError> {
    let Some(found) = found else {
        return Ok(false);
    };
    if found.compatible > KNOWN {
        return Err(OpenError::Newer {
            schema: schema.to_owned(),
            found: found.number,
            needed: found.compatible,
        });
    }
    Ok(found.number >= KNOWN)
}

pub(crate) fn may_write(schema: &str, kept_from: Option<String>) -> Result<(), OpenError> {
    match kept_from {
        None => Ok(()),
        Some(table) => Err(OpenError::NoRight {
            schema: schema.to_owned(),
            table,
        }),
    }
}

/// Returns a table or sequence of the schema that this user lacks rights for.
pub(crate) async fn kept_from(client: &Client, schema: &str) -> Result<Option<String>, Error> {
    let row = client.query_opt(KEPT_FROM, &[&schema]).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// The version table is only read, and sequences of columns need no right of their own.
const KEPT_FROM: &str = "SELECT relname::text FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
    WHERE nspname = $1 AND relname <> 'version' AND CASE relkind \
        WHEN 'r' THEN NOT ( \
            has_table_privilege(pg_class.oid, 'SELECT') AND has_table_privilege(pg_class.oid, 'INSERT') \
            AND has_table_privilege(pg_class.oid, 'UPDATE') AND has_table_privilege(pg_class.oid, 'DELETE')) \
        WHEN 'S' THEN NOT (has_sequence_privilege(pg_class.oid, 'USAGE') \
            OR EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'i')) \
        ELSE false END \
    ORDER BY relname LIMIT 1";

pub(crate) async fn version(client: &Client, schema: &str) -> Result<Option<Version>, Error> {
    let is_there = "SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'version'";
    if client.query_opt(is_there, &[&schema]).await?.is_none() {
        return Ok(None);
    }
    let newest =
        format!("SELECT number, compatible FROM \"{schema}\".version ORDER BY number DESC LIMIT 1");
    let Some(row) = client.query_opt(&newest, &[]).await? else {
        return Ok(None);
    };
    Ok(Some(Version {
        number: row.try_get(0)?,
        compatible: row.try_get(1)?,
    }))
}
