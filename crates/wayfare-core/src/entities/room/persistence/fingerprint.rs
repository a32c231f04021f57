//! The fingerprint of a state.

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// A state up to this is kept a second time rather than digested: a room that large is rare.
const FINGERPRINT_BYTES_MAX: usize = 64 * 1024;

/// The fingerprint of a state, to tell whether it has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum StateFingerprint {
    #[default]
    Unknown,
    /// The state itself: nothing is faster to compare, and it is small.
    State(Bytes),
    /// Its SHA-256.
    Digest([u8; 32]),
}

impl StateFingerprint {
    pub(super) fn of(state: &Bytes) -> Self {
        if state.len() <= FINGERPRINT_BYTES_MAX {
            Self::State(state.clone())
        } else {
            Self::Digest(Sha256::digest(state).into())
        }
    }
}
