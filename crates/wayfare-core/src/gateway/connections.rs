//! Connections by the driver's slots, and how far each has come.

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_protocol::{Handle, Instant};

use crate::output::ConnectionId;

use super::session::SessionKey;

/// The state of a connection.
#[derive(Debug)]
pub(super) enum State {
    /// Its Hello is awaited.
    Fresh,
    /// Its token is being checked.
    Authenticating { version: u32 },
    /// Its player's record is being read or taken.
    Claiming,
    /// It carries a session.
    Open(SessionKey),
}

#[derive(Debug)]
pub(super) struct Slot {
    generation: u32,
    pub(super) state: State,
    pub(super) armed: Option<Instant>,
    /// The bytes that the connection had not taken after the last flush.
    pub(super) backlog: usize,
    /// Frames without a message before the connection carried a session.
    pub(super) overhead_frames: u32,
    /// The newest unreliable frame of each room, for when the backlog is gone.
    unreliable: BTreeMap<Handle, Bytes>,
}

impl Slot {
    pub(super) fn keep_unreliable(&mut self, handle: Handle, bytes: Bytes) {
        self.unreliable.insert(handle, bytes);
    }

    pub(super) fn drop_unreliable(&mut self, handle: Handle) {
        self.unreliable.remove(&handle);
    }

    pub(super) fn take_unreliable(&mut self) -> impl Iterator<Item = Bytes> + use<> {
        std::mem::take(&mut self.unreliable).into_values()
    }
}

#[derive(Debug, Default)]
pub(super) struct Connections {
    slots: Vec<Option<Slot>>,
    open: usize,
}

impl Connections {
    pub(super) fn len(&self) -> usize {
        self.open
    }

    pub(super) fn open(&mut self, connection: ConnectionId) {
        let index = connection.slot as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
        }
        let slot = Slot {
            generation: connection.generation,
            state: State::Fresh,
            armed: None,
            backlog: 0,
            overhead_frames: 0,
            unreliable: BTreeMap::new(),
        };
        if self.slots[index].replace(slot).is_none() {
            self.open += 1;
        }
    }

    pub(super) fn get_mut(&mut self, connection: ConnectionId) -> Option<&mut Slot> {
        self.slots
            .get_mut(connection.slot as usize)?
            .as_mut()
            .filter(|slot| slot.generation == connection.generation)
    }

    /// Whoever is in this slot.
    pub(super) fn at(&mut self, index: u32) -> Option<(ConnectionId, &mut Slot)> {
        let slot = self.slots.get_mut(index as usize)?.as_mut()?;
        Some((
            ConnectionId {
                slot: index,
                generation: slot.generation,
            },
            slot,
        ))
    }

    pub(super) fn close(&mut self, connection: ConnectionId) -> Option<State> {
        self.get_mut(connection)?;
        self.open -= 1;
        self.slots[connection.slot as usize]
            .take()
            .map(|slot| slot.state)
    }

    pub(super) fn all(&self) -> Vec<ConnectionId> {
        let id = |(index, slot): (usize, &Option<Slot>)| {
            let generation = slot.as_ref()?.generation;
            Some(ConnectionId {
                slot: u32::try_from(index).ok()?,
                generation,
            })
        };
        self.slots.iter().enumerate().filter_map(id).collect()
    }
}
