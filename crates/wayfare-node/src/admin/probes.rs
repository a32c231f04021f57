//! Alive, and ready for players.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Admin;

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

/// `GET /readyz`: whether new players should be sent here.
pub(super) async fn readiness(State(admin): State<Admin>) -> Response {
    match *admin.phase.borrow() {
        Phase::Ready if admin.store.has_failed() => {
            (StatusCode::SERVICE_UNAVAILABLE, "storage has failed\n").into_response()
        }
        Phase::Ready => "ready\n".into_response(),
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n").into_response(),
        Phase::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response(),
    }
}
