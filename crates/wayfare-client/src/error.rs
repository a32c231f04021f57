//! What can go wrong, one enum for each operation.

use std::time::Duration;

use wayfare_client_core::{self as core, End, Interruption, JoinRefusal, LeaveReason, ServerError};
use wayfare_protocol::InvalidId;

use crate::{JoinNotTried, ListNotAsked, PayloadError, SendError};

/// Why there is no client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The builder was given no endpoint.
    #[error("no endpoint to connect to")]
    NoEndpoint,
    /// Not a `ws://` address.
    #[error("endpoint {endpoint:?} is not an address like ws://host:port: {reason}")]
    InvalidEndpoint {
        /// As given.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A `wss://` address.
    #[error("endpoint {endpoint:?} asks for TLS, which this build does not have: use ws://")]
    NoTls {
        /// As given.
        endpoint: String,
    },
    /// No endpoint let the client in within `connect_within`.
    #[error("not connected within {after:?}: {cause}{}", of_detail(.detail.as_deref()))]
    NotInTime {
        /// The setting.
        after: Duration,
        /// What became of the last attempt.
        cause: Interruption,
        /// What the network said to it.
        detail: Option<String>,
    },
    /// The server refused for a reason that trying again would not change.
    #[error("{0}")]
    Ended(End),
}

fn of_detail(detail: Option<&str>) -> String {
    detail.map_or_else(String::new, |detail| format!(" ({detail})"))
}

/// Why a join did not make a member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The room's name is not `kind/key`.
    #[error("{0}")]
    InvalidRoom(#[from] InvalidId),
    /// What the join brings cannot be encoded.
    #[error("{0}")]
    Payload(#[from] PayloadError),
    /// It was not even tried.
    #[error("{0}")]
    NotTried(JoinNotTried),
    /// The server or the room refused it.
    #[error("{0}")]
    Refused(ServerError),
    /// The session ended before there was an answer.
    #[error("the session ended before the join was answered")]
    SessionLost,
    /// The client has ended.
    #[error("the client has ended")]
    Closed,
}

impl From<JoinRefusal> for JoinError {
    fn from(refusal: JoinRefusal) -> Self {
        match refusal {
            JoinRefusal::Refused(error) => Self::Refused(error),
            JoinRefusal::SessionLost => Self::SessionLost,
        }
    }
}

/// Why a command has no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The command cannot be encoded, or its reply is of another type. In the second case it was
    /// applied.
    #[error("{0}")]
    Payload(#[from] PayloadError),
    /// It was not even taken.
    #[error("{0}")]
    NotTaken(#[from] SendError),
    /// The room answered with an error.
    #[error("{0}")]
    Refused(ServerError),
    /// The room applied it, but whatever it replied is lost.
    #[error("applied, but the reply is lost")]
    ReplyLost,
    /// The stay ended first: it was not applied and never will be.
    #[error("not applied, the stay in the room is over: {0}")]
    Left(LeaveReason),
    /// The room was lost with its server first: it may have been applied before, but nothing of it
    /// is left, and it is not sent again. A room that can be had anew goes on with a
    /// [`crate::RoomEvent::Resync`], and takes commands meanwhile.
    #[error("the room was lost with its server, and the command with it")]
    RoomLost,
    /// The session ended first, or the stay did and the room remembers nothing of it: nobody can
    /// tell whether it was applied.
    #[error("outcome unknown, the stay in the room is over")]
    Unknown,
    /// The client has ended, and took no more commands.
    #[error("the client has ended")]
    Closed,
}

impl From<core::CommandError> for CommandError {
    fn from(error: core::CommandError) -> Self {
        match error {
            core::CommandError::Refused(error) => Self::Refused(error),
            core::CommandError::ReplyLost => Self::ReplyLost,
            core::CommandError::Left(reason) => Self::Left(reason),
            core::CommandError::RoomLost => Self::RoomLost,
            core::CommandError::Unknown => Self::Unknown,
        }
    }
}

/// Why there is no listing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// It was not even asked for.
    #[error("{0}")]
    NotAsked(ListNotAsked),
    /// The server refused it.
    #[error("{0}")]
    Refused(ServerError),
    /// The client has ended.
    #[error("the client has ended")]
    Closed,
}
