//! The place of a kept room in storage: the changes that storage does not have yet, the write in
//! flight, and the requests that failed and are made again.

pub(super) mod call_records;
mod fingerprint;
pub(crate) mod image;
mod in_flight_write;
pub(super) mod log_records;
pub(super) mod member_records;
pub(super) mod metadata_records;
pub(super) mod parts;
mod retry;
pub(super) mod stream_records;
pub(super) mod timer_records;
mod to_storage;
mod unwritten;
mod written;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::limits::JOURNAL_BYTES_MIN;
use wayfare_protocol::records::room::{Append, Record};
use wayfare_protocol::storage::{AppendKey, Failure, Outcome, PartId, Position, Request, Snapshot};
use wayfare_protocol::{Epoch, Handle, Instant, Sequence};

use crate::game::Durability;
use crate::in_flight::RoomCall;

use fingerprint::StateFingerprint;
use image::Image;
use in_flight_write::InFlightWrite;
use retry::Retry;

pub(super) use parts::Shipping;
pub(super) use to_storage::ToStorage;
pub(super) use unwritten::{InProgress, Unwritten};
pub(super) use written::Written;

/// The place of a kept room in storage.
#[derive(Debug)]
pub(super) struct Persistence {
    pub(super) durability: Durability,
    /// The position of the next write.
    pub(super) next: Position,
    /// Events up to here are written, or in flight.
    pub(super) written: Sequence,
    /// The changes since the last write.
    pub(super) unwritten: Unwritten,
    pub(super) in_flight: Option<InFlightWrite>,
    retry: Retry,
    /// Nothing is in storage yet.
    pub(super) wants_base: bool,
    /// It is time for a snapshot.
    pub(super) snapshot_due: bool,
    /// When ticks are written that nobody could notice, if there are any.
    pub(super) ticks_due: Option<Instant>,
    /// Something happened since the last one.
    pub(super) changed: bool,
    journal_bytes: usize,
    base_bytes: usize,
    /// The fingerprint of the last written state.
    fingerprint: StateFingerprint,
    /// Records that may not have reached their logs yet; the first is in flight if `appending`.
    appends: VecDeque<Append>,
    appending: bool,
    /// The forms of parts that storage has by the last snapshot.
    pub(super) stored_parts: BTreeMap<u32, PartId>,
    /// Parts that have changed since.
    pub(super) stale_parts: BTreeSet<u32>,
    part_version: u64,
    pub(super) shipping: Option<Shipping>,
    forget: Forget,
}

/// The removal of a room from storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Forget {
    /// Nobody asked for it.
    #[default]
    No,
    InFlight,
    /// It failed, and is asked for again: behind a seal, for it may have applied, and a late load of
    /// an earlier owner may have sealed the name since.
    Failed,
    Sealing,
    Done,
}

impl Persistence {
    /// The place of a room of which storage has nothing before `next`.
    pub(super) fn new(durability: Durability, next: Position) -> Self {
        Self {
            durability,
            next,
            written: Sequence(0),
            unwritten: Unwritten::default(),
            in_flight: None,
            retry: Retry::default(),
            wants_base: true,
            snapshot_due: false,
            ticks_due: None,
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
            forget: Forget::default(),
        }
    }

    /// The place of the room of an image. Its snapshot has `base_bytes`, the journal behind that
    /// `journal_bytes`.
    pub(super) fn restore(
        image: &Image,
        durability: Durability,
        next: Position,
        (base_bytes, journal_bytes): (usize, usize),
    ) -> Self {
        let stored = &image.stored_parts;
        let mut empty = Self::new(durability, next);
        // The new epoch is part of the lineage before anybody hears of it.
        empty.unwritten.metadata = empty.is_durable();
        Self {
            wants_base: false,
            base_bytes,
            journal_bytes,
            written: Sequence(image.last.sequence),
            part_version: stored.iter().map(|it| it.version).max().unwrap_or(0),
            stored_parts: stored.iter().map(|it| (it.number, *it)).collect(),
            stale_parts: image.parts.keys().copied().collect(),
            appends: image.appends.clone().into(),
            ..empty
        }
    }

    /// Effects wait for storage; of other kept rooms there are snapshots only.
    pub(super) fn is_durable(&self) -> bool {
        self.durability == Durability::Durable
    }

    /// Checks whether storage still owes an answer, or has to be asked again.
    pub(super) fn is_busy(&self) -> bool {
        self.in_flight.is_some() || self.shipping.is_some() || !self.appends.is_empty()
    }

    pub(super) fn is_forgotten(&self) -> bool {
        self.forget == Forget::Done
    }

    pub(super) fn has_unwritten_appends(&self) -> bool {
        !self.unwritten.appends.is_empty()
    }

    /// The bytes of inputs that are kept to execute them again.
    pub(super) fn input_bytes(&self) -> usize {
        let in_flight = self.in_flight.as_ref().map_or(0, |it| it.input_bytes);
        in_flight + self.unwritten.input_bytes()
    }

