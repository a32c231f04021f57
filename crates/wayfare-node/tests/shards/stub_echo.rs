//! A room that sends every command to all members.

use wayfare_core::game::{Kind, KindSettings, Player, Refusal, RoomKind, RoomLogic};
use wayfare_core::{Audience, HandlerContext};

pub(crate) fn echo() -> Kind {
    Kind {
        name: "echo".into(),
        logic: Box::new(StubEcho),
        settings: KindSettings::default(),
    }
}

struct StubEcho;

impl RoomKind for StubEcho {
    fn open(&self, _: &[u8], _: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(StubEcho))
    }

    fn restore(&self, _: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(StubEcho))
    }
}

impl RoomLogic for StubEcho {
    fn command(
        &mut self,
        _: &Player,
        payload: &[u8],
        _: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        cx.send(Audience::Everyone, |bytes| bytes.extend_from_slice(payload));
        Ok(())
    }
}
