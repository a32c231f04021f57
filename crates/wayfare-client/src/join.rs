//! The builder of a join.

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use wayfare_client_core::{Join, JoinMode};

use crate::request::Request;
use crate::{JoinError, PayloadError, Room, payload};

/// A join with options, created by [`crate::Client::room`].
#[derive(Debug)]
#[must_use]
pub struct JoinBuilder {
    requests: mpsc::Sender<Request>,
    room: String,
    mode: JoinMode,
    open: Result<Bytes, PayloadError>,
}

impl JoinBuilder {
    pub(crate) fn new(requests: mpsc::Sender<Request>, room: &str) -> Self {
        Self {
            requests,
            room: room.into(),
            mode: JoinMode::default(),
            open: Ok(Bytes::new()),
        }
    }

    /// Sets the rule for creating the room. A room that was lost with its server is joined again
    /// with [`JoinMode::OrCreate`].
    pub const fn mode(mut self, mode: JoinMode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the payload for creating the room; unused if the room exists.
    pub fn open<O: Serialize + ?Sized>(mut self, open: &O) -> Self {
        self.open = payload::encode(open);
        self
    }

    /// Sets the payload for creating the room, already encoded.
    pub fn open_raw(mut self, open: impl Into<Bytes>) -> Self {
        self.open = Ok(open.into());
        self
    }

    /// Joins with this join payload.
    ///
    /// # Errors
    /// If the client did not become a member.
    pub async fn join<J: Serialize + ?Sized>(self, join: &J) -> Result<Room, JoinError> {
        let join = payload::encode(join)?;
        self.join_raw(join).await
    }

    /// Joins with an encoded join payload.
    ///
    /// # Errors
    /// If the client did not become a member.
    pub async fn join_raw(self, join: impl Into<Bytes>) -> Result<Room, JoinError> {
        let join = Join {
            room: self.room.parse()?,
            mode: self.mode,
            open: self.open?,
            payload: join.into(),
        };
        let (answer, answered) = oneshot::channel();
        let sent = self.requests.send(Request::Join { join, answer }).await;
        sent.map_err(|_| JoinError::Closed)?;
        answered.await.unwrap_or(Err(JoinError::Closed))
    }
}
