//! Error answers of the admin API.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::json::Failed;
use crate::config::show_duration;
use crate::store::Waits;

/// An HTTP status with a code for programs and a message for people.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Failure {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            status,
            code,
            message,
        }
    }

    pub(super) fn bad_request(reason: &dyn std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", reason.to_string())
    }

    pub(super) fn room_not_found(room: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "room_not_found",
            format!("there is no room {room} on this node"),
        )
    }

    pub(super) fn session_not_found(player: impl std::fmt::Display) -> Self {
        let message = format!("player {player} has no session on this node");
        Self::new(StatusCode::NOT_FOUND, "session_not_found", message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "send the admin_key of this node as `Authorization: Bearer <admin_key>`",
        )
    }

    pub(super) fn api_off() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "admin_key_not_set",
            "this node has no admin_key, so its admin API answers on its Unix socket only",
        )
    }

    pub(super) fn nothing_to_back_up() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "nothing_to_back_up",
            "this node has no file of its own: back up what `storage` and `coordination` name with its own \
             means; what is in memory is forgotten",
        )
    }

    pub(super) fn backing_up() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "backing_up",
            "another backup of this node is being written: wait for it to end",
        )
    }

    pub(super) fn starting(waits: &Waits) -> Self {
        let message = format!("the node is starting\n{waits}");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "starting",
            message.trim_end(),
        )
    }

    pub(super) fn silent_shard(waited: Duration) -> Self {
        let message = format!("a shard has not answered for {}", show_duration(waited));
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = Failed {
            code: self.code.into(),
            message: self.message,
        };
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let bearer = axum::http::HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(axum::http::header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

pub(super) async fn no_such_path() -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "there are /healthz, /readyz, /metrics, /v1/rooms, /v1/rooms/{kind}/{key} and /v1/sessions",
    )
}

pub(super) async fn no_such_method() -> Failure {
    Failure::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this path does not take that method",
    )
}
