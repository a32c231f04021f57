//! A handle to a client.

use std::collections::BTreeMap;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use wayfare_client_core::{Credential, Listing};

use crate::request::Request;
use crate::{Builder, ConnectError, JoinBuilder, JoinError, ListError, Room, State};

/// A handle to one session with a server. Cheap to clone.
///
/// Once connected it stays so by itself until it is closed, the last handle to it and to its rooms
/// is dropped, or the server ends it for good.
#[derive(Clone, Debug)]
pub struct Client {
    requests: mpsc::Sender<Request>,
    states: watch::Receiver<State>,
}

impl Client {
    pub(crate) const fn new(
        requests: mpsc::Sender<Request>,
        states: watch::Receiver<State>,
    ) -> Self {
        Self { requests, states }
    }

    /// Connects to one endpoint, like `ws://127.0.0.1:7777`, with all else as it comes.
    ///
    /// # Errors
    /// As of [`Builder::connect`].
    pub async fn connect(
        endpoint: impl Into<String>,
        credential: Credential,
    ) -> Result<Self, ConnectError> {
        let builder = Self::builder().endpoint(endpoint);
        builder.credential(credential).connect().await
    }

    /// A client with settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Joins the room of this name, `kind/key`, bringing what its kind takes. The room is created
    /// if there is none.
    ///
    /// Cancelled, it leaves the room again.
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

    /// A join with more to say: whether to create the room, and from what.
    pub fn room(&self, room: &str) -> JoinBuilder {
        JoinBuilder::new(self.requests.clone(), room)
    }

    /// Asks for the rooms of a kind that have all of these properties, as many as the server
    /// lists.
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

    /// Where the client stands, now and from now on. Only the latest state is kept.
    #[must_use]
    pub fn states(&self) -> watch::Receiver<State> {
        self.states.clone()
    }

    /// Ends the session: all rooms are left, and the server is told. Returns when that is done.
    pub async fn close(mut self) {
        let _ = self.requests.send(Request::Close).await;
        // The driver lets go of its end when everything is said.
        while self.states.changed().await.is_ok() {}
    }
}
