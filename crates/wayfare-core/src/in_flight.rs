//! Calls to coordination and storage in flight, and the machine that each is of.

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

/// A call in flight, by the machine that waits for its outcome.
#[derive(Clone, Debug)]
pub(crate) enum Call {
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
    /// A room under one of its epochs: the answer to a call of an earlier one is void.
    Room {
        handle: Handle,
        epoch: Epoch,
        call: RoomCall,
    },
    /// No machine: the answer does not matter.
    Nobody,
    /// The entities, to find the owner of one that a message is for.
    Find(EntityId),
    /// The entities, to list what earlier incarnations of this node owned.
    Leftovers,
    /// The gateway, to list the sessions that they held.
    SessionLeftovers,
    /// A session that raised its ticket bound.
    Acknowledge { session: SessionId, epoch: Epoch },
    /// The releases, to give up a record.
    Release(Key),
}

/// The request of a room to storage.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RoomCall {
    /// To store a step or a snapshot.
    Write(Position),
    /// A part of its state to be kept.
    Part(PartId),
    /// Records to be appended to a log.
    Append,
    /// To be forgotten.
    Forget,
    /// To be sealed again, after it could not be forgotten.
    Seal,
}

/// Calls by their names.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    made: u64,
    in_flight: BTreeMap<CallId, Call>,
}

impl Calls {
    pub(crate) fn len(&self) -> usize {
        self.in_flight.len()
    }

    pub(crate) fn begin(&mut self, call: Call) -> CallId {
        self.made += 1;
        let id = CallId(self.made);
        self.in_flight.insert(id, call);
        id
    }

    /// Ends a call; `None` if it was answered before.
    pub(crate) fn end(&mut self, id: CallId) -> Option<Call> {
        self.in_flight.remove(&id)
    }
}
