//! Calls to coordination and storage that are under way, and who waits for each.

use std::collections::BTreeMap;

use wayfare_protocol::coordination::Key;
use wayfare_protocol::storage::{PartId, Position};
use wayfare_protocol::{EntityId, Epoch, Handle, SessionId};

/// Names one call; never used again by its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// The name of one login in flight at its gateway; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LoginId(pub(crate) u64);

/// The name of one acquisition of its shard; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AcquisitionId(pub(crate) u64);

/// A request of an acquisition to storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StorageCall {
    /// To seal the entity and to read it.
    Load,
    /// To read a part of its state; the attempt.
    Part(PartId, u8),
    /// To put aside what cannot be read.
    Quarantine,
}

/// The part that waits for an outcome.
#[derive(Clone, Debug)]
pub(crate) enum Asker {
    /// A login, to read or to take the player's record.
    Login(LoginId),
    /// An acquisition, to claim the record of its entity.
    Claim { entity: EntityId, id: AcquisitionId },
    /// An acquisition, to know what storage has of its entity.
    Load {
        entity: EntityId,
        id: AcquisitionId,
        call: StorageCall,
    },
    /// A room under an epoch of its: what is answered to an earlier one is void.
    Room {
        handle: Handle,
        epoch: Epoch,
        wants: Wants,
    },
    /// Nobody: storage is told, and need not answer.
    Nobody,
    /// The rooms, to find an entity that is asked or answered.
    Find(EntityId),
    /// The rooms, to know what earlier incarnations of this node owned.
    Left,
    /// The gateway, to know which sessions they held.
    LeftSessions,
    /// A session that raised its ticket bound.
    Acknowledge { session: SessionId, epoch: Epoch },
    /// Nobody: a record is given up.
    Release(Key),
}

/// The request of a room to storage.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wants {
    /// To store a step or a snapshot.
    Write(Position),
    /// A part of its state to be kept.
    Part(PartId),
    /// Records to be appended to a log.
    Append,
    /// To be forgotten.
    Forget,
}

/// Calls by their names.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    made: u64,
    under_way: BTreeMap<CallId, Asker>,
}

impl Calls {
    pub(crate) fn len(&self) -> usize {
        self.under_way.len()
    }

    pub(crate) fn begin(&mut self, asker: Asker) -> CallId {
        self.made += 1;
        let call = CallId(self.made);
        self.under_way.insert(call, asker);
        call
    }

    /// Ends a call: the part that waits for it, or `None` if it was answered before.
    pub(crate) fn end(&mut self, call: CallId) -> Option<Asker> {
        self.under_way.remove(&call)
    }
}
