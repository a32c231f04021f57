//! Which connections get the frames of which room.

use wayfare_protocol::{Address, Epoch, Handle, Membership};

use crate::handles::HandleMap;
use crate::output::ConnectionId;

/// The sessions of this gateway that are attached to one room.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) owner: Address,
    /// The highest seen; what comes under a lower one is void.
    pub(super) epoch: Epoch,
    /// In rising order of membership numbers.
    members: Vec<(Membership, ConnectionId)>,
}

impl Attached {
    pub(super) fn members(&self) -> &[(Membership, ConnectionId)] {
        &self.members
    }

    pub(super) fn connection(&self, membership: Membership) -> Option<ConnectionId> {
        let index = self
            .members
            .binary_search_by_key(&membership, |(number, _)| *number)
            .ok()?;
        Some(self.members[index].1)
    }
}

#[derive(Debug, Default)]
pub(super) struct Attachments {
    rooms: HandleMap<Attached>,
    count: usize,
}

impl Attachments {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn get(&self, handle: Handle) -> Option<&Attached> {
        self.rooms.get(&handle)
    }

    /// Notes what a step says of its room. False if the step is void.
    pub(super) fn observe(&mut self, handle: Handle, epoch: Epoch, owner: &Address) -> bool {
        let Some(room) = self.rooms.get_mut(&handle) else {
            return true;
        };
        if epoch < room.epoch {
            return false;
        }
        if epoch > room.epoch {
            room.epoch = epoch;
            room.owner = owner.clone();
        }
        true
    }

    pub(super) fn attach(
        &mut self,
        handle: Handle,
        (owner, epoch): (&Address, Epoch),
        membership: Membership,
        connection: ConnectionId,
    ) {
        let room = self.rooms.entry(handle).or_insert_with(|| Attached {
            owner: owner.clone(),
            epoch,
            members: Vec::new(),
        });
        match room
            .members
            .binary_search_by_key(&membership, |(number, _)| *number)
        {
            Ok(index) => room.members[index].1 = connection,
            Err(index) => {
                room.members.insert(index, (membership, connection));
                self.count += 1;
            }
        }
    }

    /// Nothing if the member is attached over another connection.
    pub(super) fn detach(
        &mut self,
        handle: Handle,
        membership: Membership,
        connection: ConnectionId,
    ) {
        let Some(room) = self.rooms.get_mut(&handle) else {
            return;
        };
        let found = room
            .members
            .binary_search_by_key(&membership, |(number, _)| *number);
        if let Ok(index) = found
            && room.members[index].1 == connection
        {
            room.members.remove(index);
            self.count -= 1;
            if room.members.is_empty() {
                self.rooms.remove(&handle);
            }
        }
    }
}
