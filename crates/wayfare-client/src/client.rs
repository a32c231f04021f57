//! The handle of a client.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use wayfare_client_core::{Credential, Listing, ServerClock, Ticket};
use wayfare_protocol::Instant;

use crate::request::Request;
use crate::{Builder, ConnectError, JoinBuilder, JoinError, ListError, Room, State};

/// A handle to one session with a server. Cheap to clone.
///
/// The client keeps the session connected until it is closed, the last handle to it and its rooms
/// is dropped, or the server ends it permanently.
#[derive(Clone, Debug)]
pub struct Client {
    requests: mpsc::Sender<Request>,
    states: watch::Receiver<State>,
    tickets: watch::Receiver<Option<Ticket>>,
    clock: watch::Receiver<Option<(ServerClock, tokio::time::Instant)>>,
}

impl Client {
    pub(crate) const fn new(
        requests: mpsc::Sender<Request>,
        states: watch::Receiver<State>,
        tickets: watch::Receiver<Option<Ticket>>,
        clock: watch::Receiver<Option<(ServerClock, tokio::time::Instant)>>,
    ) -> Self {
        Self {
            requests,
            states,
            tickets,
            clock,
        }
    }

    /// Connects to one endpoint, like `ws://127.0.0.1:7777`, with default settings.
    ///
    /// # Errors
    /// The same as [`Builder::connect`].
    pub async fn connect(
        endpoint: impl Into<String>,
        credential: Credential,
    ) -> Result<Self, ConnectError> {
        let builder = Self::builder().endpoint(endpoint);
        builder.credential(credential).connect().await
    }

    /// Returns a builder for a client with other settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Joins the room with this name, `kind/key`, with the join payload that its kind expects.
    /// Creates the room if it does not exist.
    ///
    /// If the future is dropped, the client leaves the room.
    ///
    /// # Errors
    /// If the client did not become a member.
    pub async fn join<J: Serialize + ?Sized>(
        &self,
        room: &str,
        join: &J,
    ) -> Result<Room, JoinError> {
        self.room(room).join(join).await
    }

    /// Returns a builder for a join with more options, such as the rule for creating the room.
    pub fn room(&self, room: &str) -> JoinBuilder {
        JoinBuilder::new(self.requests.clone(), room)
    }

    /// Lists the rooms of a kind that have all of these properties, as many as the server lists.
    ///
    /// # Errors
    /// If the server refuses, or the client has ended.
    pub async fn list(
        &self,
        kind: &str,
        properties: &[(&str, &str)],
    ) -> Result<Listing, ListError> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let properties: BTreeMap<_, _> = properties.iter().map(own).collect();
        let (answer, answered) = oneshot::channel();
        let request = Request::List {
            kind: kind.to_owned(),
            properties,
            limit: 0,
            answer,
        };
        let sent = self.requests.send(request).await;
        sent.map_err(|_| ListError::Closed)?;
        answered.await.unwrap_or(Err(ListError::Closed))
    }

    /// Returns a receiver of the client's state. It keeps only the latest state.
    #[must_use]
    pub fn states(&self) -> watch::Receiver<State> {
        self.states.clone()
    }

    /// Returns what resumes this session in another client: see [`Builder::resume`]. It is a
    /// secret, and good once: when it is used, the session goes on there and ends here. There is
    /// none before the first connection and after the end.
    #[must_use]
    pub fn ticket(&self) -> Option<Ticket> {
        self.tickets.borrow().clone()
    }

    /// Returns the time since 1970 that the server's clock shows now, which its rooms have as
    /// `cx.server_time()`. It is off by half a round trip at most. `None` before the first
    /// connection.
    #[must_use]
    pub fn server_time(&self) -> Option<Duration> {
        let (clock, origin) = (*self.clock.borrow())?;
        Some(clock.time(Instant::ORIGIN + origin.elapsed()))
    }

    /// Ends the session and leaves all rooms. Returns after the server was notified.
    pub async fn close(mut self) {
        let _ = self.requests.send(Request::Close).await;
        // The driver drops its sender after it has sent everything.
        while self.states.changed().await.is_ok() {}
    }
}
