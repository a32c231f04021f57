//! The places of entities: reading who owns one, and forwarding to it.

use wayfare_protocol::coordination::{Outcome, Reply};
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::{Address, EntityId, ErrorCode};

use crate::context::Context;
use crate::game::Refusal;
use crate::peer::{Request, ToEntity};
use crate::report::Report;

use super::undeliverable::refuse_request;

/// Shards that a message may be forwarded to before it is refused: nodes that disagree must not
/// forward it in circles.
pub(crate) const HOPS_MAX: u8 = 4;

/// Forwards a request to the shard that owns its entity, within the limit of hops.
pub(crate) fn forward_request(to: &Address, mut request: Box<Request>, context: &mut Context) {
    request.hops += 1;
    if request.hops > HOPS_MAX {
        let message = "the entity's owner cannot be found now";
        let refusal = Refusal::with_code(ErrorCode::Unavailable, message);
        return refuse_request(&request, refusal, context);
    }
    context.post(to, ToEntity::Request(request));
}

/// The live owner of an entity, by the answer to a read of its record; `None` if it has none.
///
/// # Errors
/// If coordination does not say; the failure is reported.
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
