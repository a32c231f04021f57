//! Messages for entities that are not held here and that nobody opens for them: where the record
//! says that the entity is.

use wayfare_protocol::EntityId;
use wayfare_protocol::coordination::{self, Outcome};
use wayfare_protocol::records::EntityRecord;

use crate::context::Context;
use crate::in_flight::Call;
use crate::peer::{Owner, Ran, Reply, Request, ToEntity};
use crate::routing::directory::{forward, owner_of};
use crate::routing::undeliverable::{
    Undeliverable, ask_to_attach_again, bounce, end_stay, refuse_request,
};

use super::{Entities, absence};

impl Entities {
    /// A request: for an entity that is here, or that this shard, having been asked, brings to life.
    pub(super) fn ask(&mut self, ask: Box<Request>, context: &mut Context) {
        let entity = ask.entity.clone();
        let Some(ToEntity::Request(ask)) = self.deliver(&entity, ToEntity::Request(ask), context)
        else {
            return;
        };
        match self.kind_to_open(&entity, true, context) {
            Ok(kind) => self.open(&entity, kind, ToEntity::Request(ask), context),
            Err(refusal) => refuse_request(&ask, refusal, &mut context.out),
        }
    }

    /// An answer. One for an entity that lives nowhere is for nobody.
    pub(super) fn answer(&mut self, answer: Box<Reply>, context: &mut Context) {
        let entity = answer.caller.entity.clone();
        if let Some(answer) = self.deliver(&entity, ToEntity::Reply(answer), context) {
            self.find(entity, answer, context);
        }
    }

    /// A future has ended; the entity is where it began, or gone.
    pub(crate) fn ran(
        &mut self,
        entity: &EntityId,
        run: u64,
        note: Option<Vec<u8>>,
        context: &mut Context,
    ) {
        let ran = Ran {
            entity: entity.clone(),
            run,
            note: note.map(Into::into),
        };
        // Of an entity that is gone nobody waits for it.
        drop(self.deliver(entity, ToEntity::Ran(Box::new(ran)), context));
    }

    /// Reads the record of an entity for a message that does not open it.
    pub(super) fn find(&mut self, entity: EntityId, message: ToEntity, context: &mut Context) {
        let all = self.finding.entry(entity.clone()).or_default();
        all.push(message);
        if all.len() == 1 {
            let key = EntityRecord::key(&entity);
            context.ask(Call::Find(entity), coordination::Request::Get(key));
        }
    }

    /// The record of an entity that a message is for.
    pub(crate) fn found(&mut self, entity: &EntityId, outcome: Outcome, context: &mut Context) {
        let all = self.finding.remove(entity).unwrap_or_default();
        let owner = owner_of(entity, outcome, context);
        let elsewhere = owner.as_ref().ok().and_then(Option::as_ref);
        let elsewhere = elsewhere.filter(|owner| !context.is_here(owner));
        if let Some(owner) = elsewhere {
            note_owner(entity, owner, context);
        }
        for message in all {
            if self.holds(entity) {
                self.accept(message, context);
            } else if let Some(owner) = elsewhere {
                forward(owner, message, &mut context.out);
            } else {
                self.not_found(entity, message, owner.is_ok(), context);
            }
        }
    }

    /// Answers a message for an entity that has no owner; `is_known` says that its record was read.
    fn not_found(
        &self,
        entity: &EntityId,
        message: ToEntity,
        is_known: bool,
        context: &mut Context,
    ) {
        match message {
            ToEntity::Return(back) if is_known => {
                let reason = absence(entity, &back.member, context);
                end_stay(&back.member, reason, &mut context.out);
            }
            ToEntity::Return(back) => {
                ask_to_attach_again(back.member.session, &mut context.out);
            }
            // The entity that waits for a reply is gone, and its request fails by its deadline.
            ToEntity::Reply(_) | ToEntity::Ran(_) => {}
            message @ (ToEntity::Join(_) | ToEntity::Member(_) | ToEntity::Request(_)) => {
                let why = "the entity cannot be found now";
                bounce(message, Undeliverable::Unavailable(why), &mut context.out);
            }
        }
    }
}

/// Tells this shard's directory the owner that a record named.
pub(super) fn note_owner(
    entity: &EntityId,
    owner: &wayfare_protocol::Address,
    context: &mut Context,
) {
    let (entity, owner) = (entity.clone(), owner.clone());
    context
        .out
        .post_here(crate::peer::Message::Owner(Box::new(Owner {
            entity,
            owner,
        })));
}
