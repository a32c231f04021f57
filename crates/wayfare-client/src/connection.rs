//! One WebSocket connection at a time, and what waits to be written to it.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use wayfare_protocol::limits::VIEW_BYTES_MAX;

use crate::endpoint::Endpoint;

/// How long a goodbye may take to be written.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(1);

/// A frame around the largest view.
const MESSAGE_BYTES_MAX: usize = VIEW_BYTES_MAX + 1024;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Opening = dyn Future<Output = tungstenite::Result<Socket>> + Send;

#[derive(Default)]
pub(crate) struct Connection {
    state: State,
    unwritten: VecDeque<Bytes>,
    unwritten_bytes: usize,
    /// What the network said when the last connection went.
    failure: Option<String>,
}

#[derive(Default)]
enum State {
    #[default]
    None,
    Opening(Pin<Box<Opening>>),
    Open(Box<Socket>),
}

/// What a connection does.
#[derive(Debug)]
pub(crate) enum Happening {
    Connected,
    Frame(Bytes),
    Disconnected,
}

impl Connection {
    /// Begins to connect; any former connection is dropped.
    pub(crate) fn open(&mut self, endpoint: &Endpoint) {
        self.reset();
        self.failure = None;
        let uri = endpoint.uri();
        self.state = State::Opening(Box::pin(async move {
            let config = WebSocketConfig::default()
                .max_message_size(Some(MESSAGE_BYTES_MAX))
                .max_frame_size(Some(MESSAGE_BYTES_MAX));
            // Games send small frames that are wanted now: no Nagle.
            let (socket, _) = connect_async_with_config(uri, Some(config), true).await?;
            Ok(socket)
        }));
    }

    /// Hands over the connection to be closed in the background, after what waits is written.
    pub(crate) fn close(&mut self) -> impl Future<Output = ()> + Send + 'static {
        let mut closing = Self {
            state: std::mem::take(&mut self.state),
            unwritten: std::mem::take(&mut self.unwritten),
            ..Self::default()
        };
        self.reset();
        async move {
            // A peer that does not take it will find out by itself.
            let _ = timeout(CLOSE_TIME_MAX, closing.finish()).await;
        }
    }

    /// Says that this is the end, then reads on until the peer has said so too: a socket that is
    /// dropped with something unread is reset, and what was written last may never be read.
    async fn finish(&mut self) -> tungstenite::Result<()> {
        poll_fn(|cx| self.poll_close(cx)).await?;
        while matches!(self.state, State::Open(_)) {
            poll_fn(|cx| self.poll_read(cx)).await;
        }
        Ok(())
    }

    pub(crate) fn send(&mut self, payload: Bytes) {
        self.unwritten_bytes += payload.len();
        self.unwritten.push_back(payload);
    }

    /// Bytes that the network has not taken yet. Bounded by what the core lets wait for an
    /// acknowledgement, and by who else asks before sending.
    pub(crate) const fn unwritten_bytes(&self) -> usize {
        self.unwritten_bytes
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.clone()
    }

    /// Writes what waits, and waits for what happens next. Frames are only read if `read` says so.
    ///
    /// Safe to cancel: all progress is kept here.
    pub(crate) async fn next(&mut self, read: bool) -> Happening {
        poll_fn(|cx| self.poll(cx, read)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>, read: bool) -> Poll<Happening> {
        match &mut self.state {
            State::None => Poll::Pending,
            State::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                Ok(socket) => {
                    self.state = State::Open(Box::new(socket));
                    Poll::Ready(Happening::Connected)
                }
                Err(error) => Poll::Ready(self.fail(Some(error.to_string()))),
            },
            State::Open(_) => {
                if let Poll::Ready(Err(error)) = self.poll_write(cx) {
                    return Poll::Ready(self.fail(Some(error.to_string())));
                }
                if read {
                    self.poll_read(cx)
                } else {
                    Poll::Pending
                }
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Happening> {
        let State::Open(socket) = &mut self.state else {
            return Poll::Pending;
        };
        loop {
            let failure = match ready!(Pin::new(&mut *socket).poll_next(cx)) {
                Some(Ok(Message::Binary(payload))) => {
                    return Poll::Ready(Happening::Frame(payload));
                }
                // Not of this protocol, which the core finds out by its contents.
                Some(Ok(Message::Text(text))) => {
                    return Poll::Ready(Happening::Frame(text.into()));
                }
                Some(Ok(Message::Close(_))) | None => None,
                Some(Ok(_)) => continue,
                Some(Err(error)) => Some(error.to_string()),
            };
            return Poll::Ready(self.fail(failure));
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<tungstenite::Result<()>> {
        let State::Open(socket) = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        let mut socket = Pin::new(&mut **socket);
        while !self.unwritten.is_empty() {
            ready!(socket.as_mut().poll_ready(cx))?;
            if let Some(payload) = self.unwritten.pop_front() {
                self.unwritten_bytes = self.unwritten_bytes.saturating_sub(payload.len());
                socket.as_mut().start_send(Message::Binary(payload))?;
            }
        }
        socket.poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<tungstenite::Result<()>> {
        ready!(self.poll_write(cx))?;
        match &mut self.state {
            State::Open(socket) => Pin::new(&mut **socket).poll_close(cx),
            State::None | State::Opening(_) => Poll::Ready(Ok(())),
        }
    }

    fn fail(&mut self, failure: Option<String>) -> Happening {
        self.reset();
        self.failure = failure;
        Happening::Disconnected
    }

    fn reset(&mut self) {
        self.state = State::None;
        self.unwritten.clear();
        self.unwritten_bytes = 0;
    }
}
