//! A seat: a client with its player, from its start to its end.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_client_core::{Client, ListId, RoomKey};
use wayfare_protocol::Instant;

/// A membership of a room, as the seat knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stay {
    pub(super) key: RoomKey,
    pub(super) joined: bool,
    pub(super) leaving: bool,
    /// It asked the room to refuse its join.
    pub(super) asked_refusal: bool,
    /// The number of ticks received since the count began.
    pub(super) ticks: u64,
}

/// The seat; see the module's documentation.
pub(super) struct Seat {
    pub(super) player: usize,
    pub(super) name: String,
    pub(super) node: usize,
    pub(super) client: Client,
    /// Its connection, or the attempt at one.
    pub(super) stream: Option<usize>,
    pub(super) stays: BTreeMap<usize, Stay>,
    pub(super) rooms_by_key: BTreeMap<RoomKey, usize>,
    /// True while the seat is in use.
    pub(super) alive: bool,
    pub(super) connected: bool,
    /// Since when no server has had a connection of it.
    pub(super) unserved_since: Option<Instant>,
    pub(super) wakes_at: Option<Instant>,
    /// Its lists in flight, each with the rooms that were private before.
    pub(super) lists: BTreeMap<ListId, BTreeSet<usize>>,
    /// It ends its session as soon as it is connected again.
    pub(super) says_bye: bool,
    /// Where it joined, by the handles of the rooms; for liars only.
    pub(super) joined_at: BTreeMap<u64, u64>,
    /// The number of times that it sent each join, by room and number; for liars only.
    pub(super) joins_sent: BTreeMap<(String, u64), u32>,
    /// True for a seat that only audits and is not a player.
    pub(super) auditor: bool,
}

impl Seat {
    pub(super) fn stay(&self, room: usize) -> Option<&Stay> {
        self.stays.get(&room)
    }
}
