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

/// The part that waits for an outcome.
#[derive(Clone, Debug)]
pub(crate) enum Asker {
    /// A login, to read or to take the player's record.
    Login(LoginId),
    /// The gateway, to find the owner of a room that sessions want to join.
    Lookup(EntityId),
    /// The rooms, to own one.
    Claim(EntityId),
    /// A room that failed, to start again under a new epoch.
    Restart {
        handle: Handle,
        entity: EntityId,
        attempt: u8,
    },
    /// The rooms, to know what storage has of an entity that is theirs.
    Load {
        entity: EntityId,
        epoch: Epoch,
        attempt: u8,
    },
    /// The rooms, for a part of such a state.
    LoadPart {
        entity: EntityId,
        epoch: Epoch,
        part: PartId,
        attempt: u8,
    },
    /// The rooms, to put aside what cannot be read.
    Quarantine {
        entity: EntityId,
        epoch: Epoch,
        reason: String,
        attempt: u8,
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

/// Attempts to settle whose a record is.
pub(crate) const ATTEMPTS_MAX: u8 = 3;
