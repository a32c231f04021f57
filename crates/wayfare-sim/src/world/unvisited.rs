//! Looks at rooms from outside, as an operator does: nothing that a player does wakes them.

use std::collections::BTreeMap;

use wayfare_core::game::StoredState;
use wayfare_core::operator::{Query, RoomDetail};
use wayfare_core::read_stored;
use wayfare_protocol::Epoch;
use wayfare_protocol::storage::{Reply, Request};

use super::{World, kind_name, room_id};
use crate::invariants::{self, Violation};

/// The answers of shards about rooms, since the last question.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) states: BTreeMap<usize, StoredState>,
    pub(super) details: Vec<RoomDetail>,
}

impl World {
    /// Checks that everything that was to come has come: members were told, and rooms that nobody
    /// visits have nothing left, neither in memory nor in storage.
    pub(super) fn check_errands_unvisited(&mut self) -> Result<(), Violation> {
        let members: Vec<(u32, usize)> = self.heard().into_keys().collect();
        for (seat, room) in members {
            self.watched(seat, room, |judge, who| {
                judge.errands_over_for_member(who, room)
            })?;
        }
        for room in 0..self.plan.rooms.len() {
            let node = self.node_of(room);
            let state = match self.state_in_memory(node, room) {
                Some(state) => Some(state),
                None => self.state_in_storage(node, room),
            };
            let texts = state
                .iter()
                .flat_map(|it| [&it.head].into_iter().chain(it.parts.values()));
            let mut due = Vec::new();
            for text in texts {
                let text = String::from_utf8_lossy(text);
                due.extend(
                    text.lines()
                        .filter(|line| line.starts_with("due:"))
                        .map(str::to_owned),
                );
            }
            invariants::check_unvisited(kind_name(room), &due)?;
        }
        Ok(())
    }

    fn state_in_memory(&mut self, node: usize, room: usize) -> Option<StoredState> {
        self.seen.states.clear();
        self.query_shards(node, &Query::State(room_id(room)));
        self.seen.states.remove(&node)
    }

    /// The state of a durable room that no shard has: a timer would have kept it in memory.
    fn state_in_storage(&self, node: usize, room: usize) -> Option<StoredState> {
        if !self.plan.rooms[room].is_durable() {
            return None;
        }
        let (room, epoch) = (room_id(room), Epoch(u64::MAX));
        let entity = room.as_key();
        let mut storage = self.nodes[node].storage.service().clone();
        let loaded = match storage.apply(Request::Load { entity, epoch }) {
            Ok(Reply::Loaded(loaded)) => loaded,
            _ => return None,
        };
        let read_part = |part| match storage.apply(Request::ReadPart {
            entity: room.as_key(),
            part,
        }) {
            Ok(Reply::Part(bytes)) => bytes,
            _ => None,
        };
        let stored = read_stored((&room, &self.kinds), &loaded, read_part);
        stored.expect("rooms of a simulation read what they wrote")
    }

    /// Checks that no room has a member that ended its session.
    pub(super) fn check_byes_are_heard(&mut self, said_bye: &[u32]) -> Result<(), Violation> {
        for room in 0..self.plan.rooms.len() {
            self.seen.details.clear();
            let node = self.node_of(room);
            self.query_shards(node, &Query::Room(room_id(room)));
            let details = std::mem::take(&mut self.seen.details);
            let members = details.iter().flat_map(|detail| &detail.members);
            let members: Vec<String> = members.map(|(player, _)| player.to_string()).collect();
            let seats = said_bye.iter().map(|seat| &self.seats[*seat as usize].name);
            let lingering: Vec<String> = seats
                .filter(|name| members.contains(name))
                .cloned()
                .collect();
            invariants::check_gone(kind_name(room), &lingering)?;
        }
        Ok(())
    }

    fn query_shards(&mut self, node: usize, query: &Query) {
        let now = self.nodes[node].clock.local(self.now);
        for shard in 0..self.nodes[node].shards.len() {
            self.nodes[node].shards[shard]
                .shard
                .handle_operator(0, query, now);
            self.finish((node, shard), now);
            self.schedule_wake(node, shard);
        }
    }
}
