//! The report of `bench durable`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::disk::{BareSyncs, FileSystem};
use crate::output::Table;
use crate::statistics::{Latency, rounded};

use super::database::BareClient;
use super::load::Seen;
use super::window::Measured;

/// The parameters of a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Shape {
    pub(super) rooms: u32,
    pub(super) outstanding: u32,
    pub(super) state_bytes: u32,
    /// The content of a logged step: `states` or `changes`.
    pub(super) logged: &'static str,
    pub(super) shards: u16,
    /// The rate; `None` in a closed loop.
    pub(super) rate_per_s: Option<f64>,
    pub(super) seconds: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Report {
    #[serde(flatten)]
    shape: Shape,
    /// The number of commands acknowledged within the measured time.
    commands: u64,
    commands_per_s: f64,
    /// The time from sending a command, or its due time, to its acknowledgement.
    latency_ms: Latency,
    #[serde(flatten)]
    below: Below,
    server_cpu_s: f64,
    server_threads_cpu_s: BTreeMap<String, f64>,
    client_cpu_s: f64,
    others_cpu_s: f64,
    /// The number since the server's start, including the warm-up.
    acknowledged: u64,
    /// The number counted after a `kill -9`, in another process.
    in_rooms_after_kill: u64,
}

/// The storage under the server, and its performance without a node.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Below {
    File(File),
    Postgres(Postgres),
}

#[derive(Debug, Serialize)]
pub(super) struct File {
    /// The rate according to the engine's counter.
    syncs_per_s: f64,
    syncs_per_commit: f64,
    commands_per_sync: f64,
    /// The number of journal writes, snapshots and records per sync.
    requests_per_sync: f64,
    /// The number of bytes according to the engine's counter.
    written_bytes_per_command: f64,
    written_bytes_per_sync: f64,
    /// The number of bytes that reach the disk, according to the system.
    disk_bytes_per_command: f64,
    /// The bare disk, with writes of a page and of the engine's mean size.
    bare: [BareSyncs; 2],
    file_system: FileSystem,
}

#[derive(Debug, Serialize)]
pub(super) struct Postgres {
    transactions_per_s: f64,
    /// The number of journal writes and snapshots per transaction.
    writes_per_transaction: f64,
    writes_per_s: f64,
    bare_client: BareClient,
}

impl Below {
    pub(super) fn file(
        seen: &Seen,
        seconds: f64,
        bare: [BareSyncs; 2],
        file_system: FileSystem,
    ) -> Self {
        let counters = &seen.measured.counters;
        Self::File(File {
            syncs_per_s: rounded(counters.syncs as f64 / seconds),
            syncs_per_commit: ratio(counters.syncs, counters.commits),
            commands_per_sync: ratio(seen.commands, counters.syncs),
            requests_per_sync: ratio(counters.requests, counters.syncs),
            written_bytes_per_command: ratio(counters.written_bytes, seen.commands),
            written_bytes_per_sync: ratio(counters.written_bytes, counters.syncs),
            disk_bytes_per_command: ratio(seen.measured.disk_bytes, seen.commands),
            bare,
            file_system,
        })
    }

    pub(super) fn postgres(seen: &Seen, seconds: f64, bare_client: BareClient) -> Self {
        let counters = &seen.measured.counters;
        Self::Postgres(Postgres {
            transactions_per_s: rounded(counters.commits as f64 / seconds),
            writes_per_transaction: ratio(counters.requests, counters.commits),
            writes_per_s: rounded(counters.requests as f64 / seconds),
            bare_client,
        })
    }
}

fn ratio(of: u64, to: u64) -> f64 {
    rounded(of as f64 / to.max(1) as f64)
}

impl Report {
    pub(super) fn new(
        shape: Shape,
        seen: &Seen,
        (acknowledged, in_rooms_after_kill): (u64, u64),
        below: Below,
    ) -> Self {
        let Measured {
            usage,
            server_threads,
            ..
        } = &seen.measured;
        let seconds = |time: &Duration| rounded(time.as_secs_f64());
        let threads = server_threads.iter();
        let at_work = threads.filter(|(_, time)| **time > Duration::from_millis(1));
        Self {
            shape,
            commands: seen.commands,
            commands_per_s: rounded(seen.commands as f64 / shape.seconds),
            latency_ms: seen.latencies.summary(Duration::from_millis(1)),
            below,
            server_cpu_s: seconds(&usage.server),
            server_threads_cpu_s: at_work
                .map(|(name, time)| (name.clone(), seconds(time)))
                .collect(),
            client_cpu_s: seconds(&usage.generator),
            others_cpu_s: seconds(&usage.others),
            acknowledged,
            in_rooms_after_kill,
        }
    }
}

impl From<&Report> for Table {
    fn from(report: &Report) -> Self {
        let mut table = Self::default();
        let shape = &report.shape;
        table.heading(format_args!(
            "durable, {} rooms with {} commands each in flight, {} bytes of state, {} logged",
            shape.rooms, shape.outstanding, shape.state_bytes, shape.logged
        ));
        table.row("acknowledged commands per second", report.commands_per_s);
        let Latency { p50, p90, p99, max } = report.latency_ms;
        table.row(
            "acknowledged after, ms (p50, p90, p99, max)",
            format!("{p50}, {p90}, {p99}, {max}"),
        );
        match &report.below {
            Below::File(file) => file.show(&mut table),
            Below::Postgres(postgres) => postgres.show(&mut table),
        }
        table.row("server, s of processor", report.server_cpu_s);
        for (name, time) in &report.server_threads_cpu_s {
            table.row(&format!("  {name}"), time);
        }
        let beside = format!("{}, {}", report.client_cpu_s, report.others_cpu_s);
        table.row("clients and others, s of processor", beside);
        let totals = format!("{}, {}", report.acknowledged, report.in_rooms_after_kill);
        table.row("acknowledged, and in the rooms after kill -9", totals);
        table
    }
}

impl File {
    fn show(&self, table: &mut Table) {
        let syncs = format!("{}, {}", self.syncs_per_s, self.syncs_per_commit);
        table.row("syncs per second, and per group commit", syncs);
        let per_sync = format!("{}, {}", self.commands_per_sync, self.requests_per_sync);
        table.row("commands and writes of rooms per sync", per_sync);
        table.row("bytes written per command", self.written_bytes_per_command);
        table.row("bytes to the disk per command", self.disk_bytes_per_command);
        for BareSyncs {
            write_bytes,
            syncs_per_s,
        } in self.bare
        {
            let name = format!("the disk alone, syncs/s of {write_bytes} bytes");
            table.row(&name, syncs_per_s);
        }
        let FileSystem {
            folder,
            device,
            kind,
            ..
        } = &self.file_system;
        table.row("the disk", format!("{folder} on {device}, {kind}"));
    }
}

impl Postgres {
    fn show(&self, table: &mut Table) {
        table.row("transactions per second", self.transactions_per_s);
        let writes = format!("{}, {}", self.writes_per_s, self.writes_per_transaction);
        table.row("writes of rooms per second, per transaction", writes);
        let BareClient {
            rows_per_transaction,
            row_bytes,
            transactions_per_s,
            rows_per_s,
        } = self.bare_client;
        let name = format!("a bare client, {rows_per_transaction} rows of {row_bytes} bytes each");
        table.row(
            &name,
            format!("{transactions_per_s}/s, {rows_per_s} rows/s"),
        );
    }
}
