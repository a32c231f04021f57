//! The acquisition of an entity by this shard: its record is claimed, its storage sealed, its state
//! loaded, and then it is ready.
//!
//! A machine without IO. Its purpose is a value: it says from what the claim starts, and what it means
//! that another shard was faster.

mod loading;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use wayfare_protocol::coordination::{Outcome, Record, Request, Revision};
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::storage::{self, Position};
use wayfare_protocol::{Address, EntityId, Epoch};

use crate::config::ShardConfig;
use crate::entities::room::Recovered;
use crate::game::{Durability, Kind};
use crate::in_flight::StorageCall;
use crate::records::settle::{End, GivenUp, Next, Retry, Settle, Terms, Want};
use crate::report::Report;

use loading::Loading;

/// Readings of a record that changes under this shard's claims, before it is given up.
const READS_MAX: u32 = 4;
/// Claims above a seal that keeps rising, before the entity is given up.
const CLAIMS_MAX: u8 = 4;

/// The reason for which an entity is acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Somebody waits for it.
    Open,
    /// It was this node's before, and comes back for itself.
    ComeBack,
    /// It failed here, and starts again above what is held of it.
    Restart(Held),
}

/// The record of an entity as this shard holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) epoch: Epoch,
    pub(super) revision: Revision,
}

/// The shard that acquires, as it is when an answer comes.
pub(super) struct Claimant<'a> {
    pub(super) config: &'a ShardConfig,
    /// Somebody waits who may create the entity.
    pub(super) has_creator: bool,
    /// There is place for one more.
    pub(super) has_place: bool,
}

/// An effect that the machine asks for.
pub(super) enum Output {
    /// Ask coordination, and answer with [`Acquisition::handle_coordination`].
    Coordinate(Request),
    /// The outcome of a claim is unknown: should it apply unheard, the record has to be given up.
    Doubt,
    /// Ask storage, and answer with [`Acquisition::handle_storage`] and the same call.
    Store(StorageCall, storage::Request),
    /// Something to log.
    Report(Report),
    /// The end; no output follows.
    Ended(Acquired),
}

/// The end of an acquisition. What is held of the record then is [`Acquisition::held`].
pub(super) enum Acquired {
    /// It is ours, and storage has nothing of it; where storage goes on.
    Anew(Held, Position),
    /// It is ours, and this is what storage has of it.
    Stored(Held, Position, Box<Recovered>),
    /// Another shard owns it.
    Others(Address),
    /// Nobody owns it, storage cannot have it, and nobody waits who may create it.
    NotWanted,
    /// Nobody else owns it, and this shard has no place for it.
    NoPlace,
    /// It failed here, and is no longer ours.
    Lost,
    /// Its records are whole, but this version of the game cannot make an entity of them.
    Unreadable(String),
    /// It cannot be acquired now; why.
    Unavailable(&'static str),
}

/// The machine, for one entity. It has one request to coordination in flight, or some to storage.
pub(super) struct Acquisition {
    entity: EntityId,
    kind: Arc<Kind>,
    purpose: Purpose,
    stage: Stage,
    /// It was found that it may be claimed.
    is_claimed: bool,
    held: Option<Held>,
    /// Claims above a seal.
    claims: u8,
    /// The highest seal of another owner.
    sealed: Option<Epoch>,
    outputs: VecDeque<Output>,
}

enum Stage {
    Claim(Settle<Epoch>),
    Load {
        held: Held,
        attempt: u8,
    },
    Parts(Box<Loading>),
    Quarantine {
        held: Held,
        reason: String,
        attempt: u8,
    },
    Ended,
}

impl Acquisition {
    /// An acquisition that has asked nothing yet.
    pub(super) fn new(
        entity: EntityId,
        kind: Arc<Kind>,
        purpose: Purpose,
        config: &ShardConfig,
    ) -> Self {
        let key = EntityRecord::key(&entity);
        let (settle, request) = match purpose {
            Purpose::Open | Purpose::ComeBack => Settle::read_first(key, terms(&kind)),
            Purpose::Restart(held) => {
                let next = claim(held.epoch.next(), config);
                Settle::write_first(key, terms(&kind), held.revision, next)
            }
        };
        Self {
            entity,
            kind,
            purpose,
            stage: Stage::Claim(settle),
            is_claimed: false,
            held: None,
            claims: 1,
            sealed: None,
            outputs: VecDeque::from([Output::Coordinate(request)]),
        }
    }

    pub(super) fn kind(&self) -> &Arc<Kind> {
        &self.kind
    }

    pub(super) fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Checks whether the record is ours, or was claimed.
    pub(super) fn is_claimed(&self) -> bool {
        self.is_claimed
    }

    /// The record, once it is ours.
    pub(super) fn held(&self) -> Option<Held> {
        self.held
    }

