//! The connections of one shard, by slot.

use std::io;

use mio::{Registry, Token};
use wayfare_core::ConnectionId;
use wayfare_transport::Connection;

/// A connection and what the loop owes it.
pub(crate) struct Entry {
    pub(crate) connection: Connection,
    /// It is on the list of those to flush this turn.
    pub(crate) dirty: bool,
    /// The last flush left something: the next is on the next writable event.
    pub(crate) blocked: bool,
    /// The core was told of a backlog, and not yet that it is gone.
    pub(crate) behind: bool,
    /// The client is over its rate: nothing is read.
    pub(crate) paused: bool,
    /// It may have more to read without an event telling so.
    pub(crate) more: bool,
    /// The core has let go of it; it only flushes its close.
    pub(crate) closing: bool,
}

#[derive(Default)]
struct Slot {
    generation: u32,
    entry: Option<Entry>,
}

#[derive(Default)]
pub(crate) struct Connections {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Connections {
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Nothing is left to write to anybody.
    pub(crate) fn are_flushed(&self) -> bool {
        let mut entries = self.slots.iter().filter_map(|slot| slot.entry.as_ref());
        entries.all(|entry| !entry.connection.is_dirty())
    }

    pub(crate) fn insert(&mut self, connection: Connection) -> ConnectionId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        let place = &mut self.slots[slot as usize];
        place.generation = place.generation.wrapping_add(1);
        place.entry = Some(Entry {
            connection,
            dirty: false,
            blocked: false,
            behind: false,
            paused: false,
            more: false,
            closing: false,
        });
        ConnectionId {
            slot,
            generation: place.generation,
        }
    }

    pub(crate) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Entry> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        slot.entry
            .as_mut()
            .filter(|_| slot.generation == id.generation)
    }

    /// Whoever is in the slot that an event names.
    pub(crate) fn of_token(&self, token: Token) -> Option<ConnectionId> {
        let slot = self.slots.get(token.0)?;
        slot.entry.as_ref()?;
        Some(ConnectionId {
            slot: u32::try_from(token.0).ok()?,
            generation: slot.generation,
        })
    }

    pub(crate) fn register(&mut self, id: ConnectionId, registry: &Registry) -> io::Result<()> {
        match self.get_mut(id) {
            Some(entry) => entry.connection.register(registry, Token(id.slot as usize)),
            None => Ok(()),
        }
    }

    pub(crate) fn remove(&mut self, id: ConnectionId) -> Option<Entry> {
        self.get_mut(id)?;
        let entry = self.slots[id.slot as usize].entry.take();
        self.free.push(id.slot);
        entry
    }
}
