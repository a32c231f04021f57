//! Liveness and readiness probes.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Admin;
use crate::shards::Shards;
use crate::store::Store;

/// The phase of a node's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The node is not listening yet.
    Starting,
    /// The node accepts players.
    Ready,
    /// The node was asked to stop.
    Stopping,
}

/// `GET /healthz`: 200 while the process runs.
pub(super) async fn health() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: tells whether new players should be sent to this node. No player should be while a
/// shard hangs: it takes a part of them. A service that does not
/// answer for now is mentioned, but the node stays ready, because rooms that do not need the
/// service work.
pub(super) async fn readiness(State(admin): State<Admin>) -> Response {
    let not_ready = |why: String| (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    let store = admin.begun.get().map(|begun| &begun.store);
    let shards = admin.begun.get().map(|begun| &begun.shards);
    let hung: Vec<String> = shards.into_iter().flat_map(Shards::hung).collect();
    match *admin.phase.borrow() {
        Phase::Ready if store.is_some_and(Store::has_failed) => {
            not_ready("storage has failed\n".into())
        }
        Phase::Ready if !hung.is_empty() => not_ready(format!("{}\n", hung.join("\n"))),
        Phase::Ready => {
            let away = store.map(Store::away).unwrap_or_default();
            let lines = away.iter().map(|what| format!("but {what}\n"));
            format!("ready\n{}", lines.collect::<String>()).into_response()
        }
        Phase::Starting => not_ready(format!("starting\n{}", admin.waits)),
        Phase::Stopping => not_ready("stopping\n".into()),
    }
}