    /// The answer to a request to coordination.
    pub(super) fn handle_coordination(&mut self, outcome: Outcome, claimant: &Claimant<'_>) {
        let stage = std::mem::replace(&mut self.stage, Stage::Ended);
        let Stage::Claim(mut settle) = stage else {
            self.stage = stage;
            return;
        };
        let next =
            settle.handle_coordination(outcome, |found, store| self.decide(found, store, claimant));
        if settle.take_doubt() {
            self.outputs.push_back(Output::Doubt);
        }
        match next {
            Next::Ask(request) => {
                self.stage = Stage::Claim(settle);
                self.outputs.push_back(Output::Coordinate(request));
            }
            Next::Ended(End::Settled(revision, epoch)) => self.claimed(Held { epoch, revision }),
            Next::Ended(End::Others(end) | End::Gone(end)) => self.end(end),
            Next::Ended(End::GivenUp(GivenUp::Failed(failure))) => {
                self.report(Report::CoordinationFailed(failure));
                self.end(Acquired::Unavailable("ownership cannot be settled now"));
            }
            Next::Ended(End::GivenUp(GivenUp::Contended)) => {
                self.end(Acquired::Unavailable("the room's record keeps changing"));
            }
        }
    }

    /// The next thing to do.
    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Decides whether the record that was found is claimed, and under which epoch.
    fn decide(
        &mut self,
        found: Option<&Record>,
        store: Revision,
        claimant: &Claimant<'_>,
    ) -> Want<Epoch, Acquired> {
        let config = claimant.config;
        if let Purpose::Restart(held) = self.purpose {
            return match found {
                Some(found) if found.revision == held.revision => {
                    let (value, epoch) = claim(held.epoch.next(), config);
                    Want::Value(value, epoch)
                }
                Some(_) | None => Want::Leave(Acquired::Lost),
            };
        }
        let key = EntityRecord::key(&self.entity);
        let former = found.map(|record| EntityRecord::decode(&key, &record.value));
        // No epoch is above the revision of the commit that wrote it, so that an entity whose record
        // nobody can read can be taken over: above the store's revision it is fenced (R9).
        let (former, floor) = match former.transpose() {
            Ok(former) => (former, Epoch(store.0)),
            Err(corrupt) => {
                self.report(Report::CorruptRecord(corrupt));
                (None, Epoch(store.0).next())
            }
        };
        if let Some(former) = &former
            && !may_claim(&former.owner, config)
        {
            return Want::Leave(Acquired::Others(former.owner.clone()));
        }
        // Of what storage may have it is not known yet whether it has to be created.
        if !self.kind.settings.is_kept() && !claimant.has_creator {
            return Want::Leave(Acquired::NotWanted);
        }
        // It has its place from its first claim on. One that comes back has had it before.
        let has_place = self.is_claimed || claimant.has_place;
        if self.purpose == Purpose::Open && !has_place {
            return Want::Leave(Acquired::NoPlace);
        }
        self.is_claimed = true;
        let after_former = former.map_or(Epoch(1), |former| former.epoch.next());
        let after_seal = self.sealed.map_or(Epoch(1), Epoch::next);
        let (value, epoch) = claim(after_former.max(floor).max(after_seal), config);
        Want::Value(value, epoch)
    }

    fn claimed(&mut self, held: Held) {
        self.held = Some(held);
        match self.kind.settings.is_kept() {
            true => self.load(held, 1),
            false => self.end(Acquired::Anew(held, Position(1))),
        }
    }

    /// Storage was sealed with a higher epoch. An entity that was alive here has a new owner; for any
    /// other the record is raised above the seal first.
    fn outsealed(&mut self, held: Held, by: Epoch, config: &ShardConfig) {
        self.sealed = self.sealed.max(Some(by));
        match self.purpose {
            Purpose::Open | Purpose::ComeBack if self.claims < CLAIMS_MAX => {
                self.claims += 1;
                let key = EntityRecord::key(&self.entity);
                let next = claim(by.next(), config);
                let (settle, request) =
                    Settle::write_first(key, terms(&self.kind), held.revision, next);
                self.stage = Stage::Claim(settle);
                self.outputs.push_back(Output::Coordinate(request));
            }
            Purpose::Open | Purpose::ComeBack => {
                self.end(Acquired::Unavailable("the room's seal keeps changing"));
            }
            Purpose::Restart(_) => {
                let entity = self.entity.clone();
                self.report(Report::Fenced { entity, by });
                self.end(Acquired::Lost);
            }
        }
    }

    fn report(&mut self, report: Report) {
        self.outputs.push_back(Output::Report(report));
    }

    fn end(&mut self, end: Acquired) {
        self.stage = Stage::Ended;
        self.outputs.push_back(Output::Ended(end));
    }
}

/// A claim names this run of this shard and a new epoch: nobody else writes the same.
fn terms(kind: &Kind) -> Terms {
    Terms {
        reads_max: READS_MAX,
        retry: Retry::Unknown,
        is_value_unique: true,
        is_lazy: kind.settings.durability == Durability::Volatile,
    }
}

fn claim(epoch: Epoch, config: &ShardConfig) -> (bytes::Bytes, Epoch) {
    let owner = config.address.clone();
    (EntityRecord { epoch, owner }.encode(), epoch)
}

/// A record may be taken from this shard itself, and from a run that is over.
fn may_claim(owner: &Address, config: &ShardConfig) -> bool {
    *owner == config.address || config.view.is_over(owner, &config.address)
}
