//! Calls to coordination and storage that are under way, and who waits for each.

use std::collections::BTreeMap;
use std::sync::Arc;

use wayfare_protocol::coordination::{Commit, Key, Outcome, Reply, Request, Revision, Write};
use wayfare_protocol::storage::{PartId, Position};
use wayfare_protocol::{EntityId, Epoch, Handle, PlayerId, SessionId};

use crate::environment::{ConnectionId, Environment, Report};
use crate::gateway::Login;

/// Names one call; never used again by its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// Who waits for the outcome.
#[derive(Clone, Debug)]
pub(crate) enum Asker {
    /// A login, to read or to take the player's record.
    Login {
        connection: ConnectionId,
        login: Arc<Login>,
    },
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
    Acknowledge {
        session: SessionId,
        epoch: Epoch,
        player: PlayerId,
        attempt: u8,
    },
    /// Nobody: a record is given up, and this is the nth attempt.
    Release {
        key: Key,
        revision: Revision,
        attempt: u8,
    },
}

/// What a room asks storage for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wants {
    /// What it did to be kept.
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

    /// Who waits for this call; nobody if it was answered before.
    pub(crate) fn end(&mut self, call: CallId) -> Option<Asker> {
        self.under_way.remove(&call)
    }
}

/// Attempts to settle or give up a record of ours. What is left then is taken over by whoever
/// wants it next.
pub(crate) const ATTEMPTS_MAX: u8 = 3;

/// Gives up a record as this shard wrote it last.
pub(crate) fn release(key: Key, revision: Revision, environment: &mut Environment) {
    ask_release(key, revision, 1, environment);
}

/// The answer to [`release`], or to a question about the record behind it: what is still there as
/// we wrote it is asked to be removed again. A refusal without cause, or silence, is no news (R10).
pub(crate) fn released(
    (key, revision, attempt): (Key, Revision, u8),
    outcome: Outcome,
    environment: &mut Environment,
) {
    let again = match outcome {
        Ok(Reply::Committed(Commit::Done(_))) => return,
        Ok(Reply::Got { record, .. }) => match record {
            Some(record) if record.revision == revision => false,
            _ => return,
        },
        Ok(_) => true,
        Err(failure) => {
            environment.report(Report::CoordinationFailed(failure));
            true
        }
    };
    if attempt == ATTEMPTS_MAX {
        return;
    }
    if again {
        let asker = Asker::Release {
            key: key.clone(),
            revision,
            attempt: attempt + 1,
        };
        environment.ask(asker, Request::Get(key));
    } else {
        ask_release(key, revision, attempt, environment);
    }
}

fn ask_release(key: Key, revision: Revision, attempt: u8, environment: &mut Environment) {
    let is_entity = key.starts_with("entity/");
    let write = Write::Delete {
        key: key.clone(),
        expect: revision,
    };
    let asker = Asker::Release {
        key,
        revision,
        attempt,
    };
    // An entity's record that comes back is claimed again, and given up again; a session's would
    // let somebody in who said goodbye.
    let request = match is_entity {
        true => Request::CommitLazily(vec![write]),
        false => Request::Commit(vec![write]),
    };
    environment.ask(asker, request);
}
