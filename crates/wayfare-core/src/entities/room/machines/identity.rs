//! The identity of a room, and the claim by which this shard owns it.

use wayfare_protocol::coordination::Revision;
use wayfare_protocol::{EntityId, Epoch};

/// The name of a room, and the claim by which this shard owns it.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) entity: EntityId,
    /// The epoch of the claim.
    pub(crate) epoch: Epoch,
    /// Its record in coordination, as this shard wrote it last.
    pub(crate) revision: Revision,
    /// The payload that it was opened with, to open it again.
    pub(crate) open: Box<[u8]>,
}
