//! The admin API: probes and metrics for machines, rooms and sessions for operators.
//!
//! Over the Unix socket everybody who may open the file is an operator. Over TCP the admin API
//! needs a credential; without one only probes and metrics answer.

mod backup_route;
mod credential;
mod failure;
pub(crate) mod json;
mod metric_help;
mod metrics;
mod probes;
mod rooms;
mod sessions;
pub(crate) mod socket;

pub(crate) use credential::Credential;
pub(crate) use metrics::Metrics;
pub(crate) use probes::Phase;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::routing::{delete, get, post};
use axum::{Router, middleware};
use tokio::sync::watch;
use wayfare_core::operator::{Query, Report};

use crate::shards::Shards;
use crate::store::{Store, Waits};
use failure::Failure;

/// The time limit for a shard's answer. A shard that exceeds it is stuck, and the operator gets an
/// error.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// The parts of a node that exist once its services are open.
pub(crate) struct Begun {
    pub(crate) shards: Shards,
    pub(crate) store: Store,
}

/// The state of the admin API.
#[derive(Clone)]
pub(crate) struct Admin {
    /// The running node's parts. Set once, at the end of the start.
    pub(crate) begun: Arc<OnceLock<Begun>>,
    /// The services that the start is waiting for.
    pub(crate) waits: Waits,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) metrics: Metrics,
    /// The durability of each kind of room, as one word.
    pub(crate) kept: Arc<BTreeMap<String, &'static str>>,
    /// Held while a backup is written, so that there is one at a time.
    pub(crate) backing_up: Arc<tokio::sync::Mutex<()>>,
}

impl Admin {
    /// Routes for the Unix socket.
    pub(crate) fn local(self) -> Router {
        // A backup writes to any path it is given, so it is offered only to who can write there
        // anyway.
        let api = api().route("/backup", post(backup_route::back_up));
        self.finished(api)
    }

    /// Routes for TCP.
    pub(crate) fn remote(self, credential: Option<Credential>) -> Router {
        let credential = Arc::new(credential);
        let guarded = api().layer(middleware::from_fn_with_state(
            credential,
            credential::require,
        ));
        self.finished(guarded)
    }

    fn finished(self, api: Router<Self>) -> Router {
        Router::new()
            .route("/healthz", get(probes::health))
            .route("/readyz", get(probes::readiness))
            .route("/metrics", get(metrics::render))
            .nest("/v1", api)
            .fallback(failure::no_such_path)
            .method_not_allowed_fallback(failure::no_such_method)
            .with_state(self)
    }

    fn begun(&self) -> Result<&Begun, Failure> {
        let begun = self.begun.get();
        begun.ok_or_else(|| Failure::starting(&self.waits))
    }

    /// Sends a query to every shard.
    async fn ask(&self, question: Query) -> Result<Vec<Report>, Failure> {
        tokio::time::timeout(ANSWER_TIME_MAX, self.begun()?.shards.ask(question))
            .await
            .map_err(|_| Failure::silent_shard(ANSWER_TIME_MAX))
    }

    /// Sends an order to every shard. Returns true if any of them had something to do.
    async fn order(&self, question: Query) -> Result<bool, Failure> {
        let answers = self.ask(question).await?;
        Ok(answers.contains(&Report::Done(true)))
    }
}

fn api() -> Router<Admin> {
    Router::new()
        .route("/rooms", get(rooms::list))
        .route(
            "/rooms/{kind}/{*key}",
            get(rooms::show).delete(rooms::close),
        )
        .route("/sessions", get(sessions::list))
        .route("/sessions/{*player}", delete(sessions::kick))
        .fallback(failure::no_such_path)
}
