//! The listener for players. It speaks HTTP until a connection becomes a WebSocket, which goes to a
//! shard.

use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use metrics::counter;
use tokio::net::{TcpListener, TcpStream};
use wayfare_transport::upgrade::{Refusal, Upgraded, Upgrading, upgrade};

use super::accept::accept_all;
use super::bounded::Bounded;
use super::http;
use super::page::Page;
use crate::shards::Shards;

/// The time limit of a connection that requested a file of the page: enough for a slow line.
const PAGE_TIME_MAX: Duration = Duration::from_secs(60);

/// The settings and state of the listener.
pub(super) struct Door {
    /// The text for browsers if the game has no page.
    pub(super) greeting: String,
    pub(super) page: Option<Page>,
    pub(super) shards: Shards,
    /// The time limit from the connection to the WebSocket.
    pub(super) time_max: Duration,
}

/// Accepts players. Never returns. Each handshake is a task, so that a slow one delays no other.
pub(super) async fn serve(listener: TcpListener, door: Arc<Door>, handshakes: Bounded) {
    accept_all(listener, "game", |stream| {
        let door = Arc::clone(&door);
        if handshakes.spawn(async move { door.answer(stream).await }) {
            counter!("wayfare_handshakes_displaced_total").increment(1);
        }
    })
    .await;
}

impl Door {
    async fn answer(&self, stream: TcpStream) {
        let asked_for_page = AtomicBool::new(false);
        let mut conversation = pin!(self.converse(stream, &asked_for_page));
        let outcome = match tokio::time::timeout(self.time_max, &mut conversation).await {
            Err(_) if asked_for_page.load(Ordering::Relaxed) => {
                tokio::time::timeout(PAGE_TIME_MAX, conversation).await
            }
            outcome => outcome,
        };
        match outcome {
            Ok(Some(upgraded)) => self.shards.connect(upgraded.stream, upgraded.early),
            Ok(None) => {}
            Err(_) => counter!("wayfare_handshakes_late_total").increment(1),
        }
    }

    /// Answers requests until one becomes a WebSocket or the client disconnects.
    async fn converse(&self, stream: TcpStream, asked_for_page: &AtomicBool) -> Option<Upgraded> {
        let accepted = Mutex::new(None);
        let service = service_fn(|mut request| {
            let (response, upgrading) = self.respond(&mut request, asked_for_page);
            if upgrading.is_some() {
                *accepted.lock().unwrap_or_else(PoisonError::into_inner) = upgrading;
            }
            ready(Ok::<_, Infallible>(response))
        });
        let connection = http::builder()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended before it was a WebSocket");
        }
        let upgrading = accepted
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)?;
        let upgraded = upgrading.finish().await;
        upgraded
            .inspect_err(|error| tracing::debug!(%error, "an upgrade came to nothing"))
            .ok()
    }

    fn respond(
        &self,
        request: &mut Request<Incoming>,
        asked_for_page: &AtomicBool,
    ) -> (Response<Full<Bytes>>, Option<Upgrading>) {
        let refusal = match upgrade(request) {
            Ok((response, upgrading)) => {
                return (response.map(|()| Full::default()), Some(upgrading));
            }
            Err(refusal) => refusal,
        };
        let wants_page = matches!(refusal, Refusal::NotAsked | Refusal::Method);
        let page = self.page.filter(|_| wants_page);
        if let Some(response) = page.and_then(|page| page.respond(request)) {
            asked_for_page.store(true, Ordering::Relaxed);
            return (response, None);
        }
        let response = if wants_page && !matches!(request.uri().path(), "/" | "/ws") {
            let text = "there is nothing here: games connect by WebSocket\n";
            plain(StatusCode::NOT_FOUND, text.into())
        } else if refusal == Refusal::NotAsked && request.method() == Method::GET {
            plain(StatusCode::OK, self.greeting.clone())
        } else {
            refusal.response().map(|()| format!("{refusal}\n").into())
        };
        (response, None)
    }
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
