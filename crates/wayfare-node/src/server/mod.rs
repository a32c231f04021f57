//! A running node: its listeners, its shards, and its stop.

mod accept;
mod bounded;
mod door;
mod http;
mod office;
mod page;
mod signals;
mod stop;

pub(crate) use office::{Office, OfficePlan};
pub(crate) use page::Page;
pub use page::PageFiles;
pub(crate) use signals::Signals;
pub use stop::Stop;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::admin::{Begun, Phase};
use crate::shards::Shards;
use crate::store::Store;
use bounded::Bounded;
use door::Door;

/// The limit of connections that have not become a WebSocket yet: the number that a few thousand
/// clients leave open for a round trip when all reconnect at once. Each holds a buffer of at most 8
/// KiB.
const HANDSHAKES_MAX: usize = 4096;

/// The parts of a running node.
pub(crate) struct Node {
    pub(crate) greeting: String,
    pub(crate) page: Option<Page>,
    pub(crate) game: TcpListener,
    pub(crate) office: Office,
    pub(crate) shards: Shards,
    pub(crate) store: Store,
    pub(crate) handshake_time_max: Duration,
    pub(crate) stop_grace: Duration,
}

impl Node {
    /// Serves until it is asked to stop, or until `undoing` completes, whose value it then returns.
    /// When it returns, the node has stopped. `ready` is called once the node accepts connections.
    pub(crate) async fn run<E>(
        self,
        stop: &Stop,
        mut signals: Signals,
        undoing: impl Future<Output = E>,
        ready: impl FnOnce(),
    ) -> Result<(), E> {
        let office = self.office;
        office.begin(Begun {
            shards: self.shards.clone(),
            store: self.store.clone(),
        });
        tokio::spawn(self.store.clone().watch());
        let handshakes = Bounded::new(HANDSHAKES_MAX);
        let door = Arc::new(Door {
            greeting: self.greeting,
            page: self.page,
            shards: self.shards.clone(),
            time_max: self.handshake_time_max,
        });
        let accepting = tokio::spawn(door::serve(self.game, door, handshakes.clone()));
        office.enter(Phase::Ready);
        ready();

        let outcome = tokio::select! {
            signal = signals.next() => {
                tracing::info!(signal, "stopping; a second signal ends the process at once");
                Ok(())
            }
            () = stop.told() => {
                tracing::info!("stopping");
                Ok(())
            }
            undone = undoing => Err(undone),
        };
        office.enter(Phase::Stopping);
        accepting.abort();
        handshakes.end_all();
        let (shards, store, grace) = (self.shards, self.store, self.stop_grace);
        // In another thread, because this one keeps answering probes and waits for a second signal.
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
        outcome
    }
}

#[cfg(test)]
mod tests;
