//! States and events for the application.

use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use wayfare_client_core::{End, Interruption, LeaveReason};
use wayfare_protocol::{PlayerId, SessionId};

use crate::{PayloadError, payload};

/// The state of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The first connection is being established.
    Connecting,
    /// The client has a session and a connection.
    Connected {
        /// The session. A new id means that the previous session and its rooms are lost.
        session: SessionId,
        /// The player that the server authenticated.
        player: PlayerId,
    },
    /// The connection is interrupted. The application need not act.
    Interrupted {
        /// The time until the next attempt, from the moment of this state.
        retry_in: Duration,
        /// The cause.
        cause: Interruption,
        /// The network error, if there was one.
        detail: Option<String>,
    },
    /// The client has ended.
    Ended(End),
}

/// An event for the holder of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent<E> {
    /// An event of the room, in order, without loss or repetition.
    Event(E),
    /// A message without a delivery guarantee.
    Unreliable(E),
    /// An event or a message that could not be decoded as the expected type.
    Undecodable(PayloadError),
    /// A view that replaces all earlier state: events were missed, or the room was lost with its
    /// server and joined again.
    Resync(Resync),
    /// The room was rolled back: acknowledged commands were undone, but no event that this client
    /// saw.
    FellBack,
    /// The stay is over. This is the last event.
    Left {
        /// The reason.
        reason: LeaveReason,
        /// The message of the room, if any, or the server's reason for the loss of the room.
        message: String,
    },
    /// The application did not take the room's events, so the client left the room. This is the
    /// last event. See [`crate::Builder::unread_time_max`].
    Unread,
}

/// A fresh view that replaces missed events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resync {
    /// The present view of the room.
    pub view: View,
    /// The position of the view: later events have higher positions.
    pub position: u64,
    /// The last position that is still valid: events up to it hold, later ones that the application
    /// saw were undone. 0 for a room that this client has joined again by itself.
    pub stands: u64,
    /// The number of this client's commands that were applied but whose replies are lost.
    pub lost_replies: usize,
    /// True if confirmed state was rolled back: events or acknowledged commands were undone. Always
    /// true for a room that was lost with its server and that this client joined again by itself.
    /// Its unanswered commands then fail with [`crate::CommandError::RoomLost`].
    pub fell_back: bool,
}

/// The room as one of its members sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View(Bytes);

impl View {
    /// Decodes the view as the room's view type.
    ///
    /// # Errors
    /// If the view has another type.
    pub fn decode<V: DeserializeOwned>(&self) -> Result<V, PayloadError> {
        payload::decode(&self.0)
    }

    /// Returns the encoded view.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.0
    }
}

impl From<Bytes> for View {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl RoomEvent<Bytes> {
    /// Decodes the payload of the event.
    pub(crate) fn decode<E: DeserializeOwned>(self) -> RoomEvent<E> {
        let decoded = |bytes: &[u8], wrap: fn(E) -> RoomEvent<E>| {
            payload::decode(bytes).map_or_else(RoomEvent::Undecodable, wrap)
        };
        match self {
            Self::Event(bytes) => decoded(&bytes, RoomEvent::Event),
            Self::Unreliable(bytes) => decoded(&bytes, RoomEvent::Unreliable),
            Self::Undecodable(error) => RoomEvent::Undecodable(error),
            Self::Resync(resync) => RoomEvent::Resync(resync),
            Self::FellBack => RoomEvent::FellBack,
            Self::Left { reason, message } => RoomEvent::Left { reason, message },
            Self::Unread => RoomEvent::Unread,
        }
    }
}
