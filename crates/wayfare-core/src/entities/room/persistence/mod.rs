//! The place of a kept room in storage, and the changes that storage does not have yet.

mod game_log;
pub(crate) mod image;
mod parts;
mod record;
pub(crate) mod recovery;
mod writing;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use wayfare_protocol::limits::JOURNAL_BYTES_MIN;
use wayfare_protocol::records::room::Append;
use wayfare_protocol::storage::{PartId, Position, Request};
use wayfare_protocol::{Handle, Instant, Membership, Sequence};

use crate::game::Durability;
use crate::game::SessionRef;
use crate::game::TimerId;

use super::rerun::Rerun;
use parts::Shipping;

/// A state up to this is kept a second time rather than digested: a room that large is rare.
const MARK_BYTES_MAX: usize = 64 * 1024;
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);

/// See the module's words.
#[derive(Debug)]
pub(in crate::entities::room) struct Persistence {
    /// Effects wait for storage; otherwise there are snapshots only.
    pub(in crate::entities::room) durable: bool,
    /// Where the next write belongs.
    pub(in crate::entities::room) next: Position,
    /// Events up to here are written, or on their way.
    pub(in crate::entities::room) written: Sequence,
    /// The changes since the last write.
    pub(in crate::entities::room) unwritten: Unwritten,
    pub(in crate::entities::room) way: Option<InFlightWrite>,
    pub(in crate::entities::room) retry: Retry,
    /// Nothing is in storage yet.
    pub(in crate::entities::room) wants_base: bool,
    /// It is time for a snapshot.
    pub(in crate::entities::room) snapshot_due: bool,
    /// Something happened since the last one.
    pub(in crate::entities::room) changed: bool,
    pub(in crate::entities::room) journal_bytes: usize,
    pub(in crate::entities::room) base_bytes: usize,
    /// The state as it was written last.
    pub(in crate::entities::room) fingerprint: StateFingerprint,
    /// Records that may not have reached their logs yet; the first is in flight if `appending`.
    pub(in crate::entities::room) appends: VecDeque<Append>,
    pub(in crate::entities::room) appending: bool,
    /// The forms of parts that storage has by the last snapshot.
    pub(in crate::entities::room) stored_parts: BTreeMap<u32, PartId>,
    /// Parts that are otherwise now.
    pub(in crate::entities::room) stale_parts: BTreeSet<u32>,
    pub(in crate::entities::room) part_version: u64,
    pub(in crate::entities::room) shipping: Option<Shipping>,
    /// Storage was asked to forget it all, and has.
    pub(in crate::entities::room) forgetting: bool,
    pub(in crate::entities::room) forget_failed: bool,
    pub(in crate::entities::room) forgotten: bool,
}

/// By what a state is known again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::entities::room) enum StateFingerprint {
    #[default]
    Unknown,
    /// Itself: nothing is faster to compare, and it is small.
    State(Bytes),
    /// Its SHA-256.
    Digest([u8; 32]),
}

impl StateFingerprint {
    pub(in crate::entities::room) fn of(state: &Bytes) -> Self {
        if state.len() <= MARK_BYTES_MAX {
            Self::State(state.clone())
        } else {
            Self::Digest(Sha256::digest(state).into())
        }
    }
}

/// The changes that storage does not have yet.
#[derive(Debug, Default)]
pub(in crate::entities::room) struct Unwritten {
    /// A handler ran that may have changed the state.
    pub(in crate::entities::room) handled: bool,
    pub(in crate::entities::room) changes: Vec<Bytes>,
    pub(in crate::entities::room) parts: BTreeSet<u32>,
    pub(in crate::entities::room) members: BTreeSet<Membership>,
    /// Former members, and over which session those who were attached are to be found.
    pub(in crate::entities::room) gone: BTreeMap<Membership, Option<SessionRef>>,
    pub(in crate::entities::room) timers: BTreeSet<TimerId>,
    pub(in crate::entities::room) timers_gone: BTreeSet<TimerId>,
    pub(in crate::entities::room) surroundings: bool,
    pub(in crate::entities::room) appends: Vec<(String, Bytes)>,
    pub(in crate::entities::room) calls: BTreeSet<u64>,
    pub(in crate::entities::room) calls_gone: BTreeSet<u64>,
    /// The inputs that were executed since, to be executed again if a later one fails.
    pub(in crate::entities::room) inputs: Vec<Rerun>,
    pub(in crate::entities::room) input_bytes: usize,
    /// The last of `inputs` is being carried out.
    pub(in crate::entities::room) during_input: bool,
    /// The timer whose note is being carried out.
    pub(in crate::entities::room) during_timer: Option<TimerId>,
    /// Timers whose notes were carried out since.
    pub(in crate::entities::room) fired: Vec<TimerId>,
    /// The call whose end is being carried out.
    pub(in crate::entities::room) during_call: Option<u64>,
}

