//! Listings of rooms for clients, gathered from all shards.

use std::collections::BTreeMap;
use std::sync::Arc;

use wayfare_protocol::ErrorCode;
use wayfare_protocol::frame::server_frame;
use wayfare_protocol::limits::{LISTING_ROOMS_MAX, PROPERTIES_MAX};
use wayfare_protocol::wire::{self, server_frame::Body};

use crate::output::{ConnectionId, Output};
use crate::peer::{ListQuery, Listed, Message};

use super::GatewayTurn;
use super::frames::send_list_refused;
use super::session::SessionKey;

/// A listing that shards are still answering.
#[derive(Debug)]
struct Listing {
    connection: ConnectionId,
    limit: usize,
    missing: usize,
    listing: wire::Listing,
}

#[derive(Debug, Default)]
pub(super) struct Listings {
    in_flight: BTreeMap<u64, Listing>,
    made: u64,
}

impl GatewayTurn<'_> {
    pub(super) fn list(&mut self, key: SessionKey, connection: ConnectionId, list: wire::List) {
        let Some(session) = self.gateway.sessions.get(key) else {
            return;
        };
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
            Some(_) => None,
        };
        if let Some(refusal) = refusal {
            return send_list_refused(connection, list.request, refusal, &mut self.context.out);
        }
        let limit = match list.limit as usize {
            0 => LISTING_ROOMS_MAX,
            limit => limit.min(LISTING_ROOMS_MAX),
        };
        self.gateway.listings.made += 1;
        let query = self.gateway.listings.made;
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
        self.gateway.listings.in_flight.insert(query, listing);
        let (kind, properties) = (list.kind, list.properties);
        let gateway = self.context.config.address.clone();
        let asked = Arc::new(ListQuery {
            query,
            gateway,
            kind,
            properties,
            limit,
        });
        for shard in shards {
            self.context
                .out
                .post(&shard, Message::List(Arc::clone(&asked)));
        }
    }

    /// Adds the part of a listing that comes from a shard.
    pub(crate) fn listed(&mut self, listed: Listed) {
        let Some(listing) = self.gateway.listings.in_flight.get_mut(&listed.query) else {
            return;
        };
        listing.missing -= 1;
        listing.listing.truncated |= listed.truncated;
        listing.listing.rooms.extend(listed.rooms);
        if listing.missing > 0 {
            return;
        }
        let Some(mut done) = self.gateway.listings.in_flight.remove(&listed.query) else {
            return;
        };
        done.listing.rooms.sort_by(|a, b| a.room.cmp(&b.room));
        done.listing.truncated |= done.listing.rooms.len() > done.limit;
        done.listing.rooms.truncate(done.limit);
        if self.gateway.connections.get_mut(done.connection).is_some() {
            let bytes = server_frame(Body::Listing(done.listing));
            self.context.out.outputs.push_back(Output::Send {
                connection: done.connection,
                bytes,
            });
        }
    }
}
