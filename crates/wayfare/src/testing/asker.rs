//! The caller at a desk: a room whose only member passes on the test's requests.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayfare_core::game::{
    AskError as Unanswered, Kind, KindSettings, Player, Refusal, RoomKind, RoomLogic,
};
use wayfare_core::{Audience, HandlerContext};
use wayfare_protocol::ErrorCode;

use crate::AskError;
use crate::codec::{CodecError, read_named, write_named};

/// The name of its kind, which no game uses.
pub(super) const KIND: &str = "wayfare-testing-desk";
pub(super) const ROOM: &str = "wayfare-testing-desk/desk";

/// A request of the test.
#[derive(Serialize, Deserialize)]
pub(super) struct Ask {
    pub(super) number: u64,
    pub(super) entity: String,
    pub(super) deadline: Duration,
    pub(super) request: Vec<u8>,
}

/// The answer to a request.
#[derive(Serialize, Deserialize)]
pub(super) struct Heard {
    pub(super) number: u64,
    outcome: Outcome,
}

#[derive(Serialize, Deserialize)]
enum Outcome {
    Answered(Vec<u8>),
    Refused(u32, u32, String),
    Late,
}

impl Heard {
    pub(super) fn into_outcome(self) -> (u64, Result<Vec<u8>, AskError>) {
        let outcome = match self.outcome {
            Outcome::Answered(reply) => Ok(reply),
            Outcome::Refused(code, detail, message) => Err(AskError::Refused(Refusal {
                code: ErrorCode::from_code(code).unwrap_or(ErrorCode::Internal),
                detail,
                message,
            })),
            Outcome::Late => Err(AskError::Late),
        };
        (self.number, outcome)
    }
}

pub(super) fn kind() -> Kind {
    Kind {
        name: KIND.to_owned(),
        logic: Box::new(Asker),
        settings: KindSettings::default(),
    }
}

struct Asker;

impl RoomKind for Asker {
    fn open(&self, _: &[u8], _: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(Asker))
    }

    fn restore(&self, _: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(Asker))
    }
}

impl RoomLogic for Asker {
    fn command(
        &mut self,
        _: &Player,
        payload: &[u8],
        _: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let ask: Ask = read_named(payload).map_err(|error| invalid(&error))?;
        let entity = ask.entity.parse().map_err(|error| invalid(&error))?;
        cx.ask(
            &entity,
            |into| into.extend_from_slice(&ask.request),
            ask.deadline,
            |into| into.extend_from_slice(&ask.number.to_be_bytes()),
        );
        Ok(())
    }

    fn answer(
        &mut self,
        tag: &[u8],
        answer: Result<&[u8], Unanswered>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let number = tag.try_into().map_err(|error| invalid(&error))?;
        let outcome = match answer {
            Ok(reply) => Outcome::Answered(reply.to_vec()),
            Err(Unanswered::Refused(refusal)) => {
                let code = refusal.code.code();
                Outcome::Refused(code, refusal.detail, refusal.message)
            }
            Err(Unanswered::Late) => Outcome::Late,
        };
        let heard = Heard {
            number: u64::from_be_bytes(number),
            outcome,
        };
        let mut event = Vec::new();
        write_named(&heard, &mut event).map_err(|CodecError { .. }| invalid(&"it is too large"))?;
        cx.send(Audience::Everyone, |into| into.extend_from_slice(&event));
        Ok(())
    }
}

fn invalid(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::with_code(ErrorCode::PayloadInvalid, error.to_string())
}
