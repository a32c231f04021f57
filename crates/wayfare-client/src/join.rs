//! A join that is being put together.

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use wayfare_client_core::{Join, JoinMode};

use crate::request::Request;
use crate::{JoinError, PayloadError, Room, payload};

/// Made by [`crate::Client::room`].
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

    /// Whether the room may or must be created. A room that is lost with its server is joined again
    /// as one that may.
    pub const fn mode(mut self, mode: JoinMode) -> Self {
        self.mode = mode;
        self
    }

    /// What creating the room takes; without effect if it exists.
    pub fn open<O: Serialize + ?Sized>(mut self, open: &O) -> Self {
        self.open = payload::encode(open);
        self
    }

    /// What creating the room takes, as bytes.
    pub fn open_raw(mut self, open: impl Into<Bytes>) -> Self {
        self.open = Ok(open.into());
        self
    }

    /// Joins, bringing what the room's kind takes.
    ///
    /// # Errors
    /// If the client did not become a member.
    pub async fn join<J: Serialize + ?Sized>(self, join: &J) -> Result<Room, JoinError> {
        let join = payload::encode(join)?;
        self.join_raw(join).await
    }

    /// Joins, bringing bytes.
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
