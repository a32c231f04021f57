//! The admin listeners, which answer from the beginning of the start.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

use super::bounded::Bounded;
use super::http;
use crate::admin::{Admin, Begun, Credential, Metrics, Phase};
use crate::store::Waits;

/// The limit of connections of operators, probes and scrapers.
const CONNECTIONS_MAX: usize = 64;

/// The inputs of the admin listeners.
pub(crate) struct OfficePlan {
    pub(crate) admin: Option<TcpListener>,
    pub(crate) socket: UnixListener,
    pub(crate) credential: Option<Credential>,
    pub(crate) metrics: Metrics,
    pub(crate) kept: Arc<BTreeMap<String, &'static str>>,
    pub(crate) waits: Waits,
}

/// The admin listeners, open until the runtime ends.
pub(crate) struct Office {
    phase: watch::Sender<Phase>,
    begun: Arc<OnceLock<Begun>>,
}

impl Office {
    /// Opens the listeners. Until [`Office::begin`] they answer that the node is starting.
    pub(crate) fn open(plan: OfficePlan) -> Self {
        let (phase, phases) = watch::channel(Phase::Starting);
        let begun = Arc::new(OnceLock::new());
        let admin = Admin {
            begun: Arc::clone(&begun),
            waits: plan.waits,
            phase: phases,
            metrics: plan.metrics.clone(),
            kept: plan.kept,
            backing_up: Arc::default(),
        };
        tokio::spawn(plan.metrics.upkeep());
        let bound = Bounded::new(CONNECTIONS_MAX);
        let local = admin.clone().local();
        tokio::spawn(http::serve(
            plan.socket,
            "admin socket",
            local,
            bound.clone(),
        ));
        if let Some(listener) = plan.admin {
            let remote = admin.remote(plan.credential);
            tokio::spawn(http::serve(listener, "admin", remote, bound));
        }
        Self { phase, begun }
    }

    /// Connects the running node. Only the first call has an effect.
    pub(super) fn begin(&self, begun: Begun) {
        self.begun.get_or_init(|| begun);
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }
}
