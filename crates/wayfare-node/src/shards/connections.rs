//! The connections of one shard, by slot.

use std::io;

use mio::{Registry, Token};
use wayfare_core::ConnectionId;
use wayfare_transport::Connection;

/// A connection and its state in the loop.
pub(crate) struct Entry {
    pub(crate) connection: Connection,
    /// The connection is on the list of those to flush in this turn.
    pub(crate) dirty: bool,
    /// The last flush could not write everything. The next one waits for a writable event.
    pub(crate) blocked: bool,
    /// The core was notified of a backlog, and not yet of its end.
    pub(crate) behind: bool,
    /// The client exceeds its rate, so nothing is read from it.
    pub(crate) paused: bool,
    /// There may be more to read, without an event.
    pub(crate) more: bool,
    /// The connection is on the list of those to read in the next turn.
    pub(crate) unread: bool,
    /// The turn in which it was last read.
    pub(crate) read_in: u64,
    /// The core has ended the connection. Only its close remains to be flushed.
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

    /// Returns true if no connection has data left to write.
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
            unread: false,
            read_in: 0,
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

    /// Returns the connection in the slot that an event names.
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
