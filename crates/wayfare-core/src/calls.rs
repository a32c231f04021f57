//! Calls to coordination that are under way, and who waits for each.

use std::collections::BTreeMap;

use wayfare_protocol::{EntityId, Epoch, Handle, PlayerId, SessionId};

use crate::environment::ConnectionId;

/// Names one call; never used again by its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// Who waits for the outcome.
#[derive(Clone, Debug)]
pub(crate) enum Asker {
    /// A login, to read or to take the player's record.
    Login(ConnectionId),
    /// The gateway, to find the owner of a room that sessions want to join.
    Lookup(EntityId),
    /// The rooms, to own one.
    Claim(EntityId),
    /// A room that failed, to start again under a new epoch.
    Restart(Handle),
    /// A session that raised its ticket bound.
    Acknowledge {
        session: SessionId,
        epoch: Epoch,
        player: PlayerId,
    },
    /// Nobody: a record was given up.
    Release,
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

    /// Who waits for this call; nobody if it was answered before.
    pub(crate) fn end(&mut self, call: CallId) -> Option<Asker> {
        self.under_way.remove(&call)
    }
}
