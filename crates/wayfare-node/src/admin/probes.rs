//! Alive, and ready for players.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Admin;
use crate::store::Store;

/// Where a node is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not listening yet.
    Starting,
    /// Taking players.
    Ready,
    /// Was told to stop.
    Stopping,
}

/// `GET /healthz`: the process runs and answers.
pub(super) async fn health() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: whether new players should be sent here. A service that is away for now is told of,
/// and is no reason to send those away whose rooms do not need it.
pub(super) async fn readiness(State(admin): State<Admin>) -> Response {
    let not_ready = |why: String| (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    let store = admin.begun.get().map(|begun| &begun.store);
    match *admin.phase.borrow() {
        Phase::Ready if store.is_some_and(Store::has_failed) => {
            not_ready("storage has failed\n".into())
        }
        Phase::Ready => {
            let away = store.map(Store::away).unwrap_or_default();
            let lines = away.iter().map(|what| format!("but {what}\n"));
            format!("ready\n{}", lines.collect::<String>()).into_response()
        }
        Phase::Starting => not_ready(format!("starting\n{}", admin.waits)),
        Phase::Stopping => not_ready("stopping\n".into()),
    }
}
