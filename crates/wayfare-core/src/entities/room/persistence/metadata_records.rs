//! The stored form of the metadata of a room, and of the numbers that the room gave out.

use wayfare_protocol::records::room::{RoomMetadata, RoomRecord};

use super::image::Image;
use crate::entities::room::machines::calls::Calls;
use crate::entities::room::machines::clock::Clock;
use crate::entities::room::machines::metadata::Metadata;
use crate::game::members::Members;

/// The machines whose numbers are written with the metadata.
pub(in crate::entities::room) struct Numbers<'a> {
    pub(in crate::entities::room) members: &'a Members,
    pub(in crate::entities::room) clock: &'a Clock,
    pub(in crate::entities::room) calls: &'a Calls,
}

/// Writes it all: there is little of it.
pub(in crate::entities::room) fn put(
    metadata: &Metadata,
    numbers: &Numbers<'_>,
    record: &mut RoomRecord,
) {
    record.metadata = Some(RoomMetadata {
        properties: metadata.properties.clone().into_iter().collect(),
        locked: metadata.locked,
        private: metadata.private,
        next_membership: numbers.members.next.0,
        timers_made: numbers.clock.timers_made,
        calls_made: numbers.calls.next,
    });
}

/// Applies a record.
pub(in crate::entities::room) fn apply(metadata: &mut RoomMetadata, record: &mut RoomRecord) {
    if let Some(newer) = record.metadata.take() {
        *metadata = newer;
    }
}

/// The metadata of an image.
pub(in crate::entities::room) fn restore(image: &Image) -> Metadata {
    let stored = &image.metadata;
    Metadata {
        properties: stored.properties.clone().into_iter().collect(),
        locked: stored.locked,
        private: stored.private,
    }
}
