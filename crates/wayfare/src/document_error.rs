//! Why an operation on documents failed, and whether it was done: [`DocumentError`].

use wayfare_core::game::Refusal;
use wayfare_protocol::storage::Failure;

use crate::CodecError;

/// Why an operation on [`Documents`](crate::Documents) failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not done: the document is not as it was expected to be, because somebody else wrote it.
    #[error("not done: the document was written by somebody else")]
    Conflict,
    /// Not done: the change that [`update`](crate::Documents::update) was given refused.
    #[error("not done: {0}")]
    Refused(#[from] Refusal),
    /// Not done: the value does not encode, or what is kept does not decode as what was asked for.
    #[error("not done: the document is not of this type: {0}")]
    Codec(#[from] CodecError),
    /// Not done: storage could not. It may work later.
    #[error("not done: {0}")]
    NotDone(String),
    /// Not done: what is kept there cannot be read, and will not be readable later.
    #[error("not done: what is kept is corrupt: {0}")]
    Corrupt(String),
    /// It may have been done, or may still be: only reading the document tells, and only for as
    /// long as nobody else writes it.
    #[error("unknown whether done: {0}")]
    Unknown(String),
}

impl DocumentError {
    /// Whether the operation certainly was not done, and will not be.
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
