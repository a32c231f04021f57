//! The turn of one room: from an input to the effects at its gate.

use std::sync::Arc;
use std::time::Duration;

use wayfare_protocol::Instant;

use super::Room;
use super::persistence::{Persistence, ToStorage};
use crate::context::Context;
use crate::game::Caller;
use crate::output::Output;
use crate::peer::{Request, Step, ToEntity, ToGateway};
use crate::stream::errand::Errand;
use crate::stream::turn_effects::Effects;

/// A room in its turn, with the context that it works in.
pub(crate) struct RoomTurn<'a> {
    pub(crate) room: &'a mut Room,
    pub(crate) context: &'a mut Context,
}

impl<'a> RoomTurn<'a> {
    pub(crate) fn new(room: &'a mut Room, context: &'a mut Context) -> Self {
        room.stream.lend_builder(|| context.take_builder());
        Self { room, context }
    }

    /// The time now, and by the wall clock as [`Context::unix`] says it.
    pub(super) fn times(&self) -> (Instant, (Duration, u32)) {
        (self.context.now, self.context.unix())
    }

    /// The place of a kept room in storage, and the way there.
    pub(super) fn storage(&mut self) -> Option<(&mut Persistence, ToStorage<'_>)> {
        let Room {
            id,
            stream,
            persistence,
            ..
        } = &mut *self.room;
        let storage = ToStorage::new(id, stream.handle(), self.context);
        Some((persistence.as_mut()?, storage))
    }

    /// Ends the turn: what was done becomes a step and goes to the gate.
    pub(crate) fn finish(&mut self) {
        if !self.room.stream.has_effects() {
            let builder = self.room.stream.take_builder();
            return self.context.return_builder(builder);
        }
        self.send_pending_acks();
        let Room {
            id,
            stream,
            members,
            kind,
            ..
        } = &mut *self.room;
        let now = self.context.now;
        stream.seal(now);
        stream.trim(&kind.settings.history, now);
        let head = Step {
            handle: stream.handle(),
            entity: id.entity.clone(),
            epoch: id.epoch,
            owner: self.context.config.address.clone(),
            items: Vec::new(),
        };
        let builder = stream.finish(head, members.gateways().cloned(), now);
        self.context.return_builder(builder);
    }

    /// Tells the members that wait for it how far their commands were applied.
    pub(super) fn send_pending_acks(&mut self) {
        let Room {
            stream, members, ..
        } = &mut *self.room;
        let pending = stream.take_pending_acks();
        for membership in &pending {
            if let Some(member) = members.get_mut(*membership) {
                member.ack_pending = false;
                stream.applied(*membership, member.applied);
            }
        }
        stream.return_pending_acks(pending);
    }

    /// Sends everything that has passed the gate.
    pub(crate) fn release(&mut self) {
        while let Some(effects) = self.room.stream.poll_released() {
            self.send(effects);
        }
    }

    fn send(&mut self, effects: Effects) {
        let step = Arc::new(effects.step);
        for gateway in &effects.gateways {
            self.context
                .out
                .post(gateway, ToGateway::Step(Arc::clone(&step)));
        }
        for errand in effects.errands {
            self.run_errand(errand);
        }
    }

    /// Sends what waited for its step to be released.
    fn run_errand(&mut self, errand: Errand) {
        let id = &self.room.id;
        match errand {
            Errand::Run { run, work } => {
                let entity = id.entity.clone();
                let run = Output::Run { entity, run, work };
                self.context.out.outputs.push_back(run);
            }
            Errand::Ask {
                ask,
                entity,
                request,
                due,
            } => {
                let request = Request {
                    entity,
                    caller: Caller {
                        entity: id.entity.clone(),
                        ask,
                    },
                    payload: request,
                    due,
                    hops: 0,
                };
                let request = ToEntity::Request(Box::new(request));
                self.context.out.post_here(request);
            }
            Errand::Answer(reply) => self.context.out.post_here(ToEntity::Reply(Box::new(reply))),
        }
    }
}
