//! Errors, one enum per operation. A request that was not accepted and a request that the server
//! refused have different types.

use std::fmt;
use std::time::Duration;

use wayfare_protocol::{EntityId, ErrorCode, wire};

use crate::LeaveReason;

/// An error stated by the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    /// The code on the wire. This build may not know it.
    pub code: u32,
    /// A message for people.
    pub message: String,
    /// The application's own code for a refusal; 0 if there is none.
    pub detail: u32,
    /// The shortest time before a retry; zero means that a retry may follow at once.
    pub retry_after: Duration,
}

impl ServerError {
    /// Returns the code's name, if this build knows it.
    #[must_use]
    pub fn known(&self) -> Option<ErrorCode> {
        ErrorCode::from_code(self.code)
    }

    /// Returns true if the same request may succeed later. If this build does not know the code,
    /// its range decides: errors about the server's state are temporary.
    pub(crate) fn is_retryable(&self) -> bool {
        match self.known() {
            Some(known) => known.is_retryable(),
            None => matches!(self.code, 1500..=1599),
        }
    }
}

impl From<Option<wire::Error>> for ServerError {
    fn from(error: Option<wire::Error>) -> Self {
        let error = error.unwrap_or_default();
        Self {
            code: error.code,
            message: error.message,
            detail: error.detail,
            retry_after: Duration::from_millis(error.retry_after_ms.into()),
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.message.is_empty() {
            write!(f, "{} ", self.message)?;
        }
        match self.known() {
            Some(known) => write!(f, "({known:?}, {})", self.code),
            None => write!(f, "({})", self.code),
        }
    }
}

impl std::error::Error for ServerError {}

/// The reason why a join was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The client has ended.
    #[error("the client has ended")]
    Ended,
    /// The client already is in that room, or is joining it.
    #[error("already in {0}, or joining it")]
    AlreadyJoined(EntityId),
    /// The session is already in the maximum number of rooms.
    #[error("a session may be in {max} rooms")]
    TooManyRooms {
        /// The server's limit.
        max: usize,
    },
    /// The join exceeds the server's size limit.
    #[error("a join of {bytes} bytes is larger than the {max} allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The server's limit.
        max: usize,
    },
}

/// The reason why a command or an unreliable message was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The stay has not begun, is ending, or is over.
    #[error("not a member of that room")]
    NotAMember,
    /// The message exceeds the server's size limit.
    #[error("a message of {bytes} bytes is larger than the {max} allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The server's limit.
        max: usize,
    },
    /// Too many commands wait for the room's acknowledgement. Try again after some are
    /// acknowledged.
    #[error("{commands} commands of {bytes} bytes already wait for this room")]
    Backpressure {
        /// The number of waiting commands.
        commands: usize,
        /// The size of their payloads in bytes.
        bytes: usize,
    },
}

/// The stay does not exist or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a member of that room")]
pub struct NotAMember;

/// The reason why a list request was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// The client has ended.
    #[error("the client has ended")]
    Ended,
    /// Too many list requests wait for their answers.
    #[error("{pending} lists already wait for their answer")]
    TooMany {
        /// The number of waiting requests.
        pending: usize,
    },
    /// The request exceeds the server's size limit.
    #[error("a list of {bytes} bytes is larger than the {max} allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The server's limit.
        max: usize,
    },
}

/// The reason why a join failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinRefusal {
    /// The server or the room refused it.
    #[error("{0}")]
    Refused(ServerError),
    /// The session ended before the join was answered.
    #[error("the session ended before the join was answered")]
    SessionLost,
}

/// The error of a command that got no successful reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
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
    /// effects are lost, and it is not sent again.
    #[error("the room was lost with its server, and the command with it")]
    RoomLost,
    /// The session ended first, or the stay ended and the room has no record of it. The outcome of
    /// the command is unknown.
    #[error("outcome unknown, the stay in the room is over")]
    Unknown,
}
