//! Outputs and events of the client.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::{EntityId, PlayerId, Sequence, SessionId, wire};

use crate::{CommandError, JoinRefusal, ServerError};

/// The client's key for one stay in one room, from the join to its end. Keys are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomKey(pub(crate) u64);

/// The client's id for one command. Ids are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub(crate) u64);

/// The client's id for one list request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(pub(crate) u32);

/// An action for the driver of a [`crate::Client`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Open a connection to this endpoint, then call `handle_connected` or `handle_disconnected`.
    Connect {
        /// The index of the endpoint.
        endpoint: usize,
    },
    /// Send this frame.
    Send(Bytes),
    /// Close the connection, or stop opening it, after all earlier frames are sent. Do not pass in
    /// anything more from this connection, not even `handle_disconnected`.
    Disconnect,
    /// Deliver this event to the application.
    Event(Event),
}

/// An event for the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A session is established.
    Connected {
        /// The id of the session, which stays the same when it is resumed.
        session: SessionId,
        /// The player that the server authenticated.
        player: PlayerId,
        /// True if the previous session was resumed: every stay continues.
        resumed: bool,
    },
    /// The connection is interrupted. Nothing is lost yet, and the application need not act.
    Interrupted {
        /// The time until the next attempt.
        retry_in: Duration,
        /// The cause.
        cause: Interruption,
    },
    /// The server no longer knows the session. Every stay is over (a `Left` or `JoinRefused`
    /// follows for each), and every outstanding command is answered `Unknown`. The client opens a
    /// new session by itself with the original credential.
    SessionLost,
    /// The last event: the client stops. Pending list requests get no answer.
    Ended(End),
    /// The join succeeded.
    Joined {
        /// The stay.
        room: RoomKey,
        /// The room as the joiner sees it.
        view: Bytes,
        /// The position of the view: events with higher sequences follow.
        position: Sequence,
    },
    /// The join failed, and the stay never began.
    JoinRefused {
        /// The stay that did not begin.
        room: RoomKey,
        /// The reason.
        error: JoinRefusal,
    },
    /// An event of the room. Sequences increase but have gaps, because other members have events of
    /// their own.
    Event {
        /// The stay.
        room: RoomKey,
        /// The position of the event in the room's sequence.
        sequence: Sequence,
        /// The payload from the room.
        payload: Bytes,
    },
    /// A message without a delivery guarantee.
    Unreliable {
        /// The stay.
        room: RoomKey,
        /// The payload from the room.
        payload: Bytes,
    },
    /// The only answer to a command.
    Reply {
        /// The stay.
        room: RoomKey,
        /// The command.
        command: CommandId,
        /// The reply of the room; empty if the room replied nothing.
        result: Result<Bytes, CommandError>,
    },
    /// Events were missed, or the room was lost with its server and joined again. This view
    /// replaces all earlier state.
    Resync {
        /// The stay.
        room: RoomKey,
        /// The room as the member sees it.
        view: Bytes,
        /// The position of the view: events with higher sequences follow.
        position: Sequence,
        /// The last position that is still valid: events up to it that this client saw still hold,
        /// later ones were undone. Zero if the room was lost and joined again.
        stands: Sequence,
        /// The number of commands that were answered `ReplyLost` since the previous view.
        lost_replies: usize,
        /// True if confirmed state was rolled back: events that this client saw, or commands that
        /// the room acknowledged, were undone. Always true if the room was lost and joined again.
        fell_back: bool,
    },
    /// The room was rolled back: acknowledged commands were undone, but no event that this client
    /// saw.
    FellBack {
        /// The stay.
        room: RoomKey,
    },
    /// The stay is over.
    Left {
        /// The stay.
        room: RoomKey,
        /// The reason.
        reason: LeaveReason,
        /// The message of the room, if any, or the server's reason for the loss of the room.
        message: String,
    },
    /// The answer to a list request.
    Listing {
        /// The request.
        list: ListId,
        /// The rooms.
        result: Result<Listing, ServerError>,
    },
}

