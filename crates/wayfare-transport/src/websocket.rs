//! RFC 6455 after the handshake, over any byte stream and for both roles.

use std::{io, mem};

use bytes::Bytes;
use mio::{Interest, Registry, Token};

use crate::framing;
use crate::inbound::{Event, Inbound};
use crate::outbound::Outbound;
use crate::pong::Pong;
use crate::{Closed, Flush, READ_FRAMES_MAX, Read, Stream};

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
    /// Bytes that were read from the stream and wait for the next batch. Boxed: a silent connection
    /// has none.
    unread: Option<Box<Unread>>,
    inbound: Inbound,
    outbound: Outbound,
    pong: Pong,
    /// The mask of control frames. If it is set, this is the client's end.
    control_key: Option<[u8; 4]>,
    closed: Option<Closed>,
    writing: Writing,
    /// Frames that completed no message, until the loop asks.
    overhead_frames: u32,
}

/// The work of one read.
struct Batch {
    frames_left: usize,
    /// The payload of the last ping, which alone is answered (RFC 6455, section 5.5.3).
    ping: Option<Vec<u8>>,
}

/// Bytes of which a part was taken. They stay in their place, so that taking them all costs one
/// copy.
#[derive(Debug)]
struct Unread {
    bytes: Box<[u8]>,
    taken: u32,
}

impl Unread {
    fn new(bytes: Vec<u8>) -> Option<Box<Self>> {
        let bytes = bytes.into_boxed_slice();
        (!bytes.is_empty()).then(|| Box::new(Self { bytes, taken: 0 }))
    }

    fn rest(&mut self) -> &mut [u8] {
        &mut self.bytes[self.taken as usize..]
    }

    /// Keeps the last `left` bytes.
    fn keep(&mut self, left: usize) {
        self.taken = (self.bytes.len() - left) as u32;
    }
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
            unread: Unread::new(Vec::from(early)),
            inbound: Inbound::new(message_bytes_max, control_key.is_none()),
            outbound: Outbound::default(),
            pong: Pong::default(),
            control_key,
            closed: None,
            writing: Writing::Open,
            overhead_frames: 0,
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
        let mut batch = Batch {
            frames_left: READ_FRAMES_MAX,
            ping: None,
        };
        let read = match self.take_batch(scratch, &mut batch, &mut message) {
            Ok(read) => read,
            Err(closed) => self.end(closed),
        };
        if let Some(payload) = batch.ping
            && self.writing == Writing::Open
        {
            self.pong.replace(framing::pong(&payload, self.control_key));
        }
        read
    }

    fn take_batch(
        &mut self,
        scratch: &mut [u8],
        batch: &mut Batch,
        message: &mut impl FnMut(&[u8]),
    ) -> Result<Read, Closed> {
        if let Some(mut unread) = self.unread.take() {
            let left = self.digest(unread.rest(), batch, message)?;
            if left > 0 {
                unread.keep(left);
                self.unread = Some(unread);
                return Ok(Read::More);
            }
        }
        let mut room = scratch.len();
        while room > 0 && batch.frames_left > 0 {
            match self.stream.read(&mut scratch[..room]) {
                Ok(0) => return Err(Closed::Reset(io::ErrorKind::UnexpectedEof)),
                Ok(length) => {
                    room -= length;
                    let left = self.digest(&mut scratch[..length], batch, message)?;
                    if left > 0 {
                        self.unread = Unread::new(scratch[length - left..length].to_vec());
                    }
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(Read::Drained),
                    io::ErrorKind::Interrupted => {}
                    kind => return Err(Closed::Reset(kind)),
                },
            }
        }
        Ok(Read::More)
    }

    /// Returns the number of frames without a message, like
    /// [`Connection::take_overhead_frames`](crate::Connection::take_overhead_frames).
    pub fn take_overhead_frames(&mut self) -> u32 {
        mem::take(&mut self.overhead_frames)
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

    /// Takes frames while the batch has room, and returns the number of bytes behind them.
    fn digest(
        &mut self,
        mut bytes: &mut [u8],
        batch: &mut Batch,
        message: &mut impl FnMut(&[u8]),
    ) -> Result<usize, Closed> {
        if self.closed.is_some() {
            return Ok(0);
        }
        while batch.frames_left > 0 {
            let event = match self.inbound.next(&mut bytes) {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(0),
                Err(violation) => {
                    self.begin_close(violation.code(), &violation.to_string());
                    return Err(violation.into());
                }
            };
            batch.frames_left -= 1;
            match event {
                Event::Message(payload) => {
                    if self.writing == Writing::Open {
                        message(payload);
                    }
                    continue;
                }
                Event::Fragment | Event::Pong => {}
                Event::Ping(payload) => {
                    let latest = batch.ping.get_or_insert_default();
                    latest.clear();
                    latest.extend_from_slice(payload);
                }
                Event::Close { code } => {
                    let code = code.unwrap_or(CODE_ABSENT);
                    self.begin_close(code, "");
                    return Err(Closed::PeerClosed { code });
                }
            }
            self.overhead_frames = self.overhead_frames.saturating_add(1);
        }
        Ok(bytes.len())
    }

    /// Ends the connection. The first reason is kept: later input only shows when the stream has
    /// ended.
    fn end(&mut self, closed: Closed) -> Read {
        self.inbound.clear();
        self.unread = None;
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
