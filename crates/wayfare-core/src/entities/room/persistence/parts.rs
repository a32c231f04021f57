//! Writing a large state part by part while its room goes on.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::limits::{PARTS_TURN_BYTES_MAX, PARTS_WAY_BYTES_MAX};
use wayfare_protocol::storage::{Outcome, PartId, Request};

use crate::context::Context;
use crate::game::Refusal;
use crate::in_flight::Wants;

use super::super::Room;
use super::super::handlers::Fault;

/// A part on its way.
#[derive(Debug)]
struct Sent {
    request: Request,
    /// The call that will answer it is out.
    asked: bool,
}

/// Parts on their way to storage, for a snapshot that will name them.
#[derive(Debug, Default)]
pub(in crate::entities::room) struct Shipping {
    /// Still to be encoded.
    queue: BTreeSet<u32>,
    /// Encoded and sent, by what they are stored as.
    sent: BTreeMap<u32, PartId>,
    /// Sent and not answered.
    on_their_way: BTreeMap<PartId, Sent>,
    bytes_on_their_way: usize,
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
        !self.queue.is_empty() && self.bytes_on_their_way < PARTS_WAY_BYTES_MAX
    }

    /// Checks whether there is a part that storage did not take.
    pub(in crate::entities::room) fn has_unasked(&self) -> bool {
        self.on_their_way.values().any(|sent| !sent.asked)
    }

    pub(in crate::entities::room) fn is_done(&self) -> bool {
        self.queue.is_empty() && self.on_their_way.is_empty()
    }

    /// Queues parts again that changed after they were written.
    pub(in crate::entities::room) fn again(&mut self, parts: impl IntoIterator<Item = u32>) {
        self.queue.extend(parts);
    }

    /// Nothing can be logged any more before it has ended, and these are to be written as well.
    pub(in crate::entities::room) fn hold(&mut self, parts: BTreeSet<u32>) {
        self.holds = true;
        self.again(parts);
    }

    /// The parts that were sent: without a snapshot that names them they are as if they were not.
    pub(in crate::entities::room) fn sent(&self) -> impl Iterator<Item = u32> {
        self.sent.keys().copied()
    }

    /// The parts that the snapshot will name, given those of the one before.
    pub(in crate::entities::room) fn names(
        &self,
        before: &BTreeMap<u32, PartId>,
    ) -> BTreeMap<u32, PartId> {
        let mut all = before.clone();
        all.extend(&self.sent);
        all
    }
}

impl Room {
    /// Something more of its state can be encoded.
    pub(in crate::entities::room) fn wants_turn(&self) -> bool {
        self.persistence.as_ref().is_some_and(|persistence| {
            let shipping = persistence.shipping.as_ref();
            persistence.retry.at.is_none() && shipping.is_some_and(Shipping::wants_turn)
        })
    }

    /// Encodes some parts, a turn's worth, and sends them.
    ///
    /// # Errors
    /// If a part cannot be encoded or is too large.
    pub(in crate::entities::room) fn ship(&mut self, context: &mut Context) -> Result<(), Refusal> {
        let (mut encoded, mut parts) = (0, Vec::new());
        while let Some(shipping) = self
            .persistence
            .as_mut()
            .and_then(|it| it.shipping.as_mut())
            && encoded < PARTS_TURN_BYTES_MAX
            && shipping.bytes_on_their_way + encoded < PARTS_WAY_BYTES_MAX
            && let Some(number) = shipping.queue.pop_first()
        {
            let part = self.encode_part(number, context)?;
            encoded += part.as_ref().map_or(0, Vec::len);
            parts.push((number, part));
        }
        for (number, part) in parts {
            self.send_part(number, part, context);
        }
        Ok(())
    }

    fn send_part(&mut self, number: u32, part: Option<Vec<u8>>, context: &mut Context) {
        let Some(persistence) = &mut self.persistence else {
            return;
        };
        let Some(shipping) = &mut persistence.shipping else {
            return;
        };
        persistence.stale_parts.remove(&number);
        let Some(bytes) = part else {
            persistence.stored_parts.remove(&number);
            shipping.sent.remove(&number);
            return;
        };
        persistence.part_version += 1;
        let part = PartId {
            number,
            version: persistence.part_version,
        };
        let request = Request::Part {
            entity: self.entity.as_key(),
            epoch: self.epoch,
            part,
            bytes: bytes.into(),
        };
        shipping.bytes_on_their_way += part_bytes(&request);
        shipping.sent.insert(number, part);
        let sent = Sent {
            request: request.clone(),
            asked: true,
        };
        shipping.on_their_way.insert(part, sent);
        self.store(Wants::Part(part), request, context);
    }

    /// Encodes a part; `None` if the part no longer exists.
    pub(in crate::entities::room) fn encode_part(
        &mut self,
        number: u32,
        context: &mut Context,
    ) -> Result<Option<Vec<u8>>, Refusal> {
        let part = self.call_quietly("part", context, |logic| {
            let mut bytes = Vec::new();
            logic
                .part(number, &mut bytes)
                .map(|there| there.then_some(bytes))
        });
        let part = part.map_err(|fault| match fault {
            Fault::Refused(refusal) => refusal,
            Fault::Panicked => Refusal::new("a part panicked when it was encoded"),
        })?;
        match &part {
            Some(bytes) if bytes.len() > PARTS_TURN_BYTES_MAX => Err(Refusal::new(format!(
                "part {number} is {} bytes long; at most {PARTS_TURN_BYTES_MAX}: make smaller parts",
                bytes.len()
            ))),
            _ => Ok(part),
        }
    }

    /// The answer to a part that was sent.
    pub(in crate::entities::room) fn part_kept(
        &mut self,
        part: PartId,
        outcome: Outcome,
        context: &mut Context,
    ) {
        let Some(persistence) = &mut self.persistence else {
            return;
        };
        let Some(shipping) = &mut persistence.shipping else {
            return;
        };
        match outcome {
            Ok(_) => {
                if let Some(sent) = shipping.on_their_way.remove(&part) {
                    shipping.bytes_on_their_way -= part_bytes(&sent.request);
                }
                persistence.storage_did();
            }
            Err(failure) => {
                if let Some(sent) = shipping.on_their_way.get_mut(&part) {
                    sent.asked = false;
                }
                persistence.retry.failed(context.now);
                self.storage_failed(failure, context);
            }
        }
    }

    /// Sends again what storage did not take.
    pub(in crate::entities::room) fn ship_again(&mut self, context: &mut Context) {
        let shipping = self
            .persistence
            .as_mut()
            .and_then(|it| it.shipping.as_mut());
        let mut again = Vec::new();
        for (part, sent) in shipping.into_iter().flat_map(|it| &mut it.on_their_way) {
            if !std::mem::replace(&mut sent.asked, true) {
                again.push((*part, sent.request.clone()));
            }
        }
        for (part, request) in again {
            self.store(Wants::Part(part), request, context);
        }
    }
}

fn part_bytes(request: &Request) -> usize {
    match request {
        Request::Part { bytes, .. } => bytes.len(),
        _ => 0,
    }
}
