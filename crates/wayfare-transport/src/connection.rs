//! The one surface a shard's loop works with, whatever the connection is made of.

use std::io;

use bytes::Bytes;
use mio::net::TcpStream;
use mio::{Registry, Token};

use crate::{Flush, Read, WebSocket, memory};

/// A client's connection as its shard sees it: messages in, framed bytes out, never blocking.
///
/// A loop turn: [`read`](Self::read) what is ready or said [`Read::More`] last turn,
/// [`queue`](Self::queue) what was decided, then [`flush`](Self::flush) once each connection that
/// [is dirty](Self::is_dirty) and not blocked. The end comes in two ways:
///
/// - `read` or `flush` report it. After [`Closed::Reset`](crate::Closed::Reset), or a flush that
///   failed, drop the connection. After the other two a close frame is queued: flush, and drop once
///   that says [`Flush::Drained`].
/// - [`begin_close`](Self::begin_close), and flush; `read` reports the end once the peer answers.
///
/// A socket that is dropped with bytes unread takes back what its peer has not read yet, the close
/// frame included. To see a [`Violation`](crate::Closed::Violation) or a close of ours arrive,
/// read on (what comes is discarded) until the stream's end is reported as a second
/// `Closed`, within a time bound of the loop's own.
#[derive(Debug)]
pub enum Connection {
    /// RFC 6455 over TCP.
    WebSocket(WebSocket<TcpStream>),
    /// A peer in this process.
    Memory(memory::ShardEnd),
}

// A connection is a place in its shard's slab: what each silent one costs. With debug assertions
// mio's sockets are larger.
#[cfg(all(not(debug_assertions), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Connection>() <= 160);

impl Connection {
    /// Reads at most `scratch.len()` bytes, and calls `message` with each whole message.
    ///
    /// Readiness is edge-triggered: after [`Read::More`] no event will tell that there is more,
    /// so read again; after [`Read::Drained`] one will. Pings are answered, and a close frame is,
    /// by queueing: ask [`is_dirty`](Self::is_dirty) afterwards. Once closed from either side,
    /// what arrives is discarded and `message` is not called again.
    ///
    /// A message that arrived whole is not copied. What is kept of an incomplete one is at most
    /// twice what has arrived of it, and is freed with it.
    ///
    /// # Panics
    /// If `scratch` is empty.
    pub fn read(&mut self, scratch: &mut [u8], message: impl FnMut(&[u8])) -> Read {
        match self {
            Self::WebSocket(socket) => socket.read(scratch, message),
            Self::Memory(end) => end.read(scratch, message),
        }
    }

    /// Keeps `frames` to be written by the next flush, after all that was queued before.
    ///
    /// They are whole unmasked binary frames (RFC 6455, section 5.2), any number back to back,
    /// and are shared, not copied. Ignored once a close frame is queued: nothing may follow it.
    pub fn queue(&mut self, frames: Bytes) {
        match self {
            Self::WebSocket(socket) => socket.queue(frames),
            Self::Memory(end) => end.queue(frames),
        }
    }

    /// The bytes that wait in this process, headers and control frames included: how far the peer
    /// is behind, beyond what the system has buffered for it. The bound on it is the caller's.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        match self {
            Self::WebSocket(socket) => socket.queued_bytes(),
            Self::Memory(end) => end.queued_bytes(),
        }
    }

    /// Whether there is anything for a flush to do. A connection whose last flush was
    /// [`Flush::Blocked`] stays dirty; its next turn is when it becomes writable.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        match self {
            Self::WebSocket(socket) => socket.is_dirty(),
            Self::Memory(end) => end.is_dirty(),
        }
    }

    /// Writes what is queued, as far as the peer takes it, in as few system calls as it can, and
    /// ends the writing side after a close frame. Allocates nothing; a queue that is drained gives
    /// its memory back.
    pub fn flush(&mut self) -> Flush {
        match self {
            Self::WebSocket(socket) => socket.flush(),
            Self::Memory(end) => end.flush(),
        }
    }

    /// Queues a close frame after what is queued already, and closes the connection for anything
    /// else. Flush, then read until the end is reported. Does nothing the second time.
    ///
    /// `code` is one that may be sent (RFC 6455, section 7.4): 1000 to 1003, 1007 to 1013, 3000 to
    /// 4999; any other is sent as no code. `reason` is for people, and is cut to 123 bytes.
    pub fn begin_close(&mut self, code: u16, reason: &str) {
        match self {
            Self::WebSocket(socket) => socket.begin_close(code, reason),
            Self::Memory(end) => end.begin_close(code),
        }
    }

    /// Asks for events of both directions under `token`, once and for as long as it lives: there
    /// is never a reason to register again. The first one comes whether or not anything is there.
    ///
    /// A memory connection has no events of its own; its `wake` function stands in for them.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match self {
            Self::WebSocket(socket) => socket.register(registry, token),
            Self::Memory(_) => Ok(()),
        }
    }

    /// Asks for no more events.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Self::WebSocket(socket) => socket.deregister(registry),
            Self::Memory(_) => Ok(()),
        }
    }
}

impl From<WebSocket<TcpStream>> for Connection {
    fn from(socket: WebSocket<TcpStream>) -> Self {
        Self::WebSocket(socket)
    }
}

impl From<memory::ShardEnd> for Connection {
    fn from(end: memory::ShardEnd) -> Self {
        Self::Memory(end)
    }
}
