//! Lists and details of the rooms of a shard, for clients and operators.

use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::Arc;

use wayfare_protocol::limits::{LIST_ROOMS_MAX, LIST_SLICE_ROOMS_MAX, LIST_SLICES_TURN_MAX};
use wayfare_protocol::{Address, EntityId, Instant, ShardIndex};

use crate::context::Context;
use crate::entities::room::Room;
use crate::peer::operator::{RoomDetail, RoomSummary};
use crate::peer::{ListQuery, ListSlice, Listed, ToGateway};
use crate::timers::Wake;

use super::Entities;

/// Slices of lists that wait for their turn, first come, first served.
#[derive(Default)]
pub(super) struct Slices {
    waiting: VecDeque<ListSlice>,
    at: Option<Instant>,
}

impl Slices {
    pub(super) fn poll_timeout(&self) -> Option<Wake> {
        self.at.map(|at| (at, "lists"))
    }
}

impl Entities {
    /// Accepts a slice of a list. It is answered in the next turn that has room for it.
    pub(crate) fn ask_slice(&mut self, slice: ListSlice, context: &Context) {
        self.slices.waiting.push_back(slice);
        self.slices.at.get_or_insert(context.now);
    }

    /// Answers as many slices as a turn may. The next slice of a list waits behind those of others.
    pub(super) fn answer_slices(&mut self, context: &mut Context) {
        for _ in 0..LIST_SLICES_TURN_MAX {
            let Some(slice) = self.slices.waiting.pop_front() else {
                break;
            };
            let gateway = slice.query.gateway.clone();
            let listed = Box::new(self.list(&slice, context.config.address.clone()));
            context.out.post(&gateway, ToGateway::Listed(listed));
        }
        let is_over = self.slices.waiting.is_empty();
        self.slices.at = (!is_over).then_some(context.now);
    }

    fn list(&self, slice: &ListSlice, shard: Address) -> Listed {
        let query = &slice.query;
        let mut listed = Listed {
            number: query.number,
            shard,
            rooms: Vec::new(),
            looked_at: 0,
            next: None,
            truncated: false,
        };
        let prefix = format!("{}/", query.kind);
        let after = slice.after.as_ref().map(EntityId::as_str);
        let begin = after.map_or(Bound::Included(prefix.as_str()), Bound::Excluded);
        let mut rooms = self
            .by_name
            .range::<str, _>((begin, Bound::Unbounded))
            .take_while(|(entity, _)| entity.kind() == query.kind)
            .peekable();
        let mut last = None;
        while listed.looked_at < LIST_SLICE_ROOMS_MAX
            && let Some((entity, handle)) = rooms.next()
        {
            listed.looked_at += 1;
            last = Some(entity);
            let room = self.by_handle.get(handle);
            listed.rooms.extend(
                room.filter(|room| is_match(room, query))
                    .map(|room| room.listed()),
            );
            if listed.rooms.len() > query.limit {
                break;
            }
        }
        if rooms.peek().is_none() {
            return listed;
        }
        let looked_at = slice.looked_at + listed.looked_at;
        if looked_at >= LIST_ROOMS_MAX {
            listed.truncated = true;
            return listed;
        }
        listed.next = Some(Box::new(ListSlice {
            query: Arc::clone(query),
            after: last.cloned(),
            looked_at,
        }));
        listed
    }

    pub(crate) fn summaries(&self, shard: ShardIndex) -> Vec<RoomSummary> {
        self.by_name
            .values()
            .filter_map(|handle| self.by_handle.get(handle))
            .map(|room| summary(room, shard))
            .collect()
    }

    pub(crate) fn detail(&self, entity: &EntityId, shard: ShardIndex) -> Option<RoomDetail> {
        let room = self.by_handle.get(self.by_name.get(entity)?)?;
        Some(RoomDetail {
            summary: summary(room, shard),
            properties: room.properties().clone(),
            members: room
                .players()
                .map(|(id, attached)| (id.clone(), attached))
                .collect(),
        })
    }
}

fn is_match(room: &Room, query: &ListQuery) -> bool {
    let known = room.properties();
    let mut wanted = query.properties.iter();
    !room.is_private() && wanted.all(|(name, value)| known.get(name) == Some(value))
}

fn summary(room: &Room, shard: ShardIndex) -> RoomSummary {
    let listed = room.listed();
    RoomSummary {
        entity: room.id.entity.clone(),
        shard,
        members: listed.members as usize,
        locked: listed.locked,
        private: room.is_private(),
        sequence: room.sequence().0,
        epoch: room.id.epoch.0,
        durability: room.kind().settings.durability,
        held_bytes: room.held_bytes(),
        ticks_unwritten: room.has_unwritten_ticks(),
    }
}
