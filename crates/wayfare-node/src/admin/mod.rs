//! The operator's door: probes and metrics for machines, rooms and sessions for people.
//!
//! Over the Unix socket whoever may open the file is the operator; over TCP the admin API takes a
//! credential, and without one only probes and metrics answer.

pub(crate) mod answers;
mod backup;
mod credential;
mod failure;
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

/// A shard that has not answered by then is stuck, and the operator is told so.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// What there is once the node has what it stands on.
pub(crate) struct Begun {
    pub(crate) shards: Shards,
    pub(crate) store: Store,
}

/// What the admin API works with.
#[derive(Clone)]
pub(crate) struct Admin {
    /// Set once.
    pub(crate) begun: Arc<OnceLock<Begun>>,
    /// What the start waits for.
    pub(crate) waits: Waits,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) metrics: Metrics,
    /// What is kept of the rooms of each kind, in a word.
    pub(crate) kept: Arc<BTreeMap<String, &'static str>>,
    /// Held while a backup is written: one at a time.
    pub(crate) backing_up: Arc<tokio::sync::Mutex<()>>,
}

impl Admin {
    /// For the Unix socket.
    pub(crate) fn local(self) -> Router {
        // It writes where it is told to, so only for whoever may do that anyway.
        let api = api().route("/backup", post(backup::back_up));
        self.finished(api)
    }

    /// For TCP.
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

    /// Asks every shard.
    async fn ask(&self, question: Query) -> Result<Vec<Report>, Failure> {
        tokio::time::timeout(ANSWER_TIME_MAX, self.begun()?.shards.ask(question))
            .await
            .map_err(|_| Failure::silent_shard(ANSWER_TIME_MAX))
    }

    /// Orders every shard; whether any of them had something to do.
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
