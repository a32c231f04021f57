//! Connections without a network: a bounded pipe of messages between a shard and any thread.
//!
//! It behaves as a socket does: each direction is bounded, a slow reader holds the writer back,
//! a close travels behind the data, and an end that is dropped is a connection lost.

mod peer_end;
mod pipe;
mod shard_end;

use std::sync::Arc;

pub use peer_end::{NotSent, PeerEnd};
pub use shard_end::ShardEnd;

use pipe::Shared;

/// Tells the shard that its end may read or write again. Called from the peer's thread, only
/// after a [`Read::Drained`](crate::Read::Drained) or [`Flush::Blocked`](crate::Flush::Blocked)
/// (or before the first read), and once for each: an edge, as a socket's events are.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Both ends of a new connection.
///
/// A direction takes another piece while it holds less than `capacity_bytes`, counting 32 bytes
/// for each piece beside its content: so one piece always fits. A message to the shard of more
/// than `message_bytes_max` bytes ends the connection, as it does on a WebSocket.
#[must_use]
pub fn pair(capacity_bytes: usize, message_bytes_max: usize, wake: Wake) -> (ShardEnd, PeerEnd) {
    let shared = Arc::new(Shared::new(capacity_bytes, wake));
    (
        ShardEnd::new(shared.clone(), message_bytes_max),
        PeerEnd::new(shared),
    )
}
