//! The handle of a stay in a room.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};
use wayfare_client_core::RoomKey;
use wayfare_protocol::EntityId;

use crate::request::Request;
use crate::rooms::RoomOutput;
use crate::{CommandError, PayloadError, RoomEvent, View, payload};

/// A membership in a room, and the room's events in order.
///
/// Events wait in a bounded queue until [`Room::next`] takes them: see
/// [`crate::Builder::events_max`]. Dropping the handle leaves the room.
#[derive(Debug)]
pub struct Room {
    sender: RoomSender,
    view: View,
    position: u64,
    events: mpsc::Receiver<RoomOutput>,
    /// The last event of the stay, which needs no space in the queue.
    last: Option<oneshot::Receiver<RoomEvent<Bytes>>>,
}

/// The parts from which the driver creates a room handle.
pub(crate) struct Parts {
    pub(crate) key: RoomKey,
    pub(crate) room: EntityId,
    pub(crate) view: Bytes,
    pub(crate) position: u64,
    pub(crate) events: mpsc::Receiver<RoomOutput>,
    pub(crate) last: oneshot::Receiver<RoomEvent<Bytes>>,
    pub(crate) requests: mpsc::Sender<Request>,
}

impl Room {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            sender: RoomSender {
                key: parts.key,
                room: parts.room,
                requests: parts.requests,
            },
            view: View::from(parts.view),
            position: parts.position,
            events: parts.events,
            last: Some(parts.last),
        }
    }

    /// Returns the room's name.
    #[must_use]
    pub const fn id(&self) -> &EntityId {
        &self.sender.room
    }

    /// Decodes the view from the join or the last [`RoomEvent::Resync`]. The application applies
    /// later events to it.
    ///
    /// # Errors
    /// If the view has another type.
    pub fn view<V: DeserializeOwned>(&self) -> Result<V, PayloadError> {
        self.view.decode()
    }

    /// Returns the encoded view.
    #[must_use]
    pub const fn view_raw(&self) -> &Bytes {
        self.view.bytes()
    }

    /// Returns the position of the last event taken, or of the view. It only increases, except with
    /// a [`RoomEvent::Resync`] after a rollback.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Returns the next event; `None` after the last event of the stay.
    ///
    /// Safe to cancel: a cancelled call takes no event.
    pub async fn next<E: DeserializeOwned>(&mut self) -> Option<RoomEvent<E>> {
        self.next_raw().await.map(RoomEvent::decode)
    }

    /// Returns the next event with its payload as bytes.
    pub async fn next_raw(&mut self) -> Option<RoomEvent<Bytes>> {
        if let Some(RoomOutput { event, position }) = self.events.recv().await {
            self.position = position.unwrap_or(self.position);
            if let RoomEvent::Resync(resync) = &event {
                self.view = resync.view.clone();
            }
            return Some(event);
        }
        let last = self.last.as_mut()?.await.ok();
        self.last = None;
        last
    }

    /// Sends a command and waits for its reply, like [`RoomSender::send`].
    ///
    /// # Errors
    /// If there is no reply.
    pub async fn send<R: DeserializeOwned>(
        &self,
        command: &(impl Serialize + ?Sized),
    ) -> Result<R, CommandError> {
        self.sender.send(command).await
    }

    /// Sends an encoded command and waits for its reply, like [`RoomSender::send_raw`].
    ///
    /// # Errors
    /// If there is no reply.
    pub async fn send_raw(&self, command: impl Into<Bytes>) -> Result<Bytes, CommandError> {
        self.sender.send_raw(command).await
    }

    /// Sends a command without waiting for its reply, like [`RoomSender::cast`].
    ///
    /// # Errors
    /// If the command is not accepted.
    pub async fn cast(&self, command: &(impl Serialize + ?Sized)) -> Result<(), CommandError> {
        self.sender.cast(command).await
    }

    /// Sends a message without a delivery guarantee, like [`RoomSender::send_unreliable`].
    ///
    /// # Errors
    /// If the message cannot be encoded.
    pub fn send_unreliable(&self, message: &(impl Serialize + ?Sized)) -> Result<(), PayloadError> {
        self.sender.send_unreliable(message)
    }

    /// Returns a handle for other tasks that only sends. It does not keep the stay alive.
    #[must_use]
    pub fn sender(&self) -> RoomSender {
        self.sender.clone()
    }

    /// Leaves the room and waits until the stay is over. Waiting events are dropped.
    pub async fn leave(mut self) {
        if let Some(last) = &mut self.last {
            last.close();
        }
        while self.events.recv().await.is_some() {}
    }
}

/// A handle that sends to a room. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RoomSender {
    key: RoomKey,
    room: EntityId,
    requests: mpsc::Sender<Request>,
}

impl RoomSender {
    /// Returns the room's name.
    #[must_use]
    pub const fn id(&self) -> &EntityId {
        &self.room
    }

    /// Sends a command and waits for its reply. If the room replies nothing, the reply is `()`. The
    /// call waits while the connection is interrupted or the room moves. If the future is dropped,
    /// the command continues.
    ///
    /// # Errors
    /// If there is no reply; the error states whether the command was applied.
    pub async fn send<R: DeserializeOwned>(
        &self,
        command: &(impl Serialize + ?Sized),
    ) -> Result<R, CommandError> {
        let reply = self.send_raw(payload::encode(command)?).await?;
        Ok(payload::decode(&reply)?)
    }

    /// Like [`RoomSender::send`], with bytes for command and reply.
    ///
    /// # Errors
    /// If there is no reply.
    pub async fn send_raw(&self, command: impl Into<Bytes>) -> Result<Bytes, CommandError> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Send {
            room: self.key,
            payload: command.into(),
            answer,
        };
        let sent = self.requests.send(request).await;
        sent.map_err(|_| CommandError::Closed)?;
        answered.await.unwrap_or(Err(CommandError::Closed))
    }

    /// Sends a command without waiting for its reply. Delivery is as reliable as with
    /// [`RoomSender::send`].
    ///
    /// # Errors
    /// If the command is not accepted.
    pub async fn cast(&self, command: &(impl Serialize + ?Sized)) -> Result<(), CommandError> {
        self.cast_raw(payload::encode(command)?).await
    }

    /// Like [`RoomSender::cast`], with bytes.
    ///
    /// # Errors
    /// If the command is not accepted.
    pub async fn cast_raw(&self, command: impl Into<Bytes>) -> Result<(), CommandError> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Cast {
            room: self.key,
            payload: command.into(),
            answer,
        };
        let sent = self.requests.send(request).await;
        sent.map_err(|_| CommandError::Closed)?;
        let taken = answered.await.map_err(|_| CommandError::Closed)?;
        Ok(taken?)
    }

    /// Sends a message without a delivery guarantee. It is dropped without a connection, or while
    /// many bytes already wait to be sent.
    ///
    /// # Errors
    /// If the message cannot be encoded.
    pub fn send_unreliable(&self, message: &(impl Serialize + ?Sized)) -> Result<(), PayloadError> {
        self.send_unreliable_raw(payload::encode(message)?);
        Ok(())
    }

    /// Like [`RoomSender::send_unreliable`], with bytes.
    pub fn send_unreliable_raw(&self, message: impl Into<Bytes>) {
        let payload = message.into();
        let room = self.key;
        let _ = self
            .requests
            .try_send(Request::Unreliable { room, payload });
    }
}
