//! Lists and details of the rooms of a shard, for clients and operators.

use std::ops::Bound;

use wayfare_protocol::{EntityId, ShardIndex};

use crate::entities::room::Room;
use crate::peer::operator::{RoomDetail, RoomSummary};
use crate::peer::{ListQuery, Listed};

use super::Entities;

/// Rooms one listing looks at, so that a filter that matches nothing costs no more.
const LIST_SCAN_MAX: usize = 10_000;

impl Entities {
    pub(crate) fn list(&self, query: &ListQuery) -> Listed {
        let mut listed = Listed {
            query: query.query,
            rooms: Vec::new(),
            truncated: false,
        };
        let prefix = format!("{}/", query.kind);
        let rooms = self
            .by_name
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .take_while(|(entity, _)| entity.kind() == query.kind);
        for (scanned, (_, handle)) in rooms.enumerate() {
            let Some(room) = self.by_handle.get(handle) else {
                continue;
            };
            let matches = !room.is_private()
                && query.properties.iter().all(|(name, value)| {
                    room.properties()
                        .get(name)
                        .is_some_and(|known| known == value)
                });
            if scanned >= LIST_SCAN_MAX || (matches && listed.rooms.len() >= query.limit) {
                listed.truncated = true;
                break;
            }
            if matches {
                listed.rooms.push(room.listed());
            }
        }
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
    }
}
