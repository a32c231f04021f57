//! The way of a room to storage.

use wayfare_protocol::Handle;
use wayfare_protocol::storage::Request;

use crate::context::Context;
use crate::entities::room::machines::identity::Identity;
use crate::in_flight::{Call, RoomCall};

/// The way of a room to storage, under the epoch that it has.
pub(in crate::entities::room) struct ToStorage<'a> {
    pub(super) id: &'a Identity,
    handle: Handle,
    context: &'a mut Context,
}

impl<'a> ToStorage<'a> {
    pub(in crate::entities::room) fn new(
        id: &'a Identity,
        handle: Handle,
        context: &'a mut Context,
    ) -> Self {
        Self {
            id,
            handle,
            context,
        }
    }

    pub(super) fn request(&mut self, call: RoomCall, request: Request) {
        let call = Call::Room {
            handle: self.handle,
            epoch: self.id.epoch,
            call,
        };
        self.context.store(call, request);
    }
}
