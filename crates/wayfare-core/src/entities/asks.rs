//! Requests from entity to entity, and their answers: finding whom they are for.

use wayfare_protocol::coordination::{Outcome, Reply, Request};
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::{Address, EntityId, ErrorCode};

use crate::cluster::placement::place;
use crate::context::Context;
use crate::entities::room::{refuse_ask, send_on};
use crate::game::Refusal;
use crate::in_flight::Asker;
use crate::peer::{Answer, Ask, Message, Ran};
use crate::report::Report;

use super::Entities;

/// What waits to learn where an entity is.
pub(super) enum Finding {
    Ask(Box<Ask>),
    Answer(Box<Answer>),
}

impl Entities {
    /// A request: for an entity that is here, or that has to be found, or that this shard, having
    /// been asked, brings to life.
    pub(crate) fn ask(&mut self, ask: Box<Ask>, context: &mut Context) {
        let entity = ask.entity.clone();
        let Some(Message::Ask(ask)) = self.bring(&entity, Message::Ask(ask), context) else {
            return;
        };
        if ask.hops == 0 {
            return self.find(entity, Finding::Ask(ask), context);
        }
        match self.kind_to_open(&entity, true, context) {
            Ok(kind) => self.begin(&entity, kind, Some(Message::Ask(ask)), context),
            Err(refusal) => refuse_ask(&ask, refusal, context),
        }
    }

    /// An answer. One for an entity that lives nowhere is for nobody.
    pub(crate) fn answer(&mut self, answer: Box<Answer>, context: &mut Context) {
        let entity = answer.caller.entity.clone();
        let hops = answer.hops;
        if let Some(Message::Answer(answer)) = self.bring(&entity, Message::Answer(answer), context)
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
        drop(self.bring(entity, Message::Ran(Box::new(ran)), context));
    }

    fn find(&mut self, entity: EntityId, finding: Finding, context: &mut Context) {
        let all = self.finding.entry(entity.clone()).or_default();
        all.push(finding);
        if all.len() == 1 {
            let key = EntityRecord::key(&entity);
            context.ask(Asker::Find(entity), Request::Get(key));
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
                    send_on(to, ask, context);
                }
                (Finding::Ask(ask), Err(())) => {
                    let message = "the entity cannot be found now";
                    let refusal = Refusal::with_code(ErrorCode::Unavailable, message);
                    refuse_ask(&ask, refusal, context);
                }
                (Finding::Answer(mut answer), Ok(Some(owner))) => {
                    answer.hops += 1;
                    context.post(owner.clone(), Message::Answer(answer));
                }
                // Who asked is gone, or will hear that it is late.
                (Finding::Answer(_), _) => {}
            }
        }
    }
}

/// The live owner of an entity, if it has one.
pub(crate) fn owner_of(
    entity: &EntityId,
    outcome: Outcome,
    context: &mut Context,
) -> Result<Option<Address>, ()> {
    let record = match outcome {
        Ok(Reply::Got { record, .. }) => record,
        Ok(_) => return Err(()),
        Err(failure) => {
            context.report(Report::CoordinationFailed(failure));
            return Err(());
        }
    };
    let Some(record) = record else {
        return Ok(None);
    };
    match EntityRecord::decode(&EntityRecord::key(entity), &record.value) {
        // Who is asked for it reports that, and takes it over.
        Err(_) => Ok(None),
        Ok(record) => Ok((!context.is_former(&record.owner)).then_some(record.owner)),
    }
}
