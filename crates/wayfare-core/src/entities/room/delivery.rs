//! Numbering, addressing and releasing what a room says.

use std::sync::Arc;

use wayfare_protocol::frame::{put_event, put_server_frame, put_unreliable};
use wayfare_protocol::wire::server_frame::Body;
use wayfare_protocol::wire::{self, reply};
use wayfare_protocol::{Address, Membership, Sequence};

use crate::context::Context;
use crate::game::Recipients;
use crate::game::refusal::wire_error;
use crate::game::{Durability, KindSettings, Refusal};
use crate::peer::{Change, Item, Step, ToGateway};
use crate::stream::gate::{Gate, Holder};
use crate::stream::step_builder::StepBuilder;

use crate::stream::errand::Errand;

use super::Room;

type Gateways = Vec<Address>;

/// The effects of a turn of a room: released together or not at all.
#[derive(Debug)]
pub(crate) struct Effects {
    step: Step,
    gateways: Gateways,
    errands: Vec<Errand>,
    /// The bytes of it that wait at the gate.
    bytes: usize,
}

impl Room {
    pub(super) fn builder(&mut self, context: &mut Context) -> &mut StepBuilder {
        self.builder.get_or_insert_with(|| context.take_builder())
    }

    /// Sends an event of the room: numbered, kept for replay, encoded once.
    pub(super) fn send_event(
        &mut self,
        recipients: Recipients,
        payload: &[u8],
        context: &mut Context,
    ) {
        self.sequence = self.sequence.next();
        let (sequence, handle) = (self.sequence, self.handle);
        if recipients == Recipients::Everyone {
            self.position_announced = sequence;
        }
        self.builder(context).event(sequence, recipients, |bytes| {
            put_event(bytes, handle, sequence, payload);
        });
        self.tell_position(context);
    }

    pub(super) fn send_unreliable(
        &mut self,
        recipients: Recipients,
        payload: &[u8],
        context: &mut Context,
    ) {
        let handle = self.handle;
        self.builder(context).frame(recipients, true, |bytes| {
            put_unreliable(bytes, handle, payload);
        });
    }

    /// Answers a command. An answer with content is numbered like an event, so that a replay
    /// brings it again; "applied, nothing to say" is told at the end of the turn.
    pub(super) fn reply(
        &mut self,
        membership: Membership,
        command: Sequence,
        result: Result<&[u8], Refusal>,
        context: &mut Context,
    ) {
        let result = match result {
            Ok([]) => return self.mark_ack_pending(membership, context),
            Ok(payload) => reply::Result::Payload(payload.to_vec().into()),
            Err(refusal) => reply::Result::Error(wire_error(&refusal)),
        };
        self.sequence = self.sequence.next();
        let sequence = self.sequence;
        let body = Body::Reply(wire::Reply {
            handle: self.handle.0,
            sequence: sequence.0,
            command: command.0,
            result: Some(result),
        });
        self.builder(context)
            .event(sequence, Recipients::One(membership), |bytes| {
                put_server_frame(bytes, body);
            });
        self.tell_position(context);
    }

    /// The member is told at the end of the turn how far its commands were applied.
    pub(super) fn mark_ack_pending(&mut self, membership: Membership, context: &mut Context) {
        if let Some(member) = self.members.get_mut(membership)
            && !std::mem::replace(&mut member.ack_pending, true)
        {
            self.builder(context).owed.push(membership);
        }
    }

    /// Tells everybody the position before members that were not addressed for long would fall
    /// out of the history: a quarter of it, so that the cost is small and the margin is not.
    fn tell_position(&mut self, context: &mut Context) {
        let behind = self.sequence.0 - self.position_announced.0;
        if behind as usize * 4 < self.kind.settings.history.events_max.max(4) {
            return;
        }
        self.send_position(context);
    }

    fn send_position(&mut self, context: &mut Context) {
        self.position_announced = self.sequence;
        let body = Body::Position(wire::Position {
            handle: self.handle.0,
            sequence: self.sequence.0,
        });
        self.builder(context)
            .frame(Recipients::Everyone, false, |bytes| {
                put_server_frame(bytes, body);
            });
    }

