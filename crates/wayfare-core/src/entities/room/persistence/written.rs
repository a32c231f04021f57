//! A record of a turn, before it is sent.

use bytes::Bytes;
use wayfare_protocol::records::room::RoomRecord;

use super::{Persistence, StateFingerprint};

/// A record of a turn, before it is sent.
pub(in crate::entities::room) struct Written {
    pub(in crate::entities::room) record: RoomRecord,
    /// The fingerprint of the state it has, if it has one.
    pub(super) fingerprint: Option<StateFingerprint>,
}

impl Written {
    /// A record with the state, unless storage has that already.
    pub(in crate::entities::room) fn with_state(
        record: RoomRecord,
        state: Option<Bytes>,
        persistence: &Persistence,
    ) -> Self {
        let is_base = record.base.is_some();
        let fingerprint = state.as_ref().map(StateFingerprint::of);
        if !is_base && fingerprint.as_ref() == Some(&persistence.fingerprint) {
            return Self {
                record,
                fingerprint: None,
            };
        }
        Self {
            record: RoomRecord { state, ..record },
            fingerprint,
        }
    }
}
