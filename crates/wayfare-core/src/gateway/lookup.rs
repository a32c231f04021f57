//! Finding out where a room is, and gathering what several shards know.

use std::collections::BTreeMap;
use std::sync::Arc;

use wayfare_protocol::coordination::{Outcome, Request as Ask};
use wayfare_protocol::frame::server_frame;
use wayfare_protocol::limits::{LISTING_ROOMS_MAX, PROPERTIES_MAX};
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::wire::{self, JoinMode, server_frame::Body};
use wayfare_protocol::{EntityId, ErrorCode};

use crate::cluster::placement::place;
use crate::context::Context;
use crate::game::Refusal;
use crate::game::SessionRef;
use crate::in_flight::Asker;
use crate::output::{ConnectionId, Output};
use crate::peer::{
    Join, ListQuery, Listed, Member, Message, NotOwner, Return, ToEntity, ToGateway,
};
use crate::routing::directory::{HOPS_MAX, owner_of};
use crate::routing::undeliverable::refuse_join;

use super::Gateway;
use super::frames::send_list_refused;
use super::session::SessionKey;

/// A message that waits for the owner of a room.
#[derive(Debug)]
enum Waiting {
    Join(Join),
    Attach(Member),
}

impl Waiting {
    fn session(&self) -> &SessionRef {
        match self {
            Waiting::Join(join) => &join.session,
            Waiting::Attach(member) => &member.session,
        }
    }
}

/// A listing that shards are still answering.
#[derive(Debug)]
struct Listing {
    connection: ConnectionId,
    limit: usize,
    missing: usize,
    listing: wire::Listing,
}

#[derive(Debug, Default)]
pub(super) struct Lookups {
    waiting: BTreeMap<EntityId, Vec<Waiting>>,
    listings: BTreeMap<u64, Listing>,
    listings_made: u64,
}

impl Lookups {
    pub(super) fn join(&mut self, join: Join, context: &mut Context) {
        self.begin(join.entity.clone(), Waiting::Join(join), context);
    }

    pub(super) fn attach(&mut self, entity: EntityId, member: Member, context: &mut Context) {
        self.begin(entity, Waiting::Attach(member), context);
    }

    fn begin(&mut self, entity: EntityId, waiting: Waiting, context: &mut Context) {
        let all = self.waiting.entry(entity.clone()).or_default();
        all.push(waiting);
        if all.len() == 1 {
            let key = EntityRecord::key(&entity);
            context.ask(Asker::Lookup(entity), Ask::Get(key));
        }
    }
}

impl Gateway {
    /// The record of a room that sessions wait for.
    pub(crate) fn found(&mut self, entity: &EntityId, outcome: Outcome, context: &mut Context) {
        let waiting = self.lookups.waiting.remove(entity).unwrap_or_default();
        let owner = match owner_of(entity, outcome, context) {
            Ok(owner) => owner,
            Err(()) => return fail(waiting, context),
        };
        let placed = place(entity, &context.config.shards).cloned();
        let placed = || placed.clone();
        // Storage may have what nobody owns.
        let kept = context
            .kinds
            .of(entity)
            .is_some_and(|kind| kind.settings.is_kept());
        for waiting in waiting {
            // Whoever is gone meanwhile shall not come in by it.
            if self.current(waiting.session()).is_none() {
                continue;
            }
            match (waiting, owner.clone()) {
                (Waiting::Attach(member), owner) => {
                    let to = owner.or_else(placed);
                    let to = to.unwrap_or_else(|| context.config.address.clone());
                    let entity = entity.clone();
                    let back = Return { entity, member };
                    context.post(&to, ToEntity::Return(Box::new(back)));
                }
                (Waiting::Join(join), Some(owner)) => {
                    context.post(&owner, ToEntity::Join(Box::new(join)));
                }
                (Waiting::Join(join), None) if join.mode == JoinMode::JoinExisting && !kept => {
                    let message = "there is no such room";
                    let refusal = Refusal::with_code(ErrorCode::RoomNotFound, message);
                    refuse_join(&join, refusal, context);
                }
                (Waiting::Join(join), None) => {
                    let to = placed();
                    let to = to.unwrap_or_else(|| context.config.address.clone());
                    context.post(&to, ToEntity::Join(Box::new(join)));
                }
            }
        }
    }

    /// The shard that was asked does not own the room, and says who does.
    pub(crate) fn not_owner(&mut self, not_owner: NotOwner, context: &mut Context) {
        let NotOwner { mut join, owner } = not_owner;
        join.hops += 1;
        if join.hops > HOPS_MAX {
            let message = "the room's owner cannot be found now";
            refuse_join(
                &join,
                Refusal::with_code(ErrorCode::Unavailable, message),
                context,
            );
        } else {
            context.post(&owner, ToEntity::Join(Box::new(join)));
        }
    }

    pub(super) fn list(
        &mut self,
        key: SessionKey,
        connection: ConnectionId,
        list: wire::List,
        context: &mut Context,
    ) {
        let Some(session) = self.sessions.get(key) else {
            return;
        };
        let refusal = match context.kinds.named(&list.kind) {
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
            return send_list_refused(connection, list.request, refusal, context);
        }
        let limit = match list.limit as usize {
            0 => LISTING_ROOMS_MAX,
            limit => limit.min(LISTING_ROOMS_MAX),
        };
        self.lookups.listings_made += 1;
        let query = self.lookups.listings_made;
        let shards = context.config.shards.clone();
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
        self.lookups.listings.insert(query, listing);
        let (kind, properties) = (list.kind, list.properties);
        let gateway = context.config.address.clone();
        let asked = Arc::new(ListQuery {
            query,
            gateway,
            kind,
            properties,
            limit,
        });
        for shard in shards {
            context.post(&shard, Message::List(Arc::clone(&asked)));
        }
    }

    /// Adds the part of a listing that comes from a shard.
    pub(crate) fn listed(&mut self, listed: Listed, context: &mut Context) {
        let Some(listing) = self.lookups.listings.get_mut(&listed.query) else {
            return;
        };
        listing.missing -= 1;
        listing.listing.truncated |= listed.truncated;
        listing.listing.rooms.extend(listed.rooms);
        if listing.missing > 0 {
            return;
        }
        let Some(mut done) = self.lookups.listings.remove(&listed.query) else {
            return;
        };
        done.listing.rooms.sort_by(|a, b| a.room.cmp(&b.room));
        done.listing.truncated |= done.listing.rooms.len() > done.limit;
        done.listing.rooms.truncate(done.limit);
        if self.connections.get_mut(done.connection).is_some() {
            let bytes = server_frame(Body::Listing(done.listing));
            context.outputs.push_back(Output::Send {
                connection: done.connection,
                bytes,
            });
        }
    }
}

fn fail(waiting: Vec<Waiting>, context: &mut Context) {
    for waiting in waiting {
        match waiting {
            Waiting::Join(join) => {
                let message = "the room cannot be found now";
                refuse_join(
                    &join,
                    Refusal::with_code(ErrorCode::Unavailable, message),
                    context,
                );
            }
            Waiting::Attach(member) => {
                let gateway = member.session.gateway.clone();
                let unreachable = crate::peer::Unreachable {
                    session: member.session,
                };
                context.post(&gateway, ToGateway::Unreachable(unreachable));
            }
        }
    }
}
