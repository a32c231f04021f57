//! The parts of a large state on their way to storage, while the room goes on.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use wayfare_protocol::limits::{PARTS_TURN_BYTES_MAX, PARTS_WAY_BYTES_MAX};
use wayfare_protocol::storage::{PartId, Request};

use super::{Persistence, ToStorage};
use crate::in_flight::RoomCall;

/// A part in flight.
#[derive(Debug)]
struct Sent {
    bytes: Bytes,
    /// A request for it is in flight.
    asked: bool,
}

/// The parts that are sent for a snapshot which will name them.
#[derive(Debug, Default)]
pub(in crate::entities::room) struct Shipping {
    /// Still to be encoded.
    queue: BTreeSet<u32>,
    /// Encoded and sent, by what they are stored as.
    sent: BTreeMap<u32, PartId>,
    /// Sent and not answered.
    in_flight: BTreeMap<PartId, Sent>,
    bytes_in_flight: usize,
    /// Nothing can be logged before the snapshot that ends this: too much changed at once.
    pub(in crate::entities::room) holds: bool,
}

impl Shipping {
    pub(in crate::entities::room) fn of(queue: BTreeSet<u32>, holds: bool) -> Self {
        Self {
            queue,
            holds,
            ..Self::default()
        }
    }

    /// Something more can be encoded in another turn.
    pub(in crate::entities::room) fn wants_turn(&self) -> bool {
        !self.queue.is_empty() && self.bytes_in_flight < PARTS_WAY_BYTES_MAX
    }

    /// Checks whether there is a part that storage did not take.
    pub(in crate::entities::room) fn has_unasked(&self) -> bool {
        self.in_flight.values().any(|sent| !sent.asked)
    }

    pub(in crate::entities::room) fn is_done(&self) -> bool {
        self.queue.is_empty() && self.in_flight.is_empty()
    }

    /// Queues parts again that changed after they were written.
    pub(in crate::entities::room) fn queue_again(&mut self, parts: impl IntoIterator<Item = u32>) {
        self.queue.extend(parts);
    }

    /// Nothing can be logged any more before it has ended, and these are to be written as well.
    pub(in crate::entities::room) fn hold(&mut self, parts: BTreeSet<u32>) {
        self.holds = true;
        self.queue_again(parts);
    }

    /// The parts that were sent: they are void without a snapshot that names them.
    pub(in crate::entities::room) fn sent(&self) -> impl Iterator<Item = u32> {
        self.sent.keys().copied()
    }

    /// The parts that the snapshot will name, given those of the one before.
    pub(in crate::entities::room) fn names(&self, before: &BTreeMap<u32, PartId>) -> Vec<PartId> {
        let mut all = before.clone();
        all.extend(&self.sent);
        all.into_values().collect()
    }

    /// The next part to be encoded, if this turn has encoded no more than `encoded` bytes.
    pub(in crate::entities::room) fn next_to_encode(&mut self, encoded: usize) -> Option<u32> {
        let is_free =
            encoded < PARTS_TURN_BYTES_MAX && self.bytes_in_flight + encoded < PARTS_WAY_BYTES_MAX;
        is_free.then(|| self.queue.pop_first())?
    }

    /// Storage answered about a part: it has it, or not.
    pub(in crate::entities::room) fn handle_part(&mut self, part: PartId, is_stored: bool) {
        if !is_stored {
            if let Some(sent) = self.in_flight.get_mut(&part) {
                sent.asked = false;
            }
        } else if let Some(sent) = self.in_flight.remove(&part) {
            self.bytes_in_flight -= sent.bytes.len();
        }
    }

    /// Sends again what storage did not take.
    pub(in crate::entities::room) fn ask_again(&mut self, storage: &mut ToStorage<'_>) {
        for (part, sent) in &mut self.in_flight {
            if !std::mem::replace(&mut sent.asked, true) {
                request_part(*part, &sent.bytes, storage);
            }
        }
    }
}

impl Persistence {
    /// Sends a part of the state; `None` if the state no longer has it.
    pub(in crate::entities::room) fn send_part(
        &mut self,
        number: u32,
        part: Option<Vec<u8>>,
        storage: &mut ToStorage<'_>,
    ) {
        let Some(shipping) = &mut self.shipping else {
            return;
        };
        self.stale_parts.remove(&number);
        let Some(bytes) = part else {
            self.stored_parts.remove(&number);
            shipping.sent.remove(&number);
            return;
        };
        self.part_version += 1;
        let part = PartId {
            number,
            version: self.part_version,
        };
        let bytes = Bytes::from(bytes);
        request_part(part, &bytes, storage);
        shipping.bytes_in_flight += bytes.len();
        shipping.sent.insert(number, part);
        shipping.in_flight.insert(part, Sent { bytes, asked: true });
    }
}

fn request_part(part: PartId, bytes: &Bytes, storage: &mut ToStorage<'_>) {
    let request = Request::Part {
        entity: storage.id.entity.as_key(),
        epoch: storage.id.epoch,
        part,
        bytes: bytes.clone(),
    };
    storage.request(RoomCall::Part(part), request);
}
