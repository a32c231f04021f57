//! The measured rooms. They do as little as possible, so that the figures show the server's own
//! cost.

use anyhow::Result;
use wayfare::{Durability, hz};
use wayfare_core::game::{Kind, KindSettings, Player, Refusal, RoomKind, RoomLogic};
use wayfare_core::{Audience, HandlerContext};

use crate::durable::Ledger;
use crate::parts::{TICK_HZ, World};

/// The maximum members of a room: the idle benchmark puts all sessions into one.
const MEMBERS_MAX: u32 = 20_000;
/// The size of a room's state, for the memory of a room.
const STATE_BYTES: usize = 64;

/// Returns the kinds. `fanout/…` sends each command to everybody, `echo/…` returns it as the reply,
/// `durable/…` and `durable-changes/…` count their commands, `parts/…` has a large state. Rooms
/// stay open when their last member leaves.
pub(crate) fn kinds() -> Result<Vec<Kind>> {
    let durable = Durability::Durable;
    let hosted = wayfare::serve()
        .room::<Ledger<false>>("durable", |kind| kind.durability(durable).keep_when_empty())
        .room::<Ledger<true>>("durable-changes", |kind| {
            kind.durability(durable).keep_when_empty().log_changes()
        })
        .room::<World>("parts", |kind| {
            kind.tick(hz(TICK_HZ)).keep_when_empty().in_parts()
        });
    let kind = |name: &str, speech| Kind {
        name: name.to_owned(),
        logic: Box::new(speech),
        settings: KindSettings {
            members_max: MEMBERS_MAX,
            empty_grace: None,
            ..KindSettings::default()
        },
    };
    let mut kinds = hosted.kinds()?;
    kinds.extend([
        kind("fanout", Speech::ToEveryone),
        kind("echo", Speech::Back),
    ]);
    Ok(kinds)
}

#[derive(Clone, Copy, Debug)]
enum Speech {
    ToEveryone,
    Back,
}

impl RoomKind for Speech {
    fn open(&self, _: &[u8], _: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(Room {
            state: [0; STATE_BYTES],
            speech: *self,
        }))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        let state = snapshot
            .try_into()
            .map_err(|_| Refusal::new("no such state"))?;
        Ok(Box::new(Room {
            state,
            speech: *self,
        }))
    }
}

struct Room {
    state: [u8; STATE_BYTES],
    speech: Speech,
}

impl RoomLogic for Room {
    fn view(&self, _: &Player, _: &HandlerContext<'_>, into: &mut Vec<u8>) -> Result<(), Refusal> {
        into.extend_from_slice(&self.state);
        Ok(())
    }

    fn command(
        &mut self,
        _: &Player,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        // The state is written, as in a room that was played in.
        for (kept, byte) in self.state.iter_mut().zip(payload) {
            *kept = *byte;
        }
        match self.speech {
            Speech::ToEveryone => {
                cx.send(Audience::Everyone, |into| into.extend_from_slice(payload));
            }
            Speech::Back => reply.extend_from_slice(payload),
        }
        Ok(())
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        into.extend_from_slice(&self.state);
        Ok(())
    }
}
