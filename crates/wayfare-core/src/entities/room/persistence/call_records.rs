//! The stored form of the calls of a room in flight.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::Epoch;
use wayfare_protocol::records::room::{self as stored, RoomRecord, call};

use super::image::Image;
use super::nanos;
use super::timer_records::Times;
use crate::entities::room::machines::calls::{Calls, Pending};
use crate::entities::room::machines::clock::Clock;

/// The calls that began or ended since the last write.
#[derive(Debug, Default)]
pub(in crate::entities::room) struct CallChanges {
    begun: BTreeSet<u64>,
    ended: BTreeSet<u64>,
}

impl CallChanges {
    pub(in crate::entities::room) fn is_empty(&self) -> bool {
        self.begun.is_empty() && self.ended.is_empty()
    }

    pub(in crate::entities::room) fn begin(&mut self, call: u64) {
        self.begun.insert(call);
    }

    pub(in crate::entities::room) fn end(&mut self, call: u64) {
        // One that was never written need not be taken back.
        if !self.begun.remove(&call) {
            self.ended.insert(call);
        }
    }
}

/// Writes all calls.
pub(in crate::entities::room) fn put_all(calls: &Calls, clock: &Clock, record: &mut RoomRecord) {
    let pending = calls.pending.iter();
    record.calls = pending.map(|call| encode(clock, call)).collect();
}

/// Writes those that began or ended.
pub(in crate::entities::room) fn put_changes(
    calls: &Calls,
    clock: &Clock,
    changes: &CallChanges,
    record: &mut RoomRecord,
) {
    record.calls_gone = changes.ended.iter().copied().collect();
    let known = |number| Some((number, calls.pending.get(number)?));
    let begun = changes.begun.iter().filter_map(known);
    record.calls = begun.map(|call| encode(clock, call)).collect();
}

/// Applies a record.
pub(in crate::entities::room) fn apply(
    calls: &mut BTreeMap<u64, stored::Call>,
    record: &mut RoomRecord,
) {
    for gone in record.calls_gone.drain(..) {
        calls.remove(&gone);
    }
    for call in record.calls.drain(..) {
        calls.insert(call.id, call);
    }
}

/// The calls of an image, for an owner under this epoch.
pub(in crate::entities::room) fn restore(image: &Image, times: &Times, epoch: Epoch) -> Calls {
    let mut calls = Calls::new(epoch);
    calls.next = calls.next.max(image.metadata.calls_made);
    let stored = image.calls.iter();
    let known = stored.filter_map(|(id, call)| Some((*id, decode(call, times)?)));
    calls.pending = known.collect();
    calls
}

fn encode(clock: &Clock, (number, pending): (&u64, &Pending)) -> stored::Call {
    let sort = match pending {
        Pending::Run { lost } => call::Sort::Lost(lost.clone()),
        Pending::Ask { tag, due } => call::Sort::Ask(stored::Ask {
            tag: tag.clone(),
            deadline_ns: nanos(clock.age(*due)),
        }),
    };
    stored::Call {
        id: *number,
        sort: Some(sort),
    }
}

fn decode(call: &stored::Call, times: &Times) -> Option<Pending> {
    Some(match call.sort.clone()? {
        call::Sort::Lost(lost) => Pending::Run { lost },
        call::Sort::Ask(ask) => Pending::Ask {
            tag: ask.tag,
            due: times.at(ask.deadline_ns),
        },
    })
}
