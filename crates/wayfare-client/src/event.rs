//! What the application is told.

use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use wayfare_client_core::{End, Interruption, LeaveReason};
use wayfare_protocol::{PlayerId, SessionId};

use crate::{PayloadError, payload};

/// Where a client stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The first connection is being made.
    Connecting,
    /// There is a session and a connection.
    Connected {
        /// The session. Another than before means that the former one was lost, and its rooms.
        session: SessionId,
        /// Who the client is.
        player: PlayerId,
    },
    /// There is no connection at the moment. Nothing needs to be done.
    Interrupted {
        /// When the next attempt begins, from the moment this was told.
        retry_in: Duration,
        /// Why.
        cause: Interruption,
        /// What the network said, if it was the network.
        detail: Option<String>,
    },
    /// Nothing is tried any more.
    Ended(End),
}

/// What happens in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent<E> {
    /// An event of the room: in order, none lost, none twice.
    Event(E),
    /// A message without any promise.
    Unreliable(E),
    /// An event or a message that is not of the expected type.
    Undecodable(PayloadError),
    /// Events were missed, or the room was lost with its server and is had anew; a view takes the
    /// place of all before it.
    Resync(Resync),
    /// The room lost commands it had already acknowledged, but no event this client has seen.
    FellBack,
    /// The stay is over. The last event.
    Left {
        /// Why.
        reason: LeaveReason,
        /// The room's words, if any; why it is gone, if the server said so.
        message: String,
    },
    /// The application did not take the room's events, and the room was left for it. The last
    /// event. See [`crate::Builder::unread_time_max`].
    Unread,
}

/// A fresh view in place of events that were missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resync {
    /// The room as it is now.
    pub view: View,
    /// The number of the room's last event that the view shows; those that follow have higher ones.
    pub position: u64,
    /// Events up to this number that were taken are still so; what was seen behind was undone. 0
    /// for a room that this client has joined again by itself.
    pub stands: u64,
    /// How many commands of this client were applied without their replies coming through.
    pub lost_replies: usize,
    /// The room lost something it had already told: events or acknowledged commands were undone.
    /// Always so of a room that was lost with its server, which this client has joined again by
    /// itself: then commands that it had not answered are [`crate::CommandError::RoomLost`].
    pub fell_back: bool,
}

/// A room as one of its members sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View(Bytes);

impl View {
    /// The view as the room's type.
    ///
    /// # Errors
    /// If it is of another.
    pub fn decode<V: DeserializeOwned>(&self) -> Result<V, PayloadError> {
        payload::decode(&self.0)
    }

    /// The view as bytes.
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
    /// The same event with its payload decoded.
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
