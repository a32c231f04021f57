//! Requests from entity to entity, and their answers: finding whom they are for.

use wayfare_protocol::coordination::{self, Outcome};
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::{EntityId, ErrorCode};

use crate::cluster::placement::place;
use crate::context::Context;
use crate::game::Refusal;
use crate::in_flight::Asker;
use crate::peer::{Ran, Reply, Request, ToEntity};
use crate::routing::directory::{forward_request, owner_of};
use crate::routing::undeliverable::refuse_request;

use super::Entities;

/// A message that waits for the owner of an entity.
pub(super) enum Finding {
    Ask(Box<Request>),
    Answer(Box<Reply>),
}

impl Entities {
    /// A request: for an entity that is here, or that has to be found, or that this shard, having
    /// been asked, brings to life.
    pub(crate) fn ask(&mut self, ask: Box<Request>, context: &mut Context) {
        let entity = ask.entity.clone();
        let Some(ToEntity::Request(ask)) = self.bring(&entity, ToEntity::Request(ask), context)
        else {
            return;
        };
        if ask.hops == 0 {
            return self.find(entity, Finding::Ask(ask), context);
        }
        match self.kind_to_open(&entity, true, context) {
            Ok(kind) => self.open(&entity, kind, ToEntity::Request(ask), context),
            Err(refusal) => refuse_request(&ask, refusal, context),
        }
    }

    /// An answer. One for an entity that lives nowhere is for nobody.
    pub(crate) fn answer(&mut self, answer: Box<Reply>, context: &mut Context) {
        let entity = answer.caller.entity.clone();
        let hops = answer.hops;
        if let Some(ToEntity::Reply(answer)) = self.bring(&entity, ToEntity::Reply(answer), context)
            && hops == 0
        {
            self.find(entity, Finding::Answer(answer), context);
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
        drop(self.bring(entity, ToEntity::Ran(Box::new(ran)), context));
    }

    fn find(&mut self, entity: EntityId, finding: Finding, context: &mut Context) {
        let all = self.finding.entry(entity.clone()).or_default();
        all.push(finding);
        if all.len() == 1 {
            let key = EntityRecord::key(&entity);
            context.ask(Asker::Find(entity), coordination::Request::Get(key));
        }
    }

    /// The record of an entity that is asked or answered.
    pub(crate) fn found(&mut self, entity: &EntityId, outcome: Outcome, context: &mut Context) {
        let all = self.finding.remove(entity).unwrap_or_default();
        let owner = owner_of(entity, outcome, context);
        for finding in all {
            match (finding, &owner) {
                (Finding::Ask(ask), Ok(owner)) => {
                    let placed = || place(entity, &context.config.shards).cloned();
                    let to = owner.clone().or_else(placed);
                    let to = to.unwrap_or_else(|| context.config.address.clone());
                    forward_request(&to, ask, context);
                }
                (Finding::Ask(ask), Err(())) => {
                    let message = "the entity cannot be found now";
                    let refusal = Refusal::with_code(ErrorCode::Unavailable, message);
                    refuse_request(&ask, refusal, context);
                }
                (Finding::Answer(mut answer), Ok(Some(owner))) => {
                    answer.hops += 1;
                    context.post(owner, ToEntity::Reply(answer));
                }
                // Who asked is gone, or will hear that it is late.
                (Finding::Answer(_), _) => {}
            }
        }
    }
}
