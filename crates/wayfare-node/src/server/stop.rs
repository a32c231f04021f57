//! Telling a node of this process to stop, for a program that runs one beside other things.

use tokio::sync::watch;

/// A handle that stops a node as SIGTERM does. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Tells the node to stop and returns at once; `run` returns when it has stopped.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Waits until somebody did.
    pub(crate) async fn told(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|told| *told).await;
    }
}
