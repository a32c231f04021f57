//! A seat: a client with its player, from its start to its end.

use std::collections::BTreeMap;

use wayfare_client_core::{Client, RoomKey};
use wayfare_protocol::Instant;

/// A membership of a room, as the seat knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stay {
    pub(super) key: RoomKey,
    pub(super) joined: bool,
    pub(super) leaving: bool,
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
    pub(super) wakes_at: Option<Instant>,
    /// True for a seat that only audits and is not a player.
    pub(super) auditor: bool,
}

impl Seat {
    pub(super) fn stay(&self, room: usize) -> Option<&Stay> {
        self.stays.get(&room)
    }
}
