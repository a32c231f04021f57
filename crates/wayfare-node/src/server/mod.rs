//! A running node: its doors, its shards, and how it stops.

mod accept;
mod bounded;
mod door;
mod http;
mod page;
mod signals;
mod stop;

pub use page::PageFiles;
pub(crate) use signals::Signals;
pub use stop::Stop;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

use crate::admin::{Admin, Credential, Metrics, Phase};
use crate::shards::Shards;
use crate::store::Store;
use bounded::Bounded;
use door::Door;

/// Connections that have not become a WebSocket yet: what a few thousand clients leave open for a
/// round trip when all of them come back at once. Each holds a buffer of 8 KiB or less.
const HANDSHAKES_MAX: usize = 4096;
/// Operators, probes and scrapers.
const ADMIN_CONNECTIONS_MAX: usize = 64;

/// Everything a node serves with.
pub(crate) struct Node {
    pub(crate) greeting: String,
    pub(crate) page: Option<PageFiles>,
    pub(crate) game: TcpListener,
    pub(crate) admin: Option<TcpListener>,
    pub(crate) socket: UnixListener,
    pub(crate) credential: Option<Credential>,
    pub(crate) metrics: Metrics,
    pub(crate) shards: Shards,
    pub(crate) store: Store,
    pub(crate) kept: Arc<BTreeMap<String, &'static str>>,
    pub(crate) handshake_time_max: Duration,
    pub(crate) stop_grace: Duration,
}

impl Node {
    /// Serves until it is told to stop, and has stopped when it returns. `ready` is called once it
    /// takes connections.
    pub(crate) async fn run(self, stop: &Stop, mut signals: Signals, ready: impl FnOnce()) {
        let (phase, phases) = watch::channel(Phase::Starting);
        let admin = Admin {
            shards: self.shards.clone(),
            phase: phases,
            metrics: self.metrics.clone(),
            store: self.store.clone(),
            kept: self.kept,
            backing_up: Arc::default(),
        };
        tokio::spawn(self.metrics.upkeep());
        tokio::spawn(self.store.clone().watch());
        let admins = Bounded::new(ADMIN_CONNECTIONS_MAX);
        tokio::spawn(http::serve(
            self.socket,
            "admin socket",
            admin.clone().local(),
            admins.clone(),
        ));
        if let Some(listener) = self.admin {
            let router = admin.remote(self.credential);
            tokio::spawn(http::serve(listener, "admin", router, admins));
        }
        let handshakes = Bounded::new(HANDSHAKES_MAX);
        let door = Arc::new(Door {
            greeting: self.greeting,
            page: self.page,
            shards: self.shards.clone(),
            time_max: self.handshake_time_max,
        });
        let accepting = tokio::spawn(door::serve(self.game, door, handshakes.clone()));
        phase.send_replace(Phase::Ready);
        ready();

        tokio::select! {
            signal = signals.next() => {
                tracing::info!(signal, "stopping; a second signal ends the process at once");
            }
            () = stop.told() => tracing::info!("stopping"),
        }
        phase.send_replace(Phase::Stopping);
        accepting.abort();
        handshakes.end_all();
        let (shards, store, grace) = (self.shards, self.store, self.stop_grace);
        // Beside this thread, which goes on answering probes and listening for a second signal.
        let stopping = tokio::task::spawn_blocking(move || {
            shards.stop(grace);
            store.close();
        });
        tokio::select! {
            outcome = stopping => match outcome {
                Ok(()) => tracing::info!("stopped"),
                Err(error) => tracing::error!(%error, "the shards did not stop well"),
            },
            signal = signals.next() => {
                tracing::warn!(signal, "ended at once: clients may not have been told");
                std::process::exit(1);
            }
        }
    }
}

#[cfg(test)]
mod tests;
