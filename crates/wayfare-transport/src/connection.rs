//! The interface of a connection to a shard's loop, for every kind of connection.

use std::io;

use bytes::Bytes;
use mio::net::TcpStream;
use mio::{Registry, Token};

use crate::{Flush, Read, WebSocket, memory};

/// A client's connection on the side of its shard. It passes on whole messages, accepts framed
/// bytes and never blocks.
///
/// In each turn of the loop, [`read`](Self::read) the connections that are ready or returned
/// [`Read::More`] in the last turn, [`queue`](Self::queue) the output, then [`flush`](Self::flush)
/// once every connection that [is dirty](Self::is_dirty) and not blocked. A connection ends in one
/// of two ways:
///
/// - `read` or `flush` reports the end. After [`Closed::Reset`](crate::Closed::Reset), or a failed
///   flush, drop the connection. After the other two reasons a close frame is queued: flush, and
///   drop the connection after [`Flush::Drained`].
/// - The loop calls [`begin_close`](Self::begin_close) and flushes; `read` reports the end when the
///   peer answers.
///
/// If a socket is dropped with unread bytes, the peer loses the bytes that it has not read yet, the
/// close frame included. To make sure that the close frame arrives, keep reading (the data is
/// discarded) until the end of the stream is reported as a second `Closed`. The loop must limit the
/// time for that.
#[derive(Debug)]
pub enum Connection {
    /// RFC 6455 over TCP.
    WebSocket(WebSocket<TcpStream>),
    /// A connection to a peer in this process.
    Memory(memory::ShardEnd),
}

// The size of a connection is its cost in the shard's slab while it is silent. With debug
// assertions mio's sockets are larger.
#[cfg(all(not(debug_assertions), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Connection>() <= 160);

impl Connection {
    /// Reads at most `scratch.len()` bytes, takes at most [`READ_FRAMES_MAX`](crate::READ_FRAMES_MAX) frames, and calls
    /// `message` with each whole message. Bytes behind the last frame wait for the next read.
    ///
    /// Readiness is edge-triggered. After [`Read::More`] no event reports the remaining data, so
    /// read again; after [`Read::Drained`] an event reports new data. Answers to pings and to a
    /// close frame are queued: check [`is_dirty`](Self::is_dirty) afterwards. After a close from
    /// either side, data is discarded and `message` is not called again.
    ///
    /// A message that arrives whole is not copied. The buffer of an incomplete message takes at
    /// most twice the bytes received, and is freed with the message. Of many pings in one read, the
    /// last is answered (RFC 6455, section 5.5.3).
    ///
    /// # Panics
    /// If `scratch` is empty.
    pub fn read(&mut self, scratch: &mut [u8], message: impl FnMut(&[u8])) -> Read {
        match self {
            Self::WebSocket(socket) => socket.read(scratch, message),
            Self::Memory(end) => end.read(scratch, message),
        }
    }

    /// Returns the number of frames taken since the last call that completed no message: pings, pongs
    /// and fragments. They are work for this side, and the loop charges for them.
    pub fn take_overhead_frames(&mut self) -> u32 {
        match self {
            Self::WebSocket(socket) => socket.take_overhead_frames(),
            Self::Memory(_) => 0,
        }
    }

    /// Queues `frames` for the next flush, after everything that was queued before.
    ///
    /// `frames` are whole unmasked binary frames (RFC 6455, section 5.2), any number of them back
    /// to back. They are shared, not copied. Ignored after a close frame is queued, because nothing
    /// may follow it.
    pub fn queue(&mut self, frames: Bytes) {
        match self {
            Self::WebSocket(socket) => socket.queue(frames),
            Self::Memory(end) => end.queue(frames),
        }
    }

    /// Returns the number of bytes that wait in this process, headers and control frames included.
    /// It does not count bytes in the system's buffers. The caller sets the limit for it.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        match self {
            Self::WebSocket(socket) => socket.queued_bytes(),
            Self::Memory(end) => end.queued_bytes(),
        }
    }

    /// Returns true if a flush has something to do. After [`Flush::Blocked`] the connection stays
    /// dirty; flush it again when it becomes writable.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        match self {
            Self::WebSocket(socket) => socket.is_dirty(),
            Self::Memory(end) => end.is_dirty(),
        }
    }

    /// Writes queued bytes until the peer accepts no more, in as few system calls as possible. Ends
    /// the writing side after a close frame. Allocates nothing, and frees the memory of a drained
    /// queue.
    pub fn flush(&mut self) -> Flush {
        match self {
            Self::WebSocket(socket) => socket.flush(),
            Self::Memory(end) => end.flush(),
        }
    }

    /// Queues a close frame after all queued bytes and closes the connection for further output.
    /// Then flush, and read until the end is reported. A second call has no effect.
    ///
    /// `code` must be one that may be sent (RFC 6455, section 7.4): 1000 to 1003, 1007 to 1013,
    /// 3000 to 4999. For any other code the close frame contains none. `reason` is for people and
    /// is cut to 123 bytes.
    pub fn begin_close(&mut self, code: u16, reason: &str) {
        match self {
            Self::WebSocket(socket) => socket.begin_close(code, reason),
            Self::Memory(end) => end.begin_close(code),
        }
    }

    /// Registers for events in both directions under `token`. One registration lasts for the life
    /// of the connection. The first event arrives even if there is no data.
    ///
    /// A memory connection has no events; its `wake` function replaces them.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match self {
            Self::WebSocket(socket) => socket.register(registry, token),
            Self::Memory(_) => Ok(()),
        }
    }

    /// Removes the registration for events.
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
