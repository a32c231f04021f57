//! A WebSocket connection and the frames that wait to be written to it.

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

/// The time limit for writing the close frame.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(1);

/// The largest message: a frame with the largest view.
const MESSAGE_BYTES_MAX: usize = VIEW_BYTES_MAX + 1024;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Opening = dyn Future<Output = tungstenite::Result<Socket>> + Send;

#[derive(Default)]
pub(crate) struct Connection {
    state: State,
    unwritten: VecDeque<Bytes>,
    unwritten_bytes: usize,
    /// The network error that ended the last connection.
    failure: Option<String>,
}

#[derive(Default)]
enum State {
    #[default]
    None,
    Opening(Pin<Box<Opening>>),
    Open(Box<Socket>),
}

/// An event of the connection.
#[derive(Debug)]
pub(crate) enum ConnectionEvent {
    Connected,
    Frame(Bytes),
    Disconnected,
}

impl Connection {
    /// Starts to connect, and drops the previous connection.
    pub(crate) fn open(&mut self, endpoint: &Endpoint) {
        self.reset();
        self.failure = None;
        let uri = endpoint.uri();
        self.state = State::Opening(Box::pin(async move {
            let config = WebSocketConfig::default()
                .max_message_size(Some(MESSAGE_BYTES_MAX))
                .max_frame_size(Some(MESSAGE_BYTES_MAX));
            // Games send small frames that must arrive soon, so Nagle's algorithm is off.
            let (socket, _) = connect_async_with_config(uri, Some(config), true).await?;
            Ok(socket)
        }));
    }

    /// Closes the connection in the background, after the waiting frames are written.
    pub(crate) fn close(&mut self) -> impl Future<Output = ()> + Send + 'static {
        let mut closing = Self {
            state: std::mem::take(&mut self.state),
            unwritten: std::mem::take(&mut self.unwritten),
            ..Self::default()
        };
        self.reset();
        async move {
            // A peer that does not read the close frame detects the loss by itself.
            let _ = timeout(CLOSE_TIME_MAX, closing.finish()).await;
        }
    }

    /// Sends the close frame, then reads until the peer closes too. A socket that is dropped with
    /// unread data is reset, and the peer might never read the last frames.
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

    /// Returns the number of bytes not yet written to the network. The core limits unacknowledged
    /// commands, and other senders check this value first.
    pub(crate) const fn unwritten_bytes(&self) -> usize {
        self.unwritten_bytes
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.clone()
    }

    /// Writes waiting frames and waits for the next event. Frames are read only if `read` is true.
    ///
    /// Safe to cancel: all progress is kept in `self`.
    pub(crate) async fn next(&mut self, read: bool) -> ConnectionEvent {
        poll_fn(|cx| self.poll(cx, read)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>, read: bool) -> Poll<ConnectionEvent> {
        match &mut self.state {
            State::None => Poll::Pending,
            State::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                Ok(socket) => {
                    self.state = State::Open(Box::new(socket));
                    Poll::Ready(ConnectionEvent::Connected)
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

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<ConnectionEvent> {
        let State::Open(socket) = &mut self.state else {
            return Poll::Pending;
        };
        loop {
            let failure = match ready!(Pin::new(&mut *socket).poll_next(cx)) {
                Some(Ok(Message::Binary(payload))) => {
                    return Poll::Ready(ConnectionEvent::Frame(payload));
                }
                // Text does not belong to this protocol; the core rejects it by its content.
                Some(Ok(Message::Text(text))) => {
                    return Poll::Ready(ConnectionEvent::Frame(text.into()));
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

    fn fail(&mut self, failure: Option<String>) -> ConnectionEvent {
        self.reset();
        self.failure = failure;
        ConnectionEvent::Disconnected
    }

    fn reset(&mut self) {
        self.state = State::None;
        self.unwritten.clear();
        self.unwritten_bytes = 0;
    }
}