/// A write that was not answered yet.
#[derive(Debug)]
pub(in crate::entities::room) struct InFlightWrite {
    pub(in crate::entities::room) request: Request,
    pub(in crate::entities::room) position: Position,
    /// Effects up to here in the gate are released by it.
    pub(in crate::entities::room) releases: u64,
    pub(in crate::entities::room) bytes: usize,
    pub(in crate::entities::room) is_base: bool,
    pub(in crate::entities::room) appends: Vec<Append>,
    pub(in crate::entities::room) inputs: Vec<Rerun>,
    pub(in crate::entities::room) input_bytes: usize,
    pub(in crate::entities::room) gone: BTreeMap<Membership, Option<SessionRef>>,
    /// The call that will answer it is out.
    pub(in crate::entities::room) asked: bool,
}

/// When to ask again what storage did not do.
#[derive(Debug, Default)]
pub(in crate::entities::room) struct Retry {
    pub(in crate::entities::room) at: Option<Instant>,
    failures: u32,
}

impl Retry {
    pub(in crate::entities::room) fn failed(&mut self, now: Instant) {
        let wait = RETRY_FIRST.saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        self.at = Some(now + wait.min(RETRY_MAX));
    }
}

impl Persistence {
    /// Nothing is stored before `next`.
    pub(in crate::entities::room) fn new(durability: Durability, next: Position) -> Self {
        Self {
            durable: durability == Durability::Durable,
            next,
            written: Sequence(0),
            unwritten: Unwritten::default(),
            way: None,
            retry: Retry::default(),
            wants_base: true,
            snapshot_due: false,
            changed: true,
            journal_bytes: 0,
            base_bytes: 0,
            fingerprint: StateFingerprint::default(),
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
    pub(in crate::entities::room) fn journal_is_long(&self, handle: Handle) -> bool {
        let least = JOURNAL_BYTES_MIN.max(4 * self.base_bytes);
        let own = least / 256 * (handle.0 % 256) as usize;
        self.journal_bytes > least + own
    }

    /// No snapshot will name what was sent for this one.
    pub(in crate::entities::room) fn abandon_shipping(&mut self) {
        if let Some(shipping) = self.shipping.take() {
            self.stale_parts.extend(shipping.sent());
        }
    }

    /// Storage did something. What it did not do before is still to be asked for at its time.
    pub(in crate::entities::room) fn storage_did(&mut self) {
        let write = self.way.as_ref().is_some_and(|way| !way.asked);
        let parts = self.shipping.as_ref().is_some_and(Shipping::has_unasked);
        let append = !self.appends.is_empty() && !self.appending;
        self.retry.failures = 0;
        if !write && !parts && !append && !self.forget_failed {
            self.retry.at = None;
        }
    }

    /// The bytes of inputs that are kept to execute them again.
    pub(in crate::entities::room) fn input_bytes(&self) -> usize {
        let way = self.way.as_ref().map_or(0, |way| way.input_bytes);
        way + self.unwritten.input_bytes
    }

    pub(in crate::entities::room) fn is_busy(&self) -> bool {
        self.way.is_some() || self.shipping.is_some() || !self.appends.is_empty()
    }
}

impl Unwritten {
    pub(in crate::entities::room) fn input(&mut self, input: Rerun) {
        self.input_bytes += input.message().bytes();
        self.inputs.push(input);
    }

    pub(in crate::entities::room) fn member(&mut self, membership: Membership) {
        self.members.insert(membership);
    }

    pub(in crate::entities::room) fn gone(
        &mut self,
        membership: Membership,
        session: Option<SessionRef>,
    ) {
        self.members.remove(&membership);
        self.gone.insert(membership, session);
    }

    pub(in crate::entities::room) fn timer(&mut self, timer: TimerId) {
        self.timers.insert(timer);
    }

    pub(in crate::entities::room) fn timer_gone(&mut self, timer: TimerId) {
        // One that was never written need not be taken back.
        if !self.timers.remove(&timer) {
            self.timers_gone.insert(timer);
        }
    }

    pub(in crate::entities::room) fn call(&mut self, call: u64) {
        self.calls.insert(call);
    }

    pub(in crate::entities::room) fn call_gone(&mut self, call: u64) {
        if !self.calls.remove(&call) {
            self.calls_gone.insert(call);
        }
    }
}
