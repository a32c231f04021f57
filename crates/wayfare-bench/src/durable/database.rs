//! A PostgreSQL database for a benchmark: a schema that is dropped afterwards, and the performance
//! of a bare client there.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};

use crate::statistics::rounded;

/// The number of writing connections, the same as the engine's.
const CONNECTIONS: usize = 2;

/// A schema that is dropped with this value.
pub(super) struct Database {
    url: String,
    schema: String,
    runtime: Runtime,
    client: Client,
}

/// The performance of the server with a bare client. Each transaction updates the heads of several
/// rooms and appends a record to each.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct BareClient {
    pub(super) rows_per_transaction: usize,
    pub(super) row_bytes: usize,
    pub(super) transactions_per_s: f64,
    pub(super) rows_per_s: f64,
}

impl Database {
    /// # Errors
    /// If there is no server, it requires TLS, or no schema can be created there.
    pub(super) fn make(url: &str) -> Result<Self> {
        ensure!(
            !url.contains("schema="),
            "leave `schema` out of --storage: the bench makes one of its own"
        );
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let client = runtime.block_on(connect(url))?;
        let schema = format!("wayfare_bench_{}", std::process::id());
        let made = runtime.block_on(client.batch_execute(&format!("CREATE SCHEMA {schema}")));
        made.with_context(|| format!("the schema {schema} cannot be made"))?;
        Ok(Self {
            url: url.to_owned(),
            schema,
            runtime,
            client,
        })
    }

    /// Returns the URL for the measured server.
    pub(super) fn url(&self) -> String {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{separator}schema={}", self.url, self.schema)
    }

    /// Runs the same statements in a bare client: `rows` of `row_bytes` in each transaction, over
    /// the same number of connections, for this time.
    pub(super) fn bare(
        &self,
        rooms: usize,
        rows: usize,
        row_bytes: usize,
        length: Duration,
    ) -> Result<BareClient> {
        let schema = &self.schema;
        let each = (rooms / CONNECTIONS).max(1);
        let rows = rows.clamp(1, each);
        let begun = format!(
            "CREATE TABLE {schema}.bare_head (name bytea PRIMARY KEY, next bigint NOT NULL) \
                 WITH (fillfactor = 50); \
             CREATE TABLE {schema}.bare_journal (name bytea, at bigint, bytes bytea, \
                 PRIMARY KEY (name, at)); \
             INSERT INTO {schema}.bare_head SELECT convert_to(lane || '/' || room, 'UTF8'), 0 \
                 FROM generate_series(0, {}) lane, generate_series(0, {}) room",
            CONNECTIONS - 1,
            each - 1
        );
        let transactions = self.runtime.block_on(async {
            self.client.batch_execute(&begun).await?;
            let mut lanes = Vec::new();
            for lane in 0..CONNECTIONS {
                let client = connect(&self.url).await?;
                let statement = client.prepare(&statement(schema)).await?;
                let names = (0..each).map(|room| format!("{lane}/{room}").into_bytes());
                let lane = Lane {
                    client,
                    statement,
                    names: names.collect(),
                    rows,
                    row: vec![0x5a; row_bytes],
                };
                lanes.push(tokio::spawn(lane.run(length)));
            }
            let mut transactions = 0;
            for lane in lanes {
                transactions += lane.await??;
            }
            anyhow::Ok(transactions)
        })?;
        let per_s = transactions as f64 / length.as_secs_f64();
        Ok(BareClient {
            rows_per_transaction: rows,
            row_bytes,
            transactions_per_s: rounded(per_s),
            rows_per_s: rounded(per_s * rows as f64),
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let dropped = format!("DROP SCHEMA {} CASCADE", self.schema);
        let dropped = self.runtime.block_on(self.client.batch_execute(&dropped));
        if let Err(error) = dropped {
            eprintln!("the schema {} is left behind: {error}", self.schema);
        }
    }
}

async fn connect(url: &str) -> Result<Client> {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) =
        connected.context("the bare client needs a PostgreSQL that it reaches without TLS")?;
    tokio::spawn(connection);
    Ok(client)
}

fn statement(schema: &str) -> String {
    format!(
        "WITH given AS (SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[]) \
                AS given (name, at, bytes)), \
            taken AS (UPDATE {schema}.bare_head head SET next = given.at + 1 FROM given \
                WHERE head.name = given.name AND head.next = given.at \
                RETURNING given.name, given.at, given.bytes) \
         INSERT INTO {schema}.bare_journal SELECT * FROM taken"
    )
}

/// A connection with rooms of its own.
struct Lane {
    client: Client,
    statement: Statement,
    names: Vec<Vec<u8>>,
    rows: usize,
    row: Vec<u8>,
}

impl Lane {
    /// Runs, and returns the number of transactions.
    async fn run(self, length: Duration) -> Result<u64> {
        let mut next = vec![0_i64; self.names.len()];
        let mut first = 0;
        let begun = Instant::now();
        let mut transactions = 0;
        while begun.elapsed() < length {
            let rooms = (0..self.rows).map(|row| (first + row) % self.names.len());
            let rooms: Vec<usize> = rooms.collect();
            let names: Vec<&[u8]> = rooms.iter().map(|room| &*self.names[*room]).collect();
            let at: Vec<i64> = rooms.iter().map(|room| next[*room]).collect();
            let records = vec![&*self.row; self.rows];
            let values: [&(dyn ToSql + Sync); 3] = [&names, &at, &records];
            let taken = self.client.execute(&self.statement, &values).await?;
            ensure!(taken == self.rows as u64, "rows were not taken");
            rooms.iter().for_each(|room| next[*room] += 1);
            first = (first + self.rows) % self.names.len();
            transactions += 1;
        }
        Ok(transactions)
    }
}
