//! What a kept room knows of its place in storage, and what storage does not have yet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use wayfare_protocol::limits::JOURNAL_BYTES_MIN;
use wayfare_protocol::records::room::Append;
use wayfare_protocol::storage::{PartId, Position, Request};
use wayfare_protocol::{Handle, Instant, Membership, Sequence};

use crate::game::Durability;
use crate::members::SessionRef;
use crate::turn::TimerId;

use super::restart::Rerun;
use super::shipping::Shipping;

/// A state up to this is kept a second time rather than digested: a room that large is rare.
const MARK_BYTES_MAX: usize = 64 * 1024;
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);

/// See the module's words.
#[derive(Debug)]
pub(super) struct Keeper {
    /// Effects wait for storage; otherwise there are snapshots only.
    pub(super) durable: bool,
    /// Where the next write belongs.
    pub(super) next: Position,
    /// Events up to here are written, or on their way.
    pub(super) written: Sequence,
    /// What happened since the last write.
    pub(super) news: News,
    pub(super) way: Option<OnItsWay>,
    pub(super) retry: Retry,
    /// Nothing is in storage yet.
    pub(super) wants_base: bool,
    /// It is time for a snapshot.
    pub(super) snapshot_due: bool,
    /// Something happened since the last one.
    pub(super) changed: bool,
    pub(super) journal_bytes: usize,
    pub(super) base_bytes: usize,
    /// The state as it was written last.
    pub(super) mark: Mark,
    /// What may not have reached its logs yet; the first is on its way if `appending`.
    pub(super) appends: VecDeque<Append>,
    pub(super) appending: bool,
    /// The forms of parts that storage has by the last snapshot.
    pub(super) stored_parts: BTreeMap<u32, PartId>,
    /// Parts that are otherwise now.
    pub(super) stale_parts: BTreeSet<u32>,
    pub(super) part_version: u64,
    pub(super) shipping: Option<Shipping>,
    /// Storage was asked to forget it all, and has.
    pub(super) forgetting: bool,
    pub(super) forget_failed: bool,
    pub(super) forgotten: bool,
}

/// By what a state is known again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Mark {
    #[default]
    Unknown,
    /// Itself: nothing is faster to compare, and it is small.
    State(Bytes),
    /// Its SHA-256.
    Digest([u8; 32]),
}

impl Mark {
    pub(super) fn of(state: &Bytes) -> Self {
        if state.len() <= MARK_BYTES_MAX {
            Self::State(state.clone())
        } else {
            Self::Digest(Sha256::digest(state).into())
        }
    }
}

/// What storage does not have yet.
#[derive(Debug, Default)]
pub(super) struct News {
    /// A handler ran that may have changed the state.
    pub(super) handled: bool,
    pub(super) changes: Vec<Bytes>,
    pub(super) parts: BTreeSet<u32>,
    pub(super) members: BTreeSet<Membership>,
    /// Former members, and over which session those who were attached are to be found.
    pub(super) gone: BTreeMap<Membership, Option<SessionRef>>,
    pub(super) timers: BTreeSet<TimerId>,
    pub(super) timers_gone: BTreeSet<TimerId>,
    pub(super) surroundings: bool,
    pub(super) appends: Vec<(String, Bytes)>,
    pub(super) calls: BTreeSet<u64>,
    pub(super) calls_gone: BTreeSet<u64>,
    /// What was carried out since, to be carried out again should a later one fail.
    pub(super) inputs: Vec<Rerun>,
    pub(super) input_bytes: usize,
    /// The last of `inputs` is being carried out.
    pub(super) during_input: bool,
    /// The timer whose note is being carried out.
    pub(super) during_timer: Option<TimerId>,
    /// Timers whose notes were carried out since.
    pub(super) fired: Vec<TimerId>,
    /// The call whose end is being carried out.
    pub(super) during_call: Option<u64>,
}

