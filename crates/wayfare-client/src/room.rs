//! A handle to one stay in one room.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};
use wayfare_client_core::RoomKey;
use wayfare_protocol::EntityId;

use crate::request::Request;
use crate::rooms::Told;
use crate::{CommandError, PayloadError, RoomEvent, View, payload};

/// A member's place in a room, and the room's events in order.
///
/// Events wait in a bounded queue and must be taken with [`Room::next`]: see
/// [`crate::Builder::events_max`]. Dropping it leaves the room.
#[derive(Debug)]
pub struct Room {
    sender: RoomSender,
    view: View,
    position: u64,
    events: mpsc::Receiver<Told>,
    /// The event behind all others, which needs no place in the queue.
    last: Option<oneshot::Receiver<RoomEvent<Bytes>>>,
}

/// What the driver makes a room of.
pub(crate) struct Parts {
    pub(crate) key: RoomKey,
    pub(crate) room: EntityId,
    pub(crate) view: Bytes,
    pub(crate) position: u64,
    pub(crate) events: mpsc::Receiver<Told>,
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

    /// The room's name.
    #[must_use]
    pub const fn id(&self) -> &EntityId {
        &self.sender.room
    }

    /// The room as it was when this member joined, or when the last [`RoomEvent::Resync`] was
    /// taken. The events since are the application's to apply.
    ///
    /// # Errors
    /// If it is of another type.
    pub fn view<V: DeserializeOwned>(&self) -> Result<V, PayloadError> {
        self.view.decode()
    }

    /// The view as bytes.
    #[must_use]
    pub const fn view_raw(&self) -> &Bytes {
        self.view.bytes()
    }

    /// The number of the room's event that was taken last, or of the last that the view shows. It
    /// only rises, but for a [`RoomEvent::Resync`] of a room that fell back.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The next thing that happens; `None` when the stay is over and its last event was taken.
    ///
    /// Safe to cancel: nothing is taken then.
    pub async fn next<E: DeserializeOwned>(&mut self) -> Option<RoomEvent<E>> {
        self.next_raw().await.map(RoomEvent::decode)
    }

    /// The next thing that happens, with payloads as bytes.
    pub async fn next_raw(&mut self) -> Option<RoomEvent<Bytes>> {
        if let Some(Told { event, position }) = self.events.recv().await {
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

    /// See [`RoomSender::send`].
    ///
    /// # Errors
    /// If there is no reply.
    pub async fn send<R: DeserializeOwned>(
        &self,
        command: &(impl Serialize + ?Sized),
    ) -> Result<R, CommandError> {
        self.sender.send(command).await
    }

    /// See [`RoomSender::send_raw`].
    ///
    /// # Errors
    /// If there is no reply.
    pub async fn send_raw(&self, command: impl Into<Bytes>) -> Result<Bytes, CommandError> {
        self.sender.send_raw(command).await
    }

    /// See [`RoomSender::cast`].
    ///
    /// # Errors
    /// If the command is not taken.
    pub async fn cast(&self, command: &(impl Serialize + ?Sized)) -> Result<(), CommandError> {
        self.sender.cast(command).await
    }

    /// See [`RoomSender::send_unreliable`].
    ///
    /// # Errors
    /// If the message cannot be encoded.
    pub fn send_unreliable(&self, message: &(impl Serialize + ?Sized)) -> Result<(), PayloadError> {
        self.sender.send_unreliable(message)
    }

    /// A handle that only sends, for other tasks. It does not keep the stay alive.
    #[must_use]
    pub fn sender(&self) -> RoomSender {
        self.sender.clone()
    }

    /// Leaves the room; returns when the stay is over. Events that wait are dropped.
    pub async fn leave(mut self) {
        if let Some(last) = &mut self.last {
            last.close();
        }
        while self.events.recv().await.is_some() {}
    }
}

/// Sends to a room. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RoomSender {
    key: RoomKey,
    room: EntityId,
    requests: mpsc::Sender<Request>,
}

impl RoomSender {
    /// The room's name.
    #[must_use]
    pub const fn id(&self) -> &EntityId {
        &self.room
    }

    /// Gives the room a command and waits for its reply; `()` is the reply of a room that says
    /// nothing. It waits through lost connections and moves. Cancelled, the command goes on.
    ///
    /// # Errors
    /// If there is no reply; the error tells whether the command was applied.
    pub async fn send<R: DeserializeOwned>(
        &self,
        command: &(impl Serialize + ?Sized),
    ) -> Result<R, CommandError> {
        let reply = self.send_raw(payload::encode(command)?).await?;
        Ok(payload::decode(&reply)?)
    }

    /// As [`RoomSender::send`], with bytes for command and reply.
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

    /// Gives the room a command and does not wait for its reply. It is as reliable as any.
    ///
    /// # Errors
    /// If the command is not taken.
    pub async fn cast(&self, command: &(impl Serialize + ?Sized)) -> Result<(), CommandError> {
        self.cast_raw(payload::encode(command)?).await
    }

    /// As [`RoomSender::cast`], with bytes.
    ///
    /// # Errors
    /// If the command is not taken.
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

    /// Sends a message without any promise: it is dropped where there is no connection, or where
    /// much waits to be sent already.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn send_unreliable(&self, message: &(impl Serialize + ?Sized)) -> Result<(), PayloadError> {
        self.send_unreliable_raw(payload::encode(message)?);
        Ok(())
    }

    /// As [`RoomSender::send_unreliable`], with bytes.
    pub fn send_unreliable_raw(&self, message: impl Into<Bytes>) {
        let payload = message.into();
        let room = self.key;
        let _ = self
            .requests
            .try_send(Request::Unreliable { room, payload });
    }
}
