//! Listings of rooms for clients, gathered from all shards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wayfare_protocol::frame::server_frame;
use wayfare_protocol::limits::{
    LIST_ROOMS_PER_FRAME, LISTING_ROOMS_MAX, LISTS_PENDING_MAX, PROPERTIES_MAX,
};
use wayfare_protocol::wire::{self, server_frame::Body};
use wayfare_protocol::{EntityId, ErrorCode};

use crate::output::ConnectionId;
use crate::peer::{ListQuery, ListSlice, Listed, Message};

use super::GatewayTurn;
use super::connections::State;
use super::frames::send_list_refused;
use super::session::SessionKey;

/// A list that shards are still answering. It keeps one room more than it needs, which tells that
/// there are more.
#[derive(Debug)]
struct Listing {
    connection: ConnectionId,
    limit: usize,
    /// The shards that have more slices.
    missing: usize,
    listing: wire::Listing,
}

#[derive(Debug, Default)]
pub(super) struct Listings {
    in_flight: BTreeMap<u64, Listing>,
    by_connection: BTreeSet<(ConnectionId, u64)>,
    made: u64,
}

impl Listings {
    fn insert(&mut self, listing: Listing) -> u64 {
        self.made += 1;
        self.by_connection.insert((listing.connection, self.made));
        self.in_flight.insert(self.made, listing);
        self.made
    }

    fn remove(&mut self, number: u64) -> Option<Listing> {
        let listing = self.in_flight.remove(&number)?;
        self.by_connection.remove(&(listing.connection, number));
        Some(listing)
    }

    /// Forgets the lists of a connection that is gone.
    pub(super) fn drop_of(&mut self, connection: ConnectionId) {
        let numbers: Vec<u64> = self.of(connection).collect();
        for number in numbers {
            self.remove(number);
        }
    }

    fn of(&self, connection: ConnectionId) -> impl Iterator<Item = u64> {
        let range = (connection, 0)..=(connection, u64::MAX);
        self.by_connection.range(range).map(|(_, number)| *number)
    }
}

impl Listing {
    /// Adds a slice, and returns what else to ask its shard for.
    fn add(&mut self, listed: Listed) -> Option<Box<ListSlice>> {
        let rooms = &mut self.listing.rooms;
        rooms.extend(listed.rooms);
        rooms.sort_by(|a, b| a.room.cmp(&b.room));
        rooms.truncate(self.limit + 1);
        self.listing.truncated |= listed.truncated;
        let enough = rooms.get(self.limit).map(|last| last.room.as_str());
        let next = listed.next.filter(|next| {
            let behind = next.after.as_ref().map(EntityId::as_str);
            enough.is_none_or(|last| behind < Some(last))
        });
        self.missing -= usize::from(next.is_none());
        next
    }

    fn finish(mut self) -> wire::Listing {
        self.listing.truncated |= self.listing.rooms.len() > self.limit;
        self.listing.rooms.truncate(self.limit);
        self.listing
    }
}

impl GatewayTurn<'_> {
    pub(super) fn list(&mut self, key: SessionKey, connection: ConnectionId, list: wire::List) {
        let Some(session) = self.gateway.sessions.get(key) else {
            return;
        };
        let pending = self.gateway.listings.of(connection).count();
        let refusal = match self.context.kinds.named(&list.kind) {
            None => Some((
                ErrorCode::KindUnknown,
                "this server has no rooms of that kind",
            )),
            Some(kind) if !kind.settings.list.includes(&session.player) => Some((
                ErrorCode::NotAllowed,
                "rooms of this kind cannot be listed by you",
            )),
            Some(_) if list.properties.len() > PROPERTIES_MAX => {
                Some((ErrorCode::TooLarge, "too many properties to filter by"))
            }
            Some(_) if pending >= LISTS_PENDING_MAX => Some((
                ErrorCode::RateLimited,
                "too many lists of the session wait for an answer",
            )),
            Some(_) => None,
        };
        if let Some(refusal) = refusal {
            return send_list_refused(connection, list.request, refusal, &mut self.context.out);
        }
        let limit = match list.limit as usize {
            0 => LISTING_ROOMS_MAX,
            limit => limit.min(LISTING_ROOMS_MAX),
        };
        let shards = self.context.config.shards.clone();
        let empty = wire::Listing {
            request: list.request,
            ..wire::Listing::default()
        };
        let listing = Listing {
            connection,
            limit,
            missing: shards.len(),
            listing: empty,
        };
        let number = self.gateway.listings.insert(listing);
        let query = Arc::new(ListQuery {
            number,
            gateway: self.context.config.address.clone(),
            kind: list.kind,
            properties: list.properties,
            limit,
        });
        for shard in shards {
            let first = ListSlice {
                query: Arc::clone(&query),
                after: None,
                looked_at: 0,
            };
            self.context
                .out
                .post(&shard, Message::List(Box::new(first)));
        }
    }

    /// Adds a slice to its list, if the client still waits for it, and charges for the rooms that
    /// were looked at.
    pub(crate) fn listed(&mut self, listed: Listed) {
        let (number, shard) = (listed.number, listed.shard.clone());
        let cost = listed.looked_at / LIST_ROOMS_PER_FRAME;
        let Some(listing) = self.gateway.listings.in_flight.get_mut(&number) else {
            return;
        };
        let connection = listing.connection;
        if let Some(next) = listing.add(listed) {
            self.context.out.post(&shard, Message::List(next));
        }
        if listing.missing == 0
            && let Some(done) = self.gateway.listings.remove(number)
        {
            let bytes = server_frame(Body::Listing(done.finish()));
            self.context.out.send(connection, bytes);
        }
        if let Some(slot) = self.gateway.connections.get_mut(connection)
            && let State::Open(key) = slot.state
        {
            self.overdraw(key, u32::try_from(cost).unwrap_or(u32::MAX));
        }
    }
}
