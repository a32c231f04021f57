//! The examination of a server for an operator, before a node depends on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_postgres::Error;

use crate::config::Config;
use crate::counters::Counters;
use crate::error::OpenError;
use crate::migrations::{self, KNOWN};
use crate::session::Connector;

/// The state of a server. The examination changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// Hosts, user and database, without the password.
    pub at: String,
    /// The server's version text, such as `15.8 (Debian 15.8-0+deb12u1)`.
    pub version: String,
    /// The schema's name.
    pub schema: String,
    /// The schema's version; `None` if it does not exist yet. The first start creates it.
    pub schema_version: Option<i32>,
    /// The newest version of the schema that this program knows.
    pub schema_known: i32,
    /// The server's default of `synchronous_commit`. Sessions set their own.
    pub synchronous_commit: String,
    /// The time of a minimal commit.
    pub commit_time: Duration,
    /// The number of connections that ordinary users may still open.
    pub connections_left: i64,
    /// The number of connections that a node opens.
    pub connections_needed: i64,
    /// The difference between the server's clock and this machine's, in milliseconds; positive if
    /// it is ahead.
    pub clock_ahead_ms: i64,
}

/// Reads the free connections of the server, of this user and of the database; the latter two
/// limits do not apply to superusers. An ordinary user sees the owners of other sessions, but not
/// their types.
const LOOK: &str = "WITH used AS (SELECT usename, datname FROM pg_stat_activity \
        WHERE datname IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend') \
    SELECT current_setting('server_version'), current_setting('synchronous_commit'), \
    least( \
        current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint \
            - (SELECT count(*) FROM used), \
        (SELECT rolconnlimit - (SELECT count(*) FROM used WHERE usename = current_user) \
            FROM pg_roles WHERE rolname = current_user AND rolconnlimit >= 0 AND NOT rolsuper), \
        (SELECT datconnlimit - (SELECT count(*) FROM used WHERE datname = current_database()) \
            FROM pg_database, pg_roles WHERE datname = current_database() AND datconnlimit >= 0 \
            AND rolname = current_user AND NOT rolsuper)), \
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
/// The time limit of the whole examination, so that a frozen server is reported, too.
const TIME_MAX: Duration = Duration::from_secs(20);
/// A statement that writes to the WAL and to no table.
const COMMIT: &str = "SELECT pg_logical_emit_message(true, 'wayfare', '')";

/// Examines the configured server, and measures a commit.
///
/// # Errors
/// Those of [`crate::Postgres::open`], except those of creating the schema.
pub async fn examine(config: Config) -> Result<Examination, OpenError> {
    let connector = Connector {
        config: Arc::new(config),
        counters: Arc::new(Counters::default()),
    };
    connector.within(TIME_MAX, look(&connector)).await
}

async fn look(connector: &Connector) -> Result<Examination, OpenError> {
    let refused = |error: Error| connector.refused(&error);
    let (client, _open) = connector.client().await?;
    let config = &connector.config;
    let found = migrations::version(&client, &config.schema).await;
    let found = found.map_err(refused)?;
    if let Some(found) = &found {
        migrations::is_current(Some(found), &config.schema)?;
        let kept_from = migrations::kept_from(&client, &config.schema).await;
        migrations::may_write(&config.schema, kept_from.map_err(refused)?)?;
    }
    let asked = now_ms();
    let row = client.query_one(LOOK, &[]).await.map_err(refused)?;
    let answered = now_ms();
    let waits = "SET synchronous_commit TO on";
    client.batch_execute(waits).await.map_err(refused)?;
    // The first execution plans and warms up. The second one is measured.
    client.execute(COMMIT, &[]).await.map_err(refused)?;
    let begun = Instant::now();
    client.execute(COMMIT, &[]).await.map_err(refused)?;
    let commit_time = begun.elapsed();
    let server_ms: i64 = row.try_get(3).map_err(refused)?;
    Ok(Examination {
        at: config.to_string(),
        version: row.try_get(0).map_err(refused)?,
        schema: config.schema.clone(),
        schema_version: found.map(|it| it.number),
        schema_known: KNOWN,
        synchronous_commit: row.try_get(1).map_err(refused)?,
        commit_time,
        connections_left: row.try_get(2).map_err(refused)?,
        connections_needed: (config.lanes + config.readers + 1) as i64,
        clock_ahead_ms: server_ms - i64::midpoint(asked, answered),
    })
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX))
}
