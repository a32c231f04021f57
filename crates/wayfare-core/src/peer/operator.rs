//! Queries of an operator to a shard, and its reports.

use std::collections::BTreeMap;

use wayfare_protocol::{EntityId, PlayerId, ShardIndex};

use crate::game::{Durability, Refusal, StoredState};

/// An operator's question or order. Every shard of a node is asked; answers are put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Which rooms are there?
    Rooms,
    /// Everything about one room.
    Room(EntityId),
    /// The state of this room, in its stored form.
    State(EntityId),
    /// Close this room.
    CloseRoom(EntityId),
    /// Which sessions are there?
    Sessions,
    /// End this player's session.
    Kick(PlayerId),
    /// The counts of everything.
    Counts,
}

/// The report of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Its rooms.
    Rooms(Vec<RoomSummary>),
    /// The room, if it is there.
    Room(Option<RoomDetail>),
    /// The room's state, if it is there; or why it cannot be encoded.
    State(Option<Result<StoredState, Refusal>>),
    /// Its sessions.
    Sessions(Vec<SessionSummary>),
    /// True if there was something to do.
    Done(bool),
    /// The counts of everything.
    Counts(Counts),
}

/// A room in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSummary {
    /// Its id.
    pub entity: EntityId,
    /// The shard it lives on.
    pub shard: ShardIndex,
    /// Members, detached ones included.
    pub members: usize,
    /// Takes no new members.
    pub locked: bool,
    /// Is left out of clients' listings.
    pub private: bool,
    /// The last event's number.
    pub sequence: u64,
    /// Its epoch.
    pub epoch: u64,
    /// Its durability.
    pub durability: Durability,
    /// Bytes of its effects that wait for storage.
    pub held_bytes: usize,
    /// Ticks changed its state that storage does not have yet, within the last second.
    pub ticks_unwritten: bool,
}

/// A room in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomDetail {
    /// As in the list.
    pub summary: RoomSummary,
    /// Its properties, as listings show them.
    pub properties: BTreeMap<String, String>,
    /// Its members, and whether each is connected.
    pub members: Vec<(PlayerId, bool)>,
}

/// A session in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSummary {
    /// Whose.
    pub player: PlayerId,
    /// The name shown to others.
    pub name: String,
    /// The shard that holds it.
    pub shard: ShardIndex,
    /// Let in without a token.
    pub guest: bool,
    /// Has a connection.
    pub connected: bool,
    /// The rooms it is in.
    pub rooms: Vec<EntityId>,
}

/// The counts of everything on a shard: after everybody left all are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections, before and after their Hello.
    pub connections: usize,
    /// Sessions, detached ones included.
    pub sessions: usize,
    /// Rooms.
    pub rooms: usize,
    /// Attachments of sessions to rooms.
    pub attachments: usize,
    /// Calls to coordination and storage under way, and entities that wait for one.
    pub calls: usize,
    /// Timers running.
    pub timers: usize,
}
