//! Serving a router over any listener, with limits for each connection.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;

use super::accept::{Accept, accept_all};
use super::bounded::Bounded;

/// The time limit for the head of a request. No request has a body.
const HEADER_TIME_MAX: Duration = Duration::from_secs(10);
/// The size limit of the head: enough for some cookies and a token.
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// The HTTP/1 server settings of all listeners.
pub(super) fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME_MAX)
        .max_header_size(HEADER_BYTES_MAX)
        .max_buf_size(HEADER_BYTES_MAX);
    builder
}

/// Serves `router`. Never returns.
pub(super) async fn serve<A: Accept>(from: A, name: &'static str, router: Router, bound: Bounded) {
    accept_all(from, name, |stream| {
        let service = TowerToHyperService::new(router.clone());
        bound.spawn(async move {
            let connection = builder().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                tracing::debug!(listener = name, %error, "connection ended");
            }
        });
    })
    .await;
}
