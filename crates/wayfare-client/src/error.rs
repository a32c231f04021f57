//! Errors, one enum per operation.

use std::time::Duration;

use wayfare_client_core::{self as core, End, Interruption, JoinRefusal, LeaveReason, ServerError};
use wayfare_protocol::InvalidId;

use crate::{JoinNotTried, ListNotAsked, PayloadError, SendError};

/// The reason why a client could not connect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The builder has no endpoint.
    #[error("no endpoint to connect to")]
    NoEndpoint,
    /// The endpoint is not a `ws://` address.
    #[error("endpoint {endpoint:?} is not an address like ws://host:port: {reason}")]
    InvalidEndpoint {
        /// The endpoint as it was given.
        endpoint: String,
        /// The reason.
        reason: String,
    },
    /// The endpoint is a `wss://` address, and this build has no TLS.
    #[error("endpoint {endpoint:?} asks for TLS, which this build does not have: use ws://")]
    NoTls {
        /// The endpoint as it was given.
        endpoint: String,
    },
    /// No endpoint accepted the client within `connect_within`.
    #[error("not connected within {after:?}: {cause}{}", of_detail(.detail.as_deref()))]
    NotInTime {
        /// The configured time.
        after: Duration,
        /// The failure of the last attempt.
        cause: Interruption,
        /// The network error of the last attempt.
        detail: Option<String>,
    },
    /// The server refused for a reason that another attempt would not change.
    #[error("{0}")]
    Ended(End),
}

fn of_detail(detail: Option<&str>) -> String {
    detail.map_or_else(String::new, |detail| format!(" ({detail})"))
}

/// The reason why a join failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The name of the room is not of the form `kind/key`.
    #[error("{0}")]
    InvalidRoom(#[from] InvalidId),
    /// The join payload cannot be encoded.
    #[error("{0}")]
    Payload(#[from] PayloadError),
    /// The join was not sent.
    #[error("{0}")]
    NotTried(JoinNotTried),
    /// The server or the room refused it.
    #[error("{0}")]
    Refused(ServerError),
    /// The session ended before the join was answered.
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

/// The reason why a command has no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The command could not be encoded, or its reply could not be decoded. In the second case the
    /// command was applied.
    #[error("{0}")]
    Payload(#[from] PayloadError),
    /// The command was not accepted and not sent.
    #[error("{0}")]
    NotTaken(#[from] SendError),
    /// The room answered with an error.
    #[error("{0}")]
    Refused(ServerError),
    /// The room applied the command, but its reply is lost.
    #[error("applied, but the reply is lost")]
    ReplyLost,
    /// The stay ended first: the command was not applied and never will be.
    #[error("not applied, the stay in the room is over: {0}")]
    Left(LeaveReason),
    /// The room was lost with its server. The command may have been applied before that, but its
    /// effects are lost, and it is not sent again. If the room can be joined again, it continues
    /// with a [`crate::RoomEvent::Resync`] and accepts commands in the meantime.
    #[error("the room was lost with its server, and the command with it")]
    RoomLost,
    /// The session ended first, or the stay ended and the room has no record of it. The outcome of
    /// the command is unknown.
    #[error("outcome unknown, the stay in the room is over")]
    Unknown,
    /// The client has ended and did not accept the command.
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

/// The reason why a list request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// The request was not sent.
    #[error("{0}")]
    NotAsked(ListNotAsked),
    /// The server refused it.
    #[error("{0}")]
    Refused(ServerError),
    /// The client has ended.
    #[error("the client has ended")]
    Closed,
}
