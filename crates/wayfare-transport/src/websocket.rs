//! RFC 6455 after the handshake, over any byte stream and for both roles.

use std::{io, mem};

use bytes::Bytes;
use mio::{Interest, Registry, Token};

use crate::framing;
use crate::inbound::{Event, Inbound};
use crate::outbound::Outbound;
use crate::pong::Pong;
use crate::{Closed, Flush, Read, Stream};

/// An end of a WebSocket: binary messages, fragmentation, pings, and the closing handshake.
///
/// It holds no read buffer: a message that arrives whole is read from the caller's scratch buffer,
/// and only the beginning of an incomplete message is stored. No method blocks.
///
/// The server's end is used through [`Connection`](crate::Connection), whose methods of the same
/// names state the contract.
#[derive(Debug)]
pub struct WebSocket<S> {
    stream: S,
    /// Bytes that were read from the stream during the handshake.
    early: Box<[u8]>,
    inbound: Inbound,
    outbound: Outbound,
    pong: Pong,
    /// The mask of control frames. If it is set, this is the client's end.
    control_key: Option<[u8; 4]>,
    closed: Option<Closed>,
    writing: Writing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    Open,
    /// A close frame is the last frame in the queue.
    Closing,
    Shut,
}

impl<S: Stream> WebSocket<S> {
    /// Creates the server's end of a stream after the handshake. `early` holds bytes that were read
    /// with the handshake; no readiness event reports them, so call [`read`](Self::read) once.
    ///
    /// A message of more than `message_bytes_max` bytes (at most 4 GiB) ends the connection.
    #[must_use]
    pub fn server(stream: S, early: Bytes, message_bytes_max: usize) -> Self {
        Self::new(stream, early, message_bytes_max, None)
    }

    /// Creates the client's end, like [`server`](Self::server). `control_key` masks the pongs and
    /// the close frame. RFC 6455, section 5.3, requires it to be unpredictable where a browser's
    /// user could choose the payload.
    #[must_use]
    pub fn client(stream: S, early: Bytes, message_bytes_max: usize, control_key: [u8; 4]) -> Self {
        Self::new(stream, early, message_bytes_max, Some(control_key))
    }

    fn new(
        stream: S,
        early: Bytes,
        message_bytes_max: usize,
        control_key: Option<[u8; 4]>,
    ) -> Self {
        Self {
            stream,
            early: Vec::from(early).into_boxed_slice(),
            inbound: Inbound::new(message_bytes_max, control_key.is_none()),
            outbound: Outbound::default(),
            pong: Pong::default(),
            control_key,
            closed: None,
            writing: Writing::Open,
        }
    }

    /// Reads and passes on messages, like [`Connection::read`](crate::Connection::read).
    ///
    /// # Panics
    /// If `scratch` is empty.
    pub fn read(&mut self, scratch: &mut [u8], mut message: impl FnMut(&[u8])) -> Read {
        assert!(
            !scratch.is_empty(),
            "nothing can be read into an empty scratch buffer"
        );
        if !self.early.is_empty() {
            let mut early = mem::take(&mut self.early);
            if let Err(closed) = self.digest(&mut early, &mut message) {
                return self.end(closed);
            }
        }
        let mut room = scratch.len();
        while room > 0 {
            match self.stream.read(&mut scratch[..room]) {
                Ok(0) => return self.end(Closed::Reset(io::ErrorKind::UnexpectedEof)),
                Ok(length) => {
                    room -= length;
                    if let Err(closed) = self.digest(&mut scratch[..length], &mut message) {
                        return self.end(closed);
                    }
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Read::Drained,
                    io::ErrorKind::Interrupted => {}
                    kind => return self.end(Closed::Reset(kind)),
                },
            }
        }
        Read::More
    }

    /// Queues frames, like [`Connection::queue`](crate::Connection::queue). For the server's end
    /// only, because a server accepts no unmasked frames.
    pub fn queue(&mut self, frames: Bytes) {
        if self.writing == Writing::Open {
            self.outbound.push(frames);
        }
    }

