//! Framed, non-blocking connections for a shard: an OS thread with its own readiness loop.
//!
//! A shard lends every connection the same scratch buffer to read into, is handed whole messages,
//! queues bytes that are framed already, and flushes each connection once per loop turn. A
//! connection that is silent owns no buffer at all; one that is drained owns no more than a
//! queue of four places.
//!
//! ```
//! use std::sync::Arc;
//! use bytes::Bytes;
//! use wayfare_transport::{Connection, Flush, Read, memory};
//!
//! let (shard_end, mut peer) = memory::pair(1 << 16, 1 << 10, Arc::new(|| {}));
//! let mut connection = Connection::from(shard_end);
//! let mut scratch = vec![0; 64 * 1024];
//!
//! peer.try_send(Bytes::from_static(b"hello"))?;
//! let mut messages = Vec::new();
//! while let Read::More = connection.read(&mut scratch, |message| messages.push(message.to_vec())) {}
//! assert_eq!(messages, [b"hello"]);
//!
//! // An unmasked RFC 6455 binary frame: the header is the only framing there is.
//! connection.queue(Bytes::from_static(b"\x82\x02hi"));
//! if connection.is_dirty() {
//!     assert_eq!(connection.flush(), Flush::Drained);
//! }
//! assert_eq!(peer.try_recv()?, Some(Bytes::from_static(b"hi")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Read [`Connection`] for the surface a loop works with and [`Closed`] for how connections end;
//! then [`WebSocket`] over any [`Stream`], [`memory`] without one, [`upgrade`] for the way from
//! HTTP, and [`frames`] for the framing that all of them share.

mod closed;
mod connection;
mod framing;
mod header;
mod inbound;
mod mask;
pub mod memory;
mod outbound;
mod pong;
mod progress;
mod stream;
pub mod upgrade;
mod websocket;

pub use closed::{Closed, Violation};
pub use connection::Connection;
pub use framing::{Frames, frames};
pub use progress::{Flush, READ_FRAMES_MAX, Read};
pub use stream::Stream;
pub use websocket::WebSocket;