/// A write that was not answered yet.
#[derive(Debug)]
pub(super) struct OnItsWay {
    pub(super) request: Request,
    pub(super) position: Position,
    /// Effects up to here in the gate are released by it.
    pub(super) releases: u64,
    pub(super) bytes: usize,
    pub(super) is_base: bool,
    pub(super) appends: Vec<Append>,
    pub(super) inputs: Vec<Rerun>,
    pub(super) input_bytes: usize,
    pub(super) gone: BTreeMap<Membership, Option<SessionRef>>,
    /// The call that will answer it is out.
    pub(super) asked: bool,
}

/// When to ask again what storage did not do.
#[derive(Debug, Default)]
pub(super) struct Retry {
    pub(super) at: Option<Instant>,
    failures: u32,
}

impl Retry {
    pub(super) fn failed(&mut self, now: Instant) {
        let wait = RETRY_FIRST.saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        self.at = Some(now + wait.min(RETRY_MAX));
    }
}

impl Keeper {
    /// Nothing is stored before `next`.
    pub(super) fn new(durability: Durability, next: Position) -> Self {
        Self {
            durable: durability == Durability::Durable,
            next,
            written: Sequence(0),
            news: News::default(),
            way: None,
            retry: Retry::default(),
            wants_base: true,
            snapshot_due: false,
            changed: true,
            journal_bytes: 0,
            base_bytes: 0,
            mark: Mark::default(),
            appends: VecDeque::new(),
            appending: false,
            stored_parts: BTreeMap::new(),
            stale_parts: BTreeSet::new(),
            part_version: 0,
            shipping: None,
            forgetting: false,
            forget_failed: false,
            forgotten: false,
        }
    }

    /// The journal is long enough to be replaced. Each room has a measure of its own, up to twice
    /// the least: rooms that were opened together, and are as busy, would otherwise all be written
    /// whole at the same moment, again and again.
    pub(super) fn journal_is_long(&self, handle: Handle) -> bool {
        let least = JOURNAL_BYTES_MIN.max(4 * self.base_bytes);
        let own = least / 256 * (handle.0 % 256) as usize;
        self.journal_bytes > least + own
    }

    /// No snapshot will name what was sent for this one.
    pub(super) fn abandon_shipping(&mut self) {
        if let Some(shipping) = self.shipping.take() {
            self.stale_parts.extend(shipping.sent());
        }
    }

    /// Storage did something. What it did not do before is still to be asked for at its time.
    pub(super) fn storage_did(&mut self) {
        let write = self.way.as_ref().is_some_and(|way| !way.asked);
        let parts = self.shipping.as_ref().is_some_and(Shipping::has_unasked);
        let append = !self.appends.is_empty() && !self.appending;
        self.retry.failures = 0;
        if !write && !parts && !append && !self.forget_failed {
            self.retry.at = None;
        }
    }

    /// What is kept of inputs, to carry them out again.
    pub(super) fn input_bytes(&self) -> usize {
        let way = self.way.as_ref().map_or(0, |way| way.input_bytes);
        way + self.news.input_bytes
    }

    pub(super) fn is_busy(&self) -> bool {
        self.way.is_some() || self.shipping.is_some() || !self.appends.is_empty()
    }
}

impl News {
    pub(super) fn input(&mut self, input: Rerun) {
        self.input_bytes += input.message().bytes();
        self.inputs.push(input);
    }

    pub(super) fn member(&mut self, membership: Membership) {
        self.members.insert(membership);
    }

    pub(super) fn gone(&mut self, membership: Membership, session: Option<SessionRef>) {
        self.members.remove(&membership);
        self.gone.insert(membership, session);
    }

    pub(super) fn timer(&mut self, timer: TimerId) {
        self.timers.insert(timer);
    }

    pub(super) fn timer_gone(&mut self, timer: TimerId) {
        // One that was never written need not be taken back.
        if !self.timers.remove(&timer) {
            self.timers_gone.insert(timer);
        }
    }

    pub(super) fn call(&mut self, call: u64) {
        self.calls.insert(call);
    }

    pub(super) fn call_gone(&mut self, call: u64) {
        if !self.calls.remove(&call) {
            self.calls_gone.insert(call);
        }
    }
}