    /// Frames one message, masks it with `key` and queues it, as a client must. Copies the message.
    pub fn queue_masked(&mut self, payload: &[u8], key: [u8; 4]) {
        self.queue(framing::masked_binary(payload, key));
    }

    /// Returns the number of waiting bytes, like
    /// [`Connection::queued_bytes`](crate::Connection::queued_bytes).
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.outbound.bytes() + self.pong.bytes()
    }

    /// Returns true if a flush has something to do, like
    /// [`Connection::is_dirty`](crate::Connection::is_dirty).
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.queued_bytes() > 0 || self.writing == Writing::Closing
    }

    /// Writes queued bytes, like [`Connection::flush`](crate::Connection::flush).
    pub fn flush(&mut self) -> Flush {
        loop {
            self.pong.enqueue(&mut self.outbound);
            if self.outbound.is_empty() {
                break;
            }
            match self.outbound.write_to(&mut self.stream) {
                Ok(0) => return self.fail(io::ErrorKind::WriteZero),
                Ok(written) => self.pong.handle_written(written),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Flush::Blocked,
                    io::ErrorKind::Interrupted => {}
                    kind => return self.fail(kind),
                },
            }
        }
        if self.writing == Writing::Closing {
            self.writing = Writing::Shut;
            if let Err(error) = self.stream.shutdown_write() {
                return self.fail(error.kind());
            }
        }
        Flush::Drained
    }

    /// Queues a close frame, like [`Connection::begin_close`](crate::Connection::begin_close).
    pub fn begin_close(&mut self, code: u16, reason: &str) {
        if self.writing == Writing::Open {
            self.pong.clear();
            self.outbound
                .push(framing::close(code, reason, self.control_key));
            self.writing = Writing::Closing;
        }
    }

    /// Registers for events, like [`Connection::register`](crate::Connection::register).
    ///
    /// # Errors
    /// If the system refuses.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(
            &mut self.stream,
            token,
            Interest::READABLE | Interest::WRITABLE,
        )
    }

    /// Removes the registration, like [`Connection::deregister`](crate::Connection::deregister).
    ///
    /// # Errors
    /// If the system refuses.
    pub fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.deregister(&mut self.stream)
    }

    fn digest(
        &mut self,
        mut bytes: &mut [u8],
        message: &mut impl FnMut(&[u8]),
    ) -> Result<(), Closed> {
        if self.closed.is_some() {
            return Ok(());
        }
        loop {
            match self.inbound.next(&mut bytes) {
                Ok(None) => return Ok(()),
                Ok(Some(Event::Message(payload))) => {
                    if self.writing == Writing::Open {
                        message(payload);
                    }
                }
                Ok(Some(Event::Ping(payload))) => {
                    if self.writing == Writing::Open {
                        self.pong.replace(framing::pong(payload, self.control_key));
                    }
                }
                Ok(Some(Event::Close { code })) => {
                    let code = code.unwrap_or(CODE_ABSENT);
                    self.begin_close(code, "");
                    return Err(Closed::PeerClosed { code });
                }
                Err(violation) => {
                    self.begin_close(violation.code(), &violation.to_string());
                    return Err(violation.into());
                }
            }
        }
    }

    /// Ends the connection. The first reason is kept: later input only shows when the stream has
    /// ended.
    fn end(&mut self, closed: Closed) -> Read {
        self.inbound.clear();
        Read::Closed(*self.closed.get_or_insert(closed))
    }

    fn fail(&mut self, kind: io::ErrorKind) -> Flush {
        self.outbound.clear();
        self.pong.clear();
        self.writing = Writing::Shut;
        Flush::Closed(*self.closed.get_or_insert(Closed::Reset(kind)))
    }
}

/// The code for "no code" (RFC 6455, section 7.1.5).
const CODE_ABSENT: u16 = 1005;