    /// Checks whether nothing that was executed is without its confirmation.
    pub(super) fn has_settled(&self) -> bool {
        self.in_flight.is_none() && self.unwritten.inputs.is_empty()
    }

    /// Something more of its state can be encoded in another turn.
    pub(super) fn wants_turn(&self) -> bool {
        let shipping = self.shipping.as_ref();
        self.retry.at.is_none() && shipping.is_some_and(Shipping::wants_turn)
    }

    /// The journal is long enough to be replaced. Each room has a measure of its own, up to twice
    /// the least: rooms that were opened together, and are as busy, would otherwise all be written
    /// whole at the same moment, again and again.
    pub(super) fn journal_is_long(&self, handle: Handle) -> bool {
        let least = JOURNAL_BYTES_MIN.max(4 * self.base_bytes);
        let own = least / 256 * (handle.0 % 256) as usize;
        self.journal_bytes > least + own
    }

    /// No snapshot will name the parts that were sent for this one.
    pub(super) fn abandon_shipping(&mut self) {
        if let Some(shipping) = self.shipping.take() {
            self.stale_parts.extend(shipping.sent());
        }
    }

    /// Storage did something. Other requests that failed are still made again at their time.
    fn storage_did(&mut self) {
        let write = self.in_flight.as_ref().is_some_and(|it| !it.asked);
        let parts = self.shipping.as_ref().is_some_and(Shipping::has_unasked);
        let append = !self.appends.is_empty() && !self.appending;
        self.retry.failures = 0;
        if !write && !parts && !append && self.forget != Forget::Failed {
            self.retry.at = None;
        }
    }

