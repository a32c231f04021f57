//! The stored form of the stream of a room: its position, its lineage, its events.

use std::collections::VecDeque;

use bytes::Bytes;
use wayfare_protocol::records::room::{Audience, Base, Event, Reign, RoomRecord};
use wayfare_protocol::{Epoch, Handle, Instant, Sequence};

use super::image::Image;
use crate::game::{Durability, Recipients};
use crate::stream::Stream;
use crate::stream::history::History;
use crate::stream::lineage::Lineage;

/// Writes the position, and the events behind `written` if they are replayed after a loss.
pub(in crate::entities::room) fn put(
    stream: &Stream,
    durability: Durability,
    written: Sequence,
    record: &mut RoomRecord,
) {
    record.sequence = stream.sequence.0;
    record.position_announced = stream.position_announced.0;
    match durability {
        Durability::Durable => {
            record.history_behind = stream.history.dropped().0;
            record.events = stream.history.since(written).map(encode).collect();
        }
        // Events without a promise are not replayed after a rollback.
        Durability::Volatile => record.history_behind = stream.sequence.0,
    }
}

/// Writes what the stream of a whole record begins with.
pub(in crate::entities::room) fn base(stream: &Stream, open: Bytes) -> Base {
    let reigns = stream.lineage.reigns();
    let reigns = reigns.map(|(epoch, first)| Reign {
        epoch: epoch.0,
        first: first.0,
    });
    Base {
        handle: stream.handle().0,
        open,
        lineage: reigns.collect(),
        valid_from_epoch: stream.valid_from_epoch.0,
    }
}

/// Applies the events of a record.
pub(in crate::entities::room) fn apply(events: &mut VecDeque<Event>, record: &mut RoomRecord) {
    events.extend(record.events.drain(..));
    let behind = record.history_behind;
    let kept = events.partition_point(|event| event.sequence <= behind);
    events.drain(..kept);
}

/// The stream of an image, which goes on under a new epoch.
pub(in crate::entities::room) fn restore(
    image: &Image,
    durability: Durability,
    epoch: Epoch,
    now: Instant,
) -> Stream {
    let mut stream = Stream::new(Handle(image.base.handle), epoch);
    stream.sequence = Sequence(image.last.sequence);
    stream.position_announced = Sequence(image.last.position_announced);
    let reigns = image.reigns();
    stream.lineage = Lineage::of(reigns.map(|(epoch, first)| (Epoch(epoch), Sequence(first))));
    stream.lineage.push(epoch, stream.sequence.next());
    if durability == Durability::Durable {
        // Nothing was undone that a client was told of.
        stream.valid_from_epoch = Epoch(image.base.valid_from_epoch);
        stream.wait_for_storage();
    }
    stream.history = history(image, now);
    stream
}

fn history(image: &Image, now: Instant) -> History {
    let mut history = History::behind(Sequence(image.last.history_behind));
    for event in &image.events {
        let audience = Audience::try_from(event.audience).unwrap_or_default();
        let recipients = Recipients::of_stored(audience, &event.members);
        // A copy, for the frame is a slice of its whole record.
        let frame = Bytes::copy_from_slice(&event.frame);
        history.push(Sequence(event.sequence), recipients, frame, now);
    }
    history
}

fn encode((sequence, recipients, frame): (Sequence, &Recipients, &Bytes)) -> Event {
    let (audience, members) = recipients.stored();
    Event {
        sequence: sequence.0,
        audience: audience.into(),
        members,
        frame: frame.clone(),
    }
}
