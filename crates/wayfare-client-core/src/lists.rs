//! List requests that wait for their answers. They belong to no session: each new connection sends
//! them again.

use std::collections::BTreeMap;

use wayfare_protocol::wire::{self, client_frame::Body};
use wayfare_protocol::{Instant, frame};

use crate::outbox::Outbox;
use crate::session::Limits;
use crate::{Event, ListError, ListId, ListedRoom, Listing};

/// The limit of pending list requests; more than an application shows at once.
const LISTS_PENDING_MAX: usize = 16;

#[derive(Default)]
pub(crate) struct Lists {
    pending: BTreeMap<ListId, wire::List>,
    last: u32,
}

impl Lists {
    pub(crate) fn ask(
        &mut self,
        kind: &str,
        properties: BTreeMap<String, String>,
        limit: u32,
        limits: &Limits,
    ) -> Result<(ListId, &wire::List), ListError> {
        let pending = self.pending.len();
        if pending >= LISTS_PENDING_MAX {
            return Err(ListError::TooMany { pending });
        }
        let id = ListId(self.last.wrapping_add(1));
        let list = wire::List {
            request: id.0,
            kind: kind.into(),
            properties,
            limit,
        };
        let (bytes, max) = (
            frame::client_payload(Body::List(list.clone())).len(),
            limits.frame_bytes_max,
        );
        if bytes > max {
            return Err(ListError::TooLarge { bytes, max });
        }
        self.last = id.0;
        Ok((id, self.pending.entry(id).or_insert(list)))
    }

    pub(crate) fn send_again(&self, out: &mut Outbox, now: Instant) {
        for list in self.pending.values() {
            out.send(Body::List(list.clone()), now);
        }
    }

    pub(crate) fn handle_listing(&mut self, listing: wire::Listing, out: &mut Outbox) {
        let list = ListId(listing.request);
        if self.pending.remove(&list).is_none() {
            return;
        }
        let result = match listing.error {
            Some(error) => Err(Some(error).into()),
            None => Ok(Listing {
                rooms: listing.rooms.into_iter().filter_map(listed_room).collect(),
                truncated: listing.truncated,
            }),
        };
        out.event(Event::Listing { list, result });
    }
}

/// Converts a listed room. A room whose name this build refuses is skipped, since it could not be
/// joined either.
fn listed_room(room: wire::ListedRoom) -> Option<ListedRoom> {
    Some(ListedRoom {
        room: room.room.parse().ok()?,
        members: room.members,
        members_max: room.members_max,
        locked: room.locked,
        properties: room.properties,
    })
}
