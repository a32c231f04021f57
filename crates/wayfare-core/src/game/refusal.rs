//! A refusal: the "no" of a room or of the server, with its reason.

use wayfare_protocol::{ErrorCode, wire};

/// A room's or the server's "no", with a reason for the person at the other end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The sort of refusal.
    pub code: ErrorCode,
    /// The application's own number; 0 if none.
    pub detail: u32,
    /// For the person at the other end.
    pub message: String,
}

impl Refusal {
    /// The room's own refusal.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::Refused,
            detail: 0,
            message: message.into(),
        }
    }

    /// A refusal of another sort than the room's own.
    pub fn with_code(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            detail: 0,
            message: message.into(),
        }
    }

    /// The same refusal with the application's own number.
    #[must_use]
    pub fn detail(mut self, detail: u32) -> Self {
        self.detail = detail;
        self
    }
}

/// The room's own refusal, so that `?` and `into` turn words into one.
impl From<&str> for Refusal {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

/// As from a `&str`.
impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

/// The error that a client gets for a refusal.
pub(crate) fn wire_error(refusal: &Refusal) -> wire::Error {
    wire::Error {
        code: refusal.code.code(),
        message: refusal.message.clone(),
        detail: refusal.detail,
        retry_after_ms: 0,
    }
}

/// The error that a client gets for a refusal by the server itself.
pub(crate) fn error(code: ErrorCode, message: impl Into<String>) -> wire::Error {
    wire::Error {
        code: code.code(),
        message: message.into(),
        detail: 0,
        retry_after_ms: 0,
    }
}
