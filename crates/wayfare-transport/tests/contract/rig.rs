//! A connected pair of ends of any kind, driven from one thread.

use std::collections::VecDeque;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mio::{Events, Poll, Token};
use wayfare_transport::{Closed, Connection, Flush, Read, Stream, WebSocket, memory};

use crate::stub_stream::{StubStream, half};

pub(crate) const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// The time limit for an event, after which a test fails.
const TIME_MAX: Duration = Duration::from_secs(30);

/// The shard's side: a [`Connection`], or its equivalent over a stub stream.
pub(crate) trait Server {
    fn read(&mut self, messages: &mut Vec<Vec<u8>>) -> Read;
    fn queue(&mut self, frames: Bytes);
    fn queued_bytes(&self) -> usize;
    fn is_dirty(&self) -> bool;
    fn flush(&mut self) -> Flush;
    fn begin_close(&mut self, code: u16, reason: &str);
}

/// The other side, whose queue has no limit.
pub(crate) trait Client {
    fn send(&mut self, message: &[u8]);
    /// Sends as much as possible, and returns true if nothing is left.
    fn flush(&mut self) -> bool;
    /// Reads everything that is available.
    fn read(&mut self, messages: &mut Vec<Vec<u8>>) -> Result<(), Closed>;
    fn begin_close(&mut self, code: u16);
}

pub(crate) struct Rig {
    pub(crate) server: Box<dyn Server>,
    pub(crate) client: Box<dyn Client>,
    /// Blocks until either side may have something to do.
    pub(crate) wait: Box<dyn FnMut()>,
}

impl Rig {
    pub(crate) fn tcp() -> Self {
        let (server, client) = tcp_pair().expect("loopback connects");
        let mut poll = Poll::new().expect("a poll");
        let mut server =
            Connection::from(WebSocket::server(server, Bytes::new(), MESSAGE_BYTES_MAX));
        let mut client = WebSocket::client(client, Bytes::new(), MESSAGE_BYTES_MAX, [1, 2, 3, 4]);
        server
            .register(poll.registry(), Token(0))
            .expect("registers");
        client
            .register(poll.registry(), Token(1))
            .expect("registers");
        let mut events = Events::with_capacity(16);
        let wait = move || {
            poll.poll(&mut events, Some(TIME_MAX)).expect("polls");
            assert!(!events.is_empty(), "no event before the time limit");
        };
        Self {
            server: Box::new(server),
            client: Box::new(client),
            wait: Box::new(wait),
        }
    }

    pub(crate) fn stub() -> Self {
        let (up, down) = (half(3000), half(3000));
        let server = StubStream::new(&up, &down, Some(1));
        let client = StubStream::new(&down, &up, Some(2));
        Self {
            server: Box::new(WebSocket::server(server, Bytes::new(), MESSAGE_BYTES_MAX)),
            client: Box::new(WebSocket::client(
                client,
                Bytes::new(),
                MESSAGE_BYTES_MAX,
                [9; 4],
            )),
            wait: Box::new(|| {}),
        }
    }

    pub(crate) fn memory() -> Self {
        let (server, peer) = memory::pair(3000, MESSAGE_BYTES_MAX, Arc::new(|| {}));
        Self {
            server: Box::new(Connection::from(server)),
            client: Box::new(MemoryClient {
                peer,
                outbox: VecDeque::new(),
                close: None,
            }),
            wait: Box::new(|| {}),
        }
    }

    /// Drives both sides, as their loops would, until `enough` accepts their records.
    pub(crate) fn run_until(&mut self, enough: impl Fn(&Seen) -> bool) -> Seen {
        let mut seen = Seen::default();
        loop {
            let is_more = self.turn(&mut seen);
            if enough(&seen) {
                return seen;
            }
            if !is_more {
                (self.wait)();
            }
        }
    }