    pub(super) fn send_to_session(
        &mut self,
        session: &crate::game::SessionRef,
        change: Change,
        body: Option<Body>,
        context: &mut Context,
    ) {
        self.builder(context).session(session, change, body);
    }

    /// Drops history beyond its bounds; nobody who is attached is left behind by it.
    pub(super) fn trim_history(&mut self, context: &mut Context) {
        self.history.trim(&self.kind.settings.history, context.now);
        if self.history.dropped() > self.position_announced {
            self.send_position(context);
        }
    }

    /// Ends the turn: what was done becomes a step and goes to the gate.
    pub(crate) fn finish_turn(&mut self, context: &mut Context) {
        if self.builder.is_none() {
            return;
        }
        self.send_pending_acks(context);
        self.seal(context);
        self.trim_history(context);
        let Some(mut builder) = self.builder.take() else {
            return;
        };
        builder.seal(&mut self.history, context.now);
        let items = builder.take();
        let errands = std::mem::take(&mut builder.errands);
        context.return_builder(builder);
        let step = Step {
            handle: self.handle,
            entity: self.entity.clone(),
            epoch: self.epoch,
            owner: self.owner.clone(),
            items,
        };
        let effects = Effects {
            gateways: self.gateways_of(&step),
            bytes: bytes_of(&step) + errands.iter().map(Errand::bytes).sum::<usize>(),
            step,
            errands,
        };
        self.held_bytes += effects.bytes;
        self.gate.push(effects);
    }

    /// Every gateway that has attached members, or a session that the step names: as of its turn.
    fn gateways_of(&self, step: &Step) -> Gateways {
        let mut all: Gateways = self.members.gateways().cloned().collect();
        for item in &step.items {
            if let Item::Session { session, .. } = item
                && !all.contains(&session.gateway)
            {
                all.push(session.gateway.clone());
            }
        }
        // In the same order in every run.
        all.sort_unstable();
        all
    }

    pub(super) fn seal(&mut self, context: &mut Context) {
        if let Some(builder) = &mut self.builder {
            builder.seal(&mut self.history, context.now);
        }
    }

    pub(super) fn send_pending_acks(&mut self, context: &mut Context) {
        let owed = std::mem::take(&mut self.builder(context).owed);
        for membership in &owed {
            let Some(member) = self.members.get_mut(*membership) else {
                continue;
            };
            member.ack_pending = false;
            let applied = member.applied;
            self.tell_applied(*membership, applied, context);
        }
        let mut owed = owed;
        owed.clear();
        self.builder(context).owed = owed;
    }

    pub(super) fn tell_applied(
        &mut self,
        membership: Membership,
        applied: Sequence,
        context: &mut Context,
    ) {
        let body = Body::Applied(wire::Applied {
            handle: self.handle.0,
            applied: applied.0,
        });
        self.builder(context)
            .frame(Recipients::One(membership), false, |bytes| {
                put_server_frame(bytes, body);
            });
    }

    /// Sends what passed the gate on its way.
    pub(crate) fn release(&mut self, effects: Effects, context: &mut Context) {
        self.held_bytes -= effects.bytes;
        let step = Arc::new(effects.step);
        for gateway in effects.gateways {
            context.post(&gateway, ToGateway::Step(Arc::clone(&step)));
        }
        for errand in effects.errands {
            self.run_errand(errand, context);
        }
    }
}

/// The gate of a room: of a `Durable` one storage has to have what passes.
pub(super) fn gate(settings: &KindSettings) -> Gate<Effects> {
    let mut gate = Gate::default();
    if settings.durability == Durability::Durable {
        gate.add(Holder::Storage);
    }
    gate
}

fn bytes_of(step: &Step) -> usize {
    let items = step.items.iter().map(|item| match item {
        Item::Frames { bytes, .. } | Item::Session { bytes, .. } => bytes.len(),
    });
    items.sum()
}