    // ---- time

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.retry.at
    }

    /// Makes the requests again that failed, if it is time. Returns true if it was: the room may
    /// have something to ask for as well.
    pub(super) fn handle_timeout(&mut self, now: Instant, storage: &mut ToStorage<'_>) -> bool {
        if self.retry.at.is_none_or(|at| at > now) {
            return false;
        }
        self.retry.at = None;
        self.ask_write(storage);
        if let Some(shipping) = &mut self.shipping {
            shipping.ask_again(storage);
        }
        self.append(storage);
        true
    }

    // ---- writes

    /// Sends a step behind the journal.
    pub(super) fn send_step(
        &mut self,
        written: Written,
        (sequence, releases): (Sequence, u64),
        storage: &mut ToStorage<'_>,
    ) {
        let bytes: Bytes = written.record.encode_to_vec().into();
        let request = Request::Journal {
            entity: storage.id.entity.as_key(),
            epoch: storage.id.epoch,
            from: self.next,
            records: vec![bytes.clone()],
        };
        let written = (request, written, bytes.len());
        self.send_write(written, (sequence, releases), storage);
    }

    /// Sends a snapshot in place of the journal. It names these parts.
    pub(super) fn send_base(
        &mut self,
        written: Written,
        parts: Vec<PartId>,
        (sequence, releases): (Sequence, u64),
        storage: &mut ToStorage<'_>,
    ) {
        let bytes: Bytes = written.record.encode_to_vec().into();
        let request = Request::Snapshot {
            entity: storage.id.entity.as_key(),
            epoch: storage.id.epoch,
            snapshot: Snapshot {
                position: self.next,
                bytes: bytes.clone(),
                parts,
            },
        };
        self.shipping = None;
        let written = (request, written, bytes.len());
        self.send_write(written, (sequence, releases), storage);
    }

    fn send_write(
        &mut self,
        (request, written, bytes): (Request, Written, usize),
        (sequence, releases): (Sequence, u64),
        storage: &mut ToStorage<'_>,
    ) {
        self.written = sequence;
        if let Some(fingerprint) = written.fingerprint {
            self.fingerprint = fingerprint;
        }
        let is_base = written.record.base.is_some();
        let mut appends = written.record.appends;
        if is_base {
            // Those that are waiting for their logs are in it, and wait on.
            appends.drain(..self.appends.len().min(appends.len()));
        }
        let unwritten = std::mem::take(&mut self.unwritten);
        self.in_flight = Some(InFlightWrite {
            request,
            position: self.next,
            releases,
            bytes,
            is_base,
            appends,
            input_bytes: unwritten.input_bytes(),
            inputs: unwritten.inputs,
            members: unwritten.members,
            asked: false,
        });
        self.ask_write(storage);
    }

    fn ask_write(&mut self, storage: &mut ToStorage<'_>) {
        if let Some(write) = &mut self.in_flight
            && !std::mem::replace(&mut write.asked, true)
        {
            storage.request(RoomCall::Write(write.position), write.request.clone());
        }
    }

    /// Accepts the answer to a write. Returns the position in the gate that it releases.
    ///
    /// # Errors
    /// If storage failed: the same write is sent again later.
    pub(super) fn handle_written(
        &mut self,
        position: Position,
        outcome: Outcome,
        now: Instant,
    ) -> Result<Option<u64>, Failure> {
        let Some(write) = self.in_flight.take_if(|it| it.position == position) else {
            return Ok(None);
        };
        if let Err(failure) = outcome {
            self.retry.handle_failure(now);
            self.in_flight = Some(InFlightWrite {
                asked: false,
                ..write
            });
            return Err(failure);
        }
        self.storage_did();
        self.next = write.position.next();
        if write.is_base {
            self.wants_base = false;
            self.snapshot_due = false;
            self.base_bytes = write.bytes;
            self.journal_bytes = 0;
            if let Request::Snapshot { snapshot, .. } = &write.request {
                let names = snapshot.parts.iter().map(|part| (part.number, *part));
                self.stored_parts = names.collect();
            }
        } else {
            self.journal_bytes += write.bytes;
        }
        self.appends.extend(write.appends);
        Ok(Some(write.releases))
    }

    /// Accepts the answer to a part.
    ///
    /// # Errors
    /// If storage failed: the part is sent again later.
    pub(super) fn handle_part(
        &mut self,
        part: PartId,
        outcome: Outcome,
        now: Instant,
    ) -> Result<(), Failure> {
        let Some(shipping) = &mut self.shipping else {
            return Ok(());
        };
        shipping.handle_part(part, outcome.is_ok());
        match outcome {
            Ok(_) => {
                self.storage_did();
                Ok(())
            }
            Err(failure) => {
                self.retry.handle_failure(now);
                Err(failure)
            }
        }
    }

    // ---- logs of the game

    /// Sends the next records to their log: only those of steps that are stored.
    pub(super) fn append(&mut self, storage: &mut ToStorage<'_>) {
        if self.appending || self.retry.at.is_some() {
            return;
        }
        let Some(append) = self.appends.front() else {
            return;
        };
        self.appending = true;
        let request = Request::Append {
            log: append.log.as_str().into(),
            epoch: storage.id.epoch,
            key: AppendKey {
                writer: storage.id.entity.as_key(),
                epoch: Epoch(append.epoch),
                step: Position(append.position),
            },
            records: append.records.clone(),
        };
        storage.request(RoomCall::Append, request);
    }

    /// Accepts the answer to an append. Returns records that are dropped because their log is
    /// damaged, with the damage: the log stays so, and the room goes on without it.
    ///
    /// # Errors
    /// If storage failed: the same records are sent again later.
    pub(super) fn handle_appended(
        &mut self,
        outcome: Outcome,
        now: Instant,
    ) -> Result<Option<(Append, String)>, Failure> {
        self.appending = false;
        let damage = match outcome {
            Ok(_) => None,
            Err(Failure::Corrupt(damage)) => Some(damage),
            Err(failure) => {
                self.retry.handle_failure(now);
                return Err(failure);
            }
        };
        let append = self.appends.pop_front();
        self.storage_did();
        Ok(append.zip(damage))
    }

    // ---- the end

    /// Asks storage to forget the room, once nothing else is in flight.
    pub(super) fn forget(&mut self, storage: &mut ToStorage<'_>) {
        // Records for the logs of the game have to get there first.
        let is_logged = self.appends.is_empty() && self.unwritten.appends.is_empty();
        let is_free = is_logged && self.in_flight.is_none() && self.retry.at.is_none();
        if !is_free {
            return;
        }
        let (entity, epoch) = (storage.id.entity.as_key(), storage.id.epoch);
        match self.forget {
            Forget::No => {
                self.forget = Forget::InFlight;
                storage.request(RoomCall::Forget, Request::Forget { entity, epoch });
            }
            Forget::Failed => {
                self.forget = Forget::Sealing;
                storage.request(RoomCall::Seal, Request::Load { entity, epoch });
            }
            Forget::InFlight | Forget::Sealing | Forget::Done => {}
        }
    }

    /// Accepts the answer to the seal before a removal that is asked for again.
    ///
    /// # Errors
    /// If storage failed: it is asked again later.
    pub(super) fn handle_sealed(&mut self, outcome: Outcome, now: Instant) -> Result<(), Failure> {
        match outcome {
            Ok(_) => {
                self.forget = Forget::No;
                Ok(())
            }
            Err(failure) => {
                self.forget = Forget::Failed;
                self.retry.handle_failure(now);
                Err(failure)
            }
        }
    }

    /// Accepts the answer to [`Persistence::forget`].
    ///
    /// # Errors
    /// If storage failed: it is asked again later.
    pub(super) fn handle_forgotten(
        &mut self,
        outcome: Outcome,
        now: Instant,
    ) -> Result<(), Failure> {
        match outcome {
            Ok(_) => {
                self.forget = Forget::Done;
                Ok(())
            }
            Err(failure) => {
                self.forget = Forget::Failed;
                self.retry.handle_failure(now);
                Err(failure)
            }
        }
    }
}

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
