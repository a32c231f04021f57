//! A handle that stops a node of this process, for a program that runs other things beside it.

use tokio::sync::watch;

/// A handle that stops a node as SIGTERM does. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Asks the node to stop and returns at once. `run` returns when the node has stopped.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Waits until [`Stop::stop`] is called.
    pub(crate) async fn told(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|told| *told).await;
    }
}