/// The reason why there is no connection at the moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Interruption {
    /// No connection could be made, or it closed before the Welcome.
    #[error("the server cannot be reached")]
    Unreachable,
    /// The handshake took too long.
    #[error("the handshake took too long")]
    HandshakeTimeout,
    /// The connection closed without an error from the server.
    #[error("the connection was lost")]
    Lost,
    /// The server sent nothing for two and a half heartbeats.
    #[error("the server stopped responding")]
    Silent,
    /// The server violated the protocol.
    #[error("the server broke the protocol: {0}")]
    Violation(&'static str),
    /// The server ended the connection and stated a reason.
    #[error("the server ended the connection: {0}")]
    Ended(ServerError),
}

/// The reason why a client ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// The application called `bye`.
    #[error("closed by the application")]
    Bye,
    /// The server ended the session for a reason that a new connection would not change.
    #[error("{0}")]
    Refused(ServerError),
    /// There was no connection for the time `give_up_after`.
    #[error("no connection for {after:?}")]
    GaveUp {
        /// The configured time.
        after: Duration,
    },
}

/// The reason why a stay in a room is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveReason {
    /// The application asked to leave.
    Requested,
    /// The room removed the member.
    Kicked,
    /// The room closed.
    Closed,
    /// Another session of the same player took over the membership.
    Replaced,
    /// The member was disconnected for longer than the room's grace period.
    Expired,
    /// The session ended.
    Ended,
    /// The room failed and started again without this member.
    Restarted,
    /// The room does not know the member.
    NotAMember,
    /// The room was lost with its server and cannot be joined again.
    ///
    /// The client joins a lost room again by itself if that is possible, with the payload of the
    /// first join, and creates the room if needed. Commands that the lost room did not answer are
    /// answered [`CommandError::RoomLost`]. Commands given in the meantime wait for the join. An
    /// [`Event::Resync`] reports that the join succeeded. The stay ends only if the join is
    /// refused, for good or for longer than [`crate::Settings::rejoin_time_max`]; the message is
    /// then the refusal.
    RoomGone,
    /// A reason that this version does not know.
    Unknown,
}

impl From<wire::LeaveReason> for LeaveReason {
    fn from(reason: wire::LeaveReason) -> Self {
        match reason {
            wire::LeaveReason::LeaveUnknown => Self::Unknown,
            wire::LeaveReason::LeaveRequested => Self::Requested,
            wire::LeaveReason::LeaveKicked => Self::Kicked,
            wire::LeaveReason::LeaveClosed => Self::Closed,
            wire::LeaveReason::LeaveReplaced => Self::Replaced,
            wire::LeaveReason::LeaveExpired => Self::Expired,
            wire::LeaveReason::LeaveEnded => Self::Ended,
            wire::LeaveReason::LeaveRestarted => Self::Restarted,
            wire::LeaveReason::LeaveNotAMember => Self::NotAMember,
            // A stay whose room was lost joins again, so `LeaveRoomLost` never ends one by itself.
            wire::LeaveReason::LeaveRoomGone | wire::LeaveReason::LeaveRoomLost => Self::RoomGone,
        }
    }
}

impl fmt::Display for LeaveReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requested => "the client left",
            Self::Kicked => "the room removed the member",
            Self::Closed => "the room closed",
            Self::Replaced => "another session of the player took over",
            Self::Expired => "the connection was gone for too long",
            Self::Ended => "the session ended",
            Self::Restarted => "the room restarted without this member",
            Self::NotAMember => "the room does not know the member",
            Self::RoomGone => "the room was lost with its server",
            Self::Unknown => "a reason this version does not know",
        })
    }
}

/// Rooms that may be joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The rooms.
    pub rooms: Vec<ListedRoom>,
    /// True if more rooms matched than are listed.
    pub truncated: bool,
}

/// A room of a [`Listing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRoom {
    /// Its name.
    pub room: EntityId,
    /// The number of members.
    pub members: u32,
    /// The maximum number of members.
    pub members_max: u32,
    /// True if the room accepts no new members.
    pub locked: bool,
    /// The room's public properties.
    pub properties: BTreeMap<String, String>,
}
