//! Connections without a network: a bounded pipe of messages between a shard and any thread.
//!
//! It behaves like a socket: each direction is bounded, a slow reader blocks the writer, a close
//! follows the data, and dropping an end loses the connection.

mod peer_end;
mod pipe;
mod shard_end;

use std::sync::Arc;

pub use peer_end::{NotSent, PeerEnd};
pub use shard_end::ShardEnd;

use pipe::Shared;

/// A function that tells the shard that its end may be readable or writable again. The peer's
/// thread calls it, once after each [`Read::Drained`](crate::Read::Drained) or
/// [`Flush::Blocked`](crate::Flush::Blocked) (or before the first read): edge-triggered, like the
/// events of a socket.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Creates a connection and returns both ends.
///
/// A direction accepts another piece while it holds less than `capacity_bytes`, where each piece
/// counts 32 bytes more than its content. So one piece always fits. A message to the shard of more
/// than `message_bytes_max` bytes ends the connection, as on a WebSocket.
#[must_use]
pub fn pair(capacity_bytes: usize, message_bytes_max: usize, wake: Wake) -> (ShardEnd, PeerEnd) {
    let shared = Arc::new(Shared::new(capacity_bytes, wake));
    (
        ShardEnd::new(shared.clone(), message_bytes_max),
        PeerEnd::new(shared),
    )
}
