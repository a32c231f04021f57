//! Futures of rooms, and the documents they may wait for.

use std::sync::Arc;

use wayfare_protocol::storage::{Outcome, Request};

/// Where documents are kept: for futures of rooms, which may wait for it. A shard never calls it.
pub trait DocumentStore: Send + Sync {
    /// Carries out a request about documents.
    fn call(&self, request: Request) -> std::pin::Pin<Box<dyn Future<Output = Outcome> + Send>>;
}

/// The same, to hand round.
#[derive(Clone)]
pub struct Documents(pub Arc<dyn DocumentStore>);

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Documents")
    }
}

/// A future of a room, and what it brings back: a note, encoded.
pub struct Work(pub std::pin::Pin<Box<dyn Future<Output = Vec<u8>> + Send>>);

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Work")
    }
}
