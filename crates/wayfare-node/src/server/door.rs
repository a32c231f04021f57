//! The door for players: HTTP until it has become a WebSocket, then it is a shard's.

use std::convert::Infallible;
use std::future::ready;
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
use crate::shards::Shards;

/// What players come in by.
pub(super) struct Door {
    /// For a browser that looks in.
    pub(super) greeting: String,
    pub(super) shards: Shards,
    /// From the connection to the WebSocket.
    pub(super) time_max: Duration,
}

/// Lets players in, for ever. Each handshake is a task, so that none holds up another.
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
        match tokio::time::timeout(self.time_max, self.converse(stream)).await {
            Ok(Some(upgraded)) => self.shards.connect(upgraded.stream, upgraded.early),
            Ok(None) => {}
            Err(_) => counter!("wayfare_handshakes_late_total").increment(1),
        }
    }

    /// Answers requests until one becomes a WebSocket or the client has gone.
    async fn converse(&self, stream: TcpStream) -> Option<Upgraded> {
        let accepted = Mutex::new(None);
        let service = service_fn(|mut request| {
            let (response, upgrading) = self.respond(&mut request);
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
    ) -> (Response<Full<Bytes>>, Option<Upgrading>) {
        if !matches!(request.uri().path(), "/" | "/ws") {
            let text = "there is nothing here: games connect by WebSocket to / or /ws\n";
            return (plain(StatusCode::NOT_FOUND, text.into()), None);
        }
        match upgrade(request) {
            Ok((response, upgrading)) => (response.map(|()| Full::default()), Some(upgrading)),
            Err(Refusal::NotAsked) if request.method() == Method::GET => {
                (plain(StatusCode::OK, self.greeting.clone()), None)
            }
            Err(refusal) => {
                let response = refusal.response().map(|()| format!("{refusal}\n").into());
                (response, None)
            }
        }
    }
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
