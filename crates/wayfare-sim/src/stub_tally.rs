//! An entity that simulated rooms ask: it counts, and records its callers.

use wayfare_core::HandlerContext;
use wayfare_core::game::{
    Answered, Caller, Durability, Form, Kind, KindSettings, Player, Refusal, RoomKind, RoomLogic,
};

use crate::stub_state::StubState;

/// The kind's name.
pub(crate) const TALLY: &str = "tally";

/// Makes the kind, which is durable.
#[must_use]
pub(crate) fn kind(settings: &KindSettings) -> Kind {
    Kind {
        name: TALLY.into(),
        logic: Box::new(TallyKind),
        settings: KindSettings {
            durability: Durability::Durable,
            tick: None,
            ..settings.clone()
        },
    }
}

struct TallyKind;
struct Tally(StubState);

impl RoomKind for TallyKind {
    fn open(&self, _: &[u8], _: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(Tally(StubState::new(Form::Changes))))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(Tally(StubState::restored(
            Form::Changes,
            snapshot,
        ))))
    }

    fn form(&self) -> Form {
        Form::Changes
    }

    fn is_asked(&self) -> bool {
        true
    }
}

impl RoomLogic for Tally {
    fn join(&mut self, _: &Player, _: &[u8], _: &HandlerContext<'_>) -> Result<(), Refusal> {
        Err(Refusal::new("nobody joins a tally"))
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        self.0.snapshot(into);
        Ok(())
    }

    fn apply(&mut self, change: &[u8]) -> Result<(), Refusal> {
        self.0.apply(change);
        Ok(())
    }

    /// Handles a request of the form `<caller> <number of the ask>`.
    fn request(
        &mut self,
        _: &Caller,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<Answered, Refusal> {
        let text = String::from_utf8_lossy(payload).into_owned();
        let (who, ask) = text.split_once(' ').unwrap_or_default();
        let name = format!("from:{who}");
        let mut heard = self.0.ranges(&name);
        let fresh = heard.insert(ask.parse().unwrap_or(0));
        self.0.set(&name, heard);
        self.0.log_changes(cx);
        reply.extend_from_slice(if fresh { b"counted" } else { b"twice" });
        Ok(Answered::Now)
    }
}