    fn turn(&mut self, seen: &mut Seen) -> bool {
        self.client.flush();
        let mut is_more = false;
        if seen.server_end.is_none() {
            match self.server.read(&mut seen.by_server) {
                Read::Drained => {}
                Read::More => is_more = true,
                Read::Closed(closed) => seen.server_end = Some(closed),
            }
        }
        if self.server.is_dirty() {
            seen.server_flush = Some(self.server.flush());
        }
        if seen.client_end.is_none() {
            seen.client_end = self.client.read(&mut seen.by_client).err();
        }
        self.client.flush();
        is_more
    }
}

/// The records of both sides so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) by_server: Vec<Vec<u8>>,
    pub(crate) by_client: Vec<Vec<u8>>,
    pub(crate) server_end: Option<Closed>,
    pub(crate) client_end: Option<Closed>,
    pub(crate) server_flush: Option<Flush>,
}

pub(crate) fn tcp_pair() -> io::Result<(mio::net::TcpStream, mio::net::TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    client.set_nonblocking(true)?;
    server.set_nonblocking(true)?;
    Ok((
        mio::net::TcpStream::from_std(server),
        mio::net::TcpStream::from_std(client),
    ))
}

macro_rules! server {
    ($server:ty) => {
        impl Server for $server {
            fn read(&mut self, messages: &mut Vec<Vec<u8>>) -> Read {
                let mut scratch = [0; 4096];
                <$server>::read(self, &mut scratch, |message| {
                    messages.push(message.to_vec());
                })
            }

            fn queue(&mut self, frames: Bytes) {
                <$server>::queue(self, frames);
            }

            fn queued_bytes(&self) -> usize {
                <$server>::queued_bytes(self)
            }

            fn is_dirty(&self) -> bool {
                <$server>::is_dirty(self)
            }

            fn flush(&mut self) -> Flush {
                <$server>::flush(self)
            }

            fn begin_close(&mut self, code: u16, reason: &str) {
                <$server>::begin_close(self, code, reason);
            }
        }
    };
}

server!(Connection);
server!(WebSocket<StubStream>);

impl<S: Stream> Client for WebSocket<S> {
    fn send(&mut self, message: &[u8]) {
        self.queue_masked(message, [0x5a, 0, 0xff, 3]);
    }

    fn flush(&mut self) -> bool {
        Self::flush(self) == Flush::Drained
    }

    fn read(&mut self, messages: &mut Vec<Vec<u8>>) -> Result<(), Closed> {
        let mut scratch = vec![0; 1 << 16];
        loop {
            match Self::read(self, &mut scratch, |message| {
                messages.push(message.to_vec());
            }) {
                Read::Drained => return Ok(()),
                Read::More => {}
                Read::Closed(closed) => return Err(closed),
            }
        }
    }

    fn begin_close(&mut self, code: u16) {
        Self::begin_close(self, code, "");
    }
}

struct MemoryClient {
    peer: memory::PeerEnd,
    outbox: VecDeque<Bytes>,
    close: Option<u16>,
}

impl Client for MemoryClient {
    fn send(&mut self, message: &[u8]) {
        self.outbox.push_back(Bytes::copy_from_slice(message));
    }

    fn flush(&mut self) -> bool {
        while let Some(message) = self.outbox.front() {
            match self.peer.try_send(message.clone()) {
                Ok(()) => drop(self.outbox.pop_front()),
                Err(memory::NotSent::Full) => return false,
                Err(memory::NotSent::Closed) => self.outbox.clear(),
            }
        }
        if let Some(code) = self.close.take() {
            self.peer.begin_close(code);
        }
        true
    }

    fn read(&mut self, messages: &mut Vec<Vec<u8>>) -> Result<(), Closed> {
        while let Some(message) = self.peer.try_recv()? {
            messages.push(message.to_vec());
        }
        Ok(())
    }

    fn begin_close(&mut self, code: u16) {
        self.close = Some(code);
    }
}
