//! The errors of documents, each saying if the operation was done: [`DocumentError`].

use wayfare_core::game::Refusal;
use wayfare_protocol::storage::Failure;

use crate::CodecError;

/// Reasons why an operation on [`Documents`](crate::Documents) failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not done: the document does not match the expectation, because it was written by another.
    #[error("not done: the document was written by somebody else")]
    Conflict,
    /// Not done: the function passed to [`update`](crate::Documents::update) refused.
    #[error("not done: {0}")]
    Refused(#[from] Refusal),
    /// Not done: the value cannot be encoded, or the stored document has another type.
    #[error("not done: the document is not of this type: {0}")]
    Codec(#[from] CodecError),
    /// Not done: storage failed. It may work later.
    #[error("not done: {0}")]
    NotDone(String),
    /// Not done: the stored document cannot be read, now or later.
    #[error("not done: what is kept is corrupt: {0}")]
    Corrupt(String),
    /// It may have been done, or may still be. Only a read of the document tells, and only as long
    /// as nobody else writes it.
    #[error("unknown whether done: {0}")]
    Unknown(String),
}

impl DocumentError {
    /// Returns true if the operation certainly was not done, and will not be.
    #[must_use]
    pub const fn is_not_done(&self) -> bool {
        !matches!(self, Self::Unknown(_))
    }
}

impl From<Failure> for DocumentError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotDone(reason) => Self::NotDone(reason),
            Failure::Sealed { .. } => Self::NotDone(failure.to_string()),
            Failure::Corrupt(reason) => Self::Corrupt(reason),
            Failure::Unknown(reason) => Self::Unknown(reason),
        }
    }
}
