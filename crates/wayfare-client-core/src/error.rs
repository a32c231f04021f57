//! What can go wrong: one enum for each operation, apart for "not even tried" and "answered so".

use std::fmt;
use std::time::Duration;

use wayfare_protocol::{EntityId, ErrorCode, wire};

use crate::LeaveReason;

/// An error as the server stated it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    /// The number on the wire; it may be one that this build has no name for.
    pub code: u32,
    /// Words for a person.
    pub message: String,
    /// The application's own number for a refusal; 0 if none.
    pub detail: u32,
    /// Not before this; zero means at once, if at all.
    pub retry_after: Duration,
}

impl ServerError {
    /// The code's name, if this build knows it.
    #[must_use]
    pub fn known(&self) -> Option<ErrorCode> {
        ErrorCode::from_code(self.code)
    }

    /// Whether the same request may succeed later by itself. Of a code that this build does not
    /// know the range tells: the server's state may pass.
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

/// Why a join was not even tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The client has ended.
    #[error("the client has ended")]
    Ended,
    /// There is a stay in that room, or a join under way.
    #[error("already in {0}, or joining it")]
    AlreadyJoined(EntityId),
    /// The session is in as many rooms as it may be.
    #[error("a session may be in {max} rooms")]
    TooManyRooms {
        /// The server's limit.
        max: usize,
    },
    /// Larger than the server takes.
    #[error("a join of {bytes} bytes is larger than the {max} allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The server's limit.
        max: usize,
    },
}

/// Why a command or an unreliable message was not even taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The stay is over, ending, or has not begun.
    #[error("not a member of that room")]
    NotAMember,
    /// Larger than the server takes.
    #[error("a message of {bytes} bytes is larger than the {max} allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The server's limit.
        max: usize,
    },
    /// Too much waits for the room's acknowledgement: try again when some of it has come.
    #[error("{commands} commands of {bytes} bytes already wait for this room")]
    Backpressure {
        /// How many commands wait.
        commands: usize,
        /// Their payloads' bytes.
        bytes: usize,
    },
}

/// There is no such stay, or none any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a member of that room")]
pub struct NotAMember;

/// Why a list was not even asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// The client has ended.
    #[error("the client has ended")]
    Ended,
    /// Too many lists wait for their answer.
    #[error("{pending} lists already wait for their answer")]
    TooMany {
        /// How many wait.
        pending: usize,
    },
    /// Larger than the server takes.
    #[error("a list of {bytes} bytes is larger than the {max} allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The server's limit.
        max: usize,
    },
}

/// Why a join did not make a member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinRefusal {
    /// The server or the room refused it.
    #[error("{0}")]
    Refused(ServerError),
    /// The session ended before there was an answer.
    #[error("the session ended before the join was answered")]
    SessionLost,
}

/// How a command ended other than with its reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The room answered with an error.
    #[error("{0}")]
    Refused(ServerError),
    /// The room applied the command, but whatever it replied is lost.
    #[error("applied, but the reply is lost")]
    ReplyLost,
    /// The stay ended first: the command was not applied and never will be.
    #[error("not applied, the stay in the room is over: {0}")]
    Left(LeaveReason),
    /// The room was lost with its server first: the command may have been applied before, but
    /// nothing of it is left, and it is not sent again.
    #[error("the room was lost with its server, and nothing of the command is left")]
    RoomLost,
    /// The session ended first, or the stay did and the room remembers nothing of it: nobody can
    /// tell whether the command was applied.
    #[error("unknown whether applied, the stay in the room is over")]
    Unknown,
}
