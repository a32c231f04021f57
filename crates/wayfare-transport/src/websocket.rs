//! RFC 6455 over any byte stream, in either role, after the handshake.

use std::{io, mem};

use bytes::Bytes;
use mio::{Interest, Registry, Token};

use crate::framing;
use crate::inbound::{Event, Inbound};
use crate::outbound::Outbound;
use crate::pong::Pong;
use crate::{Closed, Flush, Read, Stream};

/// One end of a WebSocket: binary messages, fragmentation, pings, and the closing handshake.
///
/// Holds no read buffer: a message that arrives whole is handed out of the caller's scratch
/// buffer, and only the beginning of an incomplete one is kept. No method blocks.
///
/// A server's end is used through [`Connection`](crate::Connection), where the methods of the
/// same names say what they owe and are owed.
#[derive(Debug)]
pub struct WebSocket<S> {
    stream: S,
    /// Read from the stream by whoever did the handshake.
    early: Box<[u8]>,
    inbound: Inbound,
    outbound: Outbound,
    pong: Pong,
    /// The mask of control frames, which makes this the client's end.
    control_key: Option<[u8; 4]>,
    closed: Option<Closed>,
    writing: Writing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    Open,
    /// A close frame is the last thing in the queue.
    Closing,
    Shut,
}

impl<S: Stream> WebSocket<S> {
    /// The server's end of a stream whose handshake is done; `early` is what came after it and
    /// was read already, which no readiness event will tell of: [`read`](Self::read) once.
    ///
    /// A message of more than `message_bytes_max` bytes (at most 4 GiB) ends the connection.
    #[must_use]
    pub fn server(stream: S, early: Bytes, message_bytes_max: usize) -> Self {
        Self::new(stream, early, message_bytes_max, None)
    }

    /// The client's end, as [`server`](Self::server) is the other. `control_key` masks the pongs
    /// and the close frame; RFC 6455, section 5.3, wants it unpredictable where a browser's user
    /// could choose the payload.
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

    /// See [`Connection::read`](crate::Connection::read).
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

    /// See [`Connection::queue`](crate::Connection::queue). For the server's end: a server takes
    /// no frame that is not masked.
    pub fn queue(&mut self, frames: Bytes) {
        if self.writing == Writing::Open {
            self.outbound.push(frames);
        }
    }

    /// Queues one message as a client sends it: framed, and masked with `key`. Copies it.
    pub fn queue_masked(&mut self, payload: &[u8], key: [u8; 4]) {
        self.queue(framing::masked_binary(payload, key));
    }

    /// See [`Connection::queued_bytes`](crate::Connection::queued_bytes).
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.outbound.bytes() + self.pong.bytes()
    }

    /// See [`Connection::is_dirty`](crate::Connection::is_dirty).
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.queued_bytes() > 0 || self.writing == Writing::Closing
    }

    /// See [`Connection::flush`](crate::Connection::flush).
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

    /// See [`Connection::begin_close`](crate::Connection::begin_close).
    pub fn begin_close(&mut self, code: u16, reason: &str) {
        if self.writing == Writing::Open {
            self.pong.clear();
            self.outbound
                .push(framing::close(code, reason, self.control_key));
            self.writing = Writing::Closing;
        }
    }

    /// See [`Connection::register`](crate::Connection::register).
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

    /// See [`Connection::deregister`](crate::Connection::deregister).
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

    /// The first reason stands: what is read after it only tells when the stream has ended.
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

/// "No code" (RFC 6455, section 7.1.5).
const CODE_ABSENT: u16 = 1005;
