//! `GET /metrics`: counters of all parts of the node, and gauges of each shard.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use wayfare_core::operator::{Query, Report};
#[cfg(feature = "services")]
use wayfare_etcd::{Etcd, MemberStatus};
#[cfg(feature = "services")]
use wayfare_postgres::Postgres;

use super::failure::Failure;
use super::{Admin, Begun, metric_help};
use crate::store::store_file::StoreFile;

/// The exporter's own default.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The recorder of this process.
#[derive(Clone)]
pub(crate) struct Metrics(PrometheusHandle);

/// A process has one recorder. A second node in it (a test, a tool) shares the recorder of the
/// first.
static RECORDER: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

impl Metrics {
    /// Installs the recorder. If the program has installed its own recorder, that one stays in use.
    pub(crate) fn install() -> Self {
        let mut installed = RECORDER.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = installed.get_or_insert_with(|| {
            let recorder = PrometheusBuilder::new().build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!(
                    "/metrics stays empty: this program has a metrics recorder of its own"
                );
            }
            metric_help::describe();
            handle
        });
        Self(handle.clone())
    }

    /// Sets the metric that names this program and its version.
    pub(crate) fn describe(game: &str, version: &str, node: &str) {
        let labels = [
            ("game", game.to_owned()),
            ("version", version.to_owned()),
            ("node", node.to_owned()),
        ];
        gauge!("wayfare_node_info", &labels).set(1.0);
    }

    /// Keeps the recorder's memory bounded. Never returns.
    pub(crate) async fn upkeep(self) {
        loop {
            tokio::time::sleep(UPKEEP_EVERY).await;
            self.0.run_upkeep();
        }
    }
}

pub(super) async fn render(State(admin): State<Admin>) -> Result<impl IntoResponse, Failure> {
    if let Some(Begun { store, .. }) = admin.begun.get() {
        for (shard, answer) in admin.ask(Query::Counts).await?.into_iter().enumerate() {
            let Report::Counts(counts) = answer else {
                continue;
            };
            let label = [("shard", shard.to_string())];
            gauge!("wayfare_connections", &label).set(counts.connections as f64);
            gauge!("wayfare_sessions", &label).set(counts.sessions as f64);
            gauge!("wayfare_rooms", &label).set(counts.rooms as f64);
            gauge!("wayfare_attachments", &label).set(counts.attachments as f64);
            gauge!("wayfare_engine_calls", &label).set(counts.calls as f64);
            gauge!("wayfare_timers", &label).set(counts.timers as f64);
        }
        store.file().into_iter().for_each(measure_file);
        #[cfg(feature = "services")]
        {
            store.postgres().into_iter().for_each(measure_postgres);
            for member in store.etcd().into_iter().flat_map(Etcd::members) {
                measure_member(&member);
            }
        }
    }
    Ok(([(CONTENT_TYPE, TEXT_FORMAT)], admin.metrics.0.render()))
}

/// Publishes the counters of the embedded engine. Requests divided by commits is the mean size of a
/// group, bytes divided by commits its cost.
fn measure_file(file: &StoreFile) {
    let Some(counts) = file.counts() else {
        return;
    };
    counter!("wayfare_storage_requests_total").absolute(counts.requests);
    counter!("wayfare_storage_commits_total").absolute(counts.groups);
    counter!("wayfare_storage_syncs_total").absolute(counts.syncs);
    counter!("wayfare_storage_written_bytes_total").absolute(counts.bytes_written);
    gauge!("wayfare_storage_queue").set(counts.queued as f64);
    gauge!("wayfare_storage_file_bytes").set(file.bytes() as f64);
    gauge!("wayfare_storage_failed").set(f64::from(u8::from(counts.has_failed)));
}

/// Publishes the counters of PostgreSQL. Writes divided by transactions is the mean size of a
/// group.
#[cfg(feature = "services")]
fn measure_postgres(postgres: &Postgres) {
    let counts = postgres.counters();
    counter!("wayfare_postgres_writes_total").absolute(counts.writes);
    counter!("wayfare_postgres_transactions_total").absolute(counts.groups);
    counter!("wayfare_postgres_repeated_transactions_total").absolute(counts.regrouped);
    counter!("wayfare_postgres_chunks_total").absolute(counts.chunks);
    counter!("wayfare_postgres_unknown_writes_total").absolute(counts.unknown);
    counter!("wayfare_postgres_connections_total").absolute(counts.connected);
    counter!("wayfare_postgres_lost_connections_total").absolute(counts.lost);
    gauge!("wayfare_postgres_queue").set(counts.unanswered as f64);
    gauge!("wayfare_postgres_up").set(f64::from(u8::from(!counts.is_away)));
}

/// Publishes the last known state of an etcd member. The values stay when the member stops
/// answering.
#[cfg(feature = "services")]
fn measure_member(member: &MemberStatus) {
    let label = [("member", member.endpoint.clone())];
    let is_up = member.away.is_none();
    gauge!("wayfare_etcd_member_up", &label).set(f64::from(u8::from(is_up)));
    let Some(said) = &member.said else {
        return;
    };
    let leads = is_up && said.is_leader;
    gauge!("wayfare_etcd_member_leads", &label).set(f64::from(u8::from(leads)));
    gauge!("wayfare_etcd_member_database_bytes", &label).set(said.database_bytes as f64);
    gauge!("wayfare_etcd_member_used_bytes", &label).set(said.used_bytes as f64);
    gauge!("wayfare_etcd_member_revision", &label).set(said.revision as f64);
    gauge!("wayfare_etcd_member_errors", &label).set(said.errors.len() as f64);
}
