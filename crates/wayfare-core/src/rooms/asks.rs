//! Requests from entity to entity, and their answers: finding whom they are for.

use wayfare_protocol::coordination::{Outcome, Reply, Request};
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::{Address, EntityId, ErrorCode};

use crate::calls::Asker;
use crate::environment::{Environment, Report};
use crate::game::Refusal;
use crate::peer::{Answer, Ask, Message, Ran};
use crate::placement::place;
use crate::room::{refuse_ask, send_on};

use super::Rooms;

/// What waits to learn where an entity is.
pub(super) enum Finding {
    Ask(Box<Ask>),
    Answer(Box<Answer>),
}

impl Rooms {
    /// A request: for an entity that is here, or that has to be found, or that this shard, having
    /// been asked, brings to life.
    pub(crate) fn ask(&mut self, ask: Box<Ask>, environment: &mut Environment) {
        let entity = ask.entity.clone();
        let Some(Message::Ask(ask)) = self.bring(&entity, Message::Ask(ask), environment) else {
            return;
        };
        if ask.hops == 0 {
            return self.find(entity, Finding::Ask(ask), environment);
        }
        match self.kind_to_open(&entity, true, environment) {
            Ok(kind) => self.begin(&entity, kind, Some(Message::Ask(ask)), environment),
            Err(refusal) => refuse_ask(&ask, refusal, environment),
        }
    }

    /// An answer. One for an entity that lives nowhere is for nobody.
    pub(crate) fn answer(&mut self, answer: Box<Answer>, environment: &mut Environment) {
        let entity = answer.caller.entity.clone();
        let hops = answer.hops;
        if let Some(Message::Answer(answer)) =
            self.bring(&entity, Message::Answer(answer), environment)
            && hops == 0
        {
            self.find(entity, Finding::Answer(answer), environment);
        }
    }

    /// A future has ended; the entity is where it began, or gone.
    pub(crate) fn ran(
        &mut self,
        entity: &EntityId,
        run: u64,
        note: Option<Vec<u8>>,
        environment: &mut Environment,
    ) {
        let ran = Ran {
            entity: entity.clone(),
            run,
            note: note.map(Into::into),
        };
        // Of an entity that is gone nobody waits for it.
        drop(self.bring(entity, Message::Ran(Box::new(ran)), environment));
    }

    fn find(&mut self, entity: EntityId, finding: Finding, environment: &mut Environment) {
        let all = self.finding.entry(entity.clone()).or_default();
        all.push(finding);
        if all.len() == 1 {
            let key = EntityRecord::key(&entity);
            environment.ask(Asker::Find(entity), Request::Get(key));
        }
    }

    /// The record of an entity that is asked or answered.
    pub(crate) fn found(
        &mut self,
        entity: &EntityId,
        outcome: Outcome,
        environment: &mut Environment,
    ) {
        let all = self.finding.remove(entity).unwrap_or_default();
        let owner = owner_of(entity, outcome, environment);
        for finding in all {
            match (finding, &owner) {
                (Finding::Ask(ask), Ok(owner)) => {
                    let placed = || place(entity, &environment.config.shards).cloned();
                    let to = owner.clone().or_else(placed);
                    let to = to.unwrap_or_else(|| environment.config.address.clone());
                    send_on(to, ask, environment);
                }
                (Finding::Ask(ask), Err(())) => {
                    let message = "the entity cannot be found now";
                    let refusal = Refusal::with_code(ErrorCode::Unavailable, message);
                    refuse_ask(&ask, refusal, environment);
                }
                (Finding::Answer(mut answer), Ok(Some(owner))) => {
                    answer.hops += 1;
                    environment.post(owner.clone(), Message::Answer(answer));
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
    environment: &mut Environment,
) -> Result<Option<Address>, ()> {
    let record = match outcome {
        Ok(Reply::Got { record, .. }) => record,
        Ok(_) => return Err(()),
        Err(failure) => {
            environment.report(Report::CoordinationFailed(failure));
            return Err(());
        }
    };
    let Some(record) = record else {
        return Ok(None);
    };
    match EntityRecord::decode(&EntityRecord::key(entity), &record.value) {
        // Who is asked for it reports that, and takes it over.
        Err(_) => Ok(None),
        Ok(record) => Ok((!environment.is_former(&record.owner)).then_some(record.owner)),
    }
}
