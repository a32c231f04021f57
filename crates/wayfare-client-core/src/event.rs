//! What comes out of the client.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::{EntityId, PlayerId, Sequence, SessionId, wire};

use crate::{CommandError, JoinRefusal, ServerError};

/// This client's own name for one stay in one room, from the join to its end. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomKey(pub(crate) u64);

/// This client's own name for one command. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub(crate) u64);

/// This client's own name for one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(pub(crate) u32);

/// What the driver of a [`crate::Client`] is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Open a connection to this endpoint, then say `handle_connected` or `handle_disconnected`.
    Connect {
        /// Its index.
        endpoint: usize,
    },
    /// Send this frame.
    Send(Bytes),
    /// Close the connection, or give up making it, once what was to be sent is sent. Nothing more
    /// of that connection may be handed in, `handle_disconnected` included.
    Disconnect,
    /// Tell the application.
    Event(Event),
}

/// What the application is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// There is a session.
    Connected {
        /// Its id: the same through every resume.
        session: SessionId,
        /// Who the client is.
        player: PlayerId,
        /// The same session as before: every stay goes on.
        resumed: bool,
    },
    /// There is no connection at the moment. Nothing is lost yet and nothing needs to be done.
    Interrupted {
        /// When the next attempt begins.
        retry_in: Duration,
        /// Why.
        cause: Interruption,
    },
    /// The server no longer knows the session. Every stay is over (a `Left` or `JoinRefused`
    /// follows for each), every outstanding command is answered `Unknown`, and a new session
    /// follows by itself, under the original credential.
    SessionLost,
    /// The last event of all: nothing is tried any more. Lists that wait are not answered.
    Ended(End),
    /// The join succeeded.
    Joined {
        /// The stay.
        room: RoomKey,
        /// The room as the joiner sees it.
        view: Bytes,
        /// Where the view was taken: events with higher sequences follow.
        position: Sequence,
    },
    /// The join did not. The stay never began.
    JoinRefused {
        /// The stay that was not to be.
        room: RoomKey,
        /// Why.
        error: JoinRefusal,
    },
    /// An event of the room. Sequences grow, but not by one: others have events of their own.
    Event {
        /// The stay.
        room: RoomKey,
        /// Its place.
        sequence: Sequence,
        /// What the room sent.
        payload: Bytes,
    },
    /// A message without any promise.
    Unreliable {
        /// The stay.
        room: RoomKey,
        /// What the room sent.
        payload: Bytes,
    },
    /// The one answer to a command.
    Reply {
        /// The stay.
        room: RoomKey,
        /// The command.
        command: CommandId,
        /// What the room replied; empty if it replied nothing.
        result: Result<Bytes, CommandError>,
    },
    /// Events were missed, or the room was lost with its server and is had anew; this view takes
    /// the place of all before it.
    Resync {
        /// The stay.
        room: RoomKey,
        /// The room as the member sees it.
        view: Bytes,
        /// Where the view was taken: events with higher sequences follow.
        position: Sequence,
        /// Events up to here that this client has seen are still so; none where the room is had
        /// anew. What it saw behind was undone.
        stands: Sequence,
        /// How many commands were answered `ReplyLost` since the view before.
        lost_replies: usize,
        /// The room lost something it had already told: events this client has seen, or commands
        /// it had acknowledged, were undone. Always so where the room is had anew.
        fell_back: bool,
    },
    /// The room lost commands it had already acknowledged, but no event this client has seen.
    FellBack {
        /// The stay.
        room: RoomKey,
    },
    /// The stay is over.
    Left {
        /// The stay.
        room: RoomKey,
        /// Why.
        reason: LeaveReason,
        /// The room's words, if any; why it is gone, if the server said so.
        message: String,
    },
    /// The answer to a list.
    Listing {
        /// The list.
        list: ListId,
        /// The rooms.
        result: Result<Listing, ServerError>,
    },
}

/// Why there is no connection at the moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Interruption {
    /// No connection could be made, or it closed before the Welcome.
    #[error("the server cannot be reached")]
    Unreachable,
    /// The handshake took too long.
    #[error("the handshake took too long")]
    HandshakeTimeout,
    /// The connection closed without a word.
    #[error("the connection was lost")]
    Lost,
    /// Nothing was heard for two and a half heartbeats.
    #[error("the server fell silent")]
    Silent,
    /// The server said something that makes no sense.
    #[error("the server broke the protocol: {0}")]
    Violation(&'static str),
    /// The server ended the connection, and said why.
    #[error("the server ended the connection: {0}")]
    Ended(ServerError),
}

/// Why a client ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// The application said goodbye.
    #[error("closed by the application")]
    Bye,
    /// The server ended it for a reason that coming back would not change.
    #[error("{0}")]
    Refused(ServerError),
    /// There was no connection for `give_up_after`.
    #[error("no connection for {after:?}")]
    GaveUp {
        /// The setting.
        after: Duration,
    },
}

/// Why a stay in a room is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveReason {
    /// This client asked for it.
    Requested,
    /// The room removed the member.
    Kicked,
    /// The room closed.
    Closed,
    /// Another session of the same player took the place.
    Replaced,
    /// The connection was gone for longer than the room's grace.
    Expired,
    /// The session ended.
    Ended,
    /// The room failed and started again without this member.
    Restarted,
    /// The room does not know the member.
    NotAMember,
    /// The room was lost with its server and will not come back, or will not have this client back.
    ///
    /// A room that can be had anew is no reason to leave: the client joins it again by itself, with
    /// what it brought before, created if need be. Commands that the lost room had not answered are
    /// answered [`CommandError::RoomLost`], commands given meanwhile wait for the join, and an
    /// [`Event::Resync`] tells that it is done. Only a join that is refused, for good or for longer
    /// than [`crate::Settings::rejoin_time_max`], is the end, and the message is the refusal.
    RoomGone,
    /// A reason of a later version.
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
            // The stay joins again on the second, so that it is never the end of one.
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
            Self::Replaced => "another session of the player took the place",
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
    /// More rooms matched than were listed.
    pub truncated: bool,
}

/// One room of a [`Listing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRoom {
    /// Its name.
    pub room: EntityId,
    /// How many members it has.
    pub members: u32,
    /// How many it may have.
    pub members_max: u32,
    /// Whether it takes no new members.
    pub locked: bool,
    /// What it shows of itself.
    pub properties: BTreeMap<String, String>,
}
