//! The adapter between a typed room and the core: bytes in, effects out.

use std::any::TypeId;
use std::sync::Arc;

use wayfare_core::HandlerContext;
use wayfare_core::game::{self, Form, Refusal, RoomKind, RoomLogic};
use wayfare_protocol::{EntityId, ErrorCode};

use crate::codec::read_named;
use crate::read_back::ReadBack;
use crate::state_form::{Numbered, StateForm, StateWriter};
use crate::{Answered, Context, Decode, Encode, Player, Room, ViewContext, snapshot};

/// A factory of rooms of one type.
pub(crate) struct HostedKind<R> {
    writer: Arc<StateWriter<R>>,
}

impl<R: Room> HostedKind<R> {
    pub(crate) fn new(form: StateForm<R>, read_back: ReadBack) -> Self {
        let writer = Arc::new(StateWriter { form, read_back });
        Self { writer }
    }

    fn hosted(&self, room: R) -> Box<dyn RoomLogic> {
        let writer = Arc::clone(&self.writer);
        Box::new(Hosted { room, writer })
    }
}

impl<R: Room> RoomKind for HostedKind<R> {
    fn open(&self, open: &[u8], cx: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        let open = decode::<R, R::Open>("open", open, cx.entity())?;
        Ok(self.hosted(R::open(open, &Context::new(cx))?))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        let room = snapshot::restore(snapshot, R::VERSION, R::upgrade)?;
        Ok(self.hosted(room))
    }

    fn form(&self) -> Form {
        self.writer.form.form()
    }
}

struct Hosted<R> {
    room: R,
    writer: Arc<StateWriter<R>>,
}

impl<R: Room> RoomLogic for Hosted<R> {
    fn join(
        &mut self,
        player: &game::Player,
        payload: &[u8],
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let join = decode::<R, R::Join>("join", payload, cx.entity())?;
        self.room.join(&player.into(), join, &Context::new(cx))
    }

    fn view(
        &self,
        player: &game::Player,
        cx: &HandlerContext<'_>,
        into: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let view = self.room.view(&player.into(), &ViewContext::new(cx));
        view.encode(R::CODEC, into).map_err(|error| {
            let message = format!("the room's view does not encode: {error}");
            Refusal::with_code(ErrorCode::Internal, message)
        })
    }

    fn command(
        &mut self,
        player: &game::Player,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let command = decode::<R, R::Command>("command", payload, cx.entity())?;
        let answer = self
            .room
            .command(&player.into(), command, &Context::new(cx))?;
        // "Applied, no reply" needs no frame of its own.
        if TypeId::of::<R::Reply>() == TypeId::of::<()>() {
            return Ok(());
        }
        // The state has already changed, so a refusal would be wrong.
        if let Err(error) = answer.encode(R::CODEC, reply) {
            panic!("a reply of {} does not encode: {error}", cx.entity());
        }
        Ok(())
    }

    fn tick(&mut self, cx: &HandlerContext<'_>) {
        self.room.tick(&Context::new(cx));
    }

    fn note(&mut self, note: &[u8], cx: &HandlerContext<'_>) -> Result<(), Refusal> {
        let note = read_named(note).map_err(|error| invalid("note", cx.entity(), &error))?;
        self.room.note(note, &Context::new(cx));
        Ok(())
    }

    fn leave(&mut self, player: &game::Player, reason: game::LeaveReason, cx: &HandlerContext<'_>) {
        let player = Player::from(player);
        self.room.leave(&player, reason.into(), &Context::new(cx));
    }

    fn presence(&mut self, player: &game::Player, attached: bool, cx: &HandlerContext<'_>) {
        self.room
            .presence(&player.into(), attached, &Context::new(cx));
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        self.writer.snapshot(R::VERSION, &self.room, into)
    }

    fn apply(&mut self, change: &[u8]) -> Result<(), Refusal> {
        self.writer.form.apply(&mut self.room, change)
    }

    fn take_dirty_parts(&mut self) -> Vec<u32> {
        self.writer.form.take_touched(&mut self.room)
    }

    fn part_numbers(&self) -> Vec<u32> {
        self.writer.form.part_numbers(&self.room)
    }

    fn part(&self, number: u32, into: &mut Vec<u8>) -> Result<bool, Refusal> {
        self.writer.part(part::<R>(number), &self.room, into)
    }

    fn set_part(&mut self, number: u32, bytes: Option<&[u8]>) -> Result<(), Refusal> {
        self.writer
            .form
            .restore_part(&mut self.room, part::<R>(number), bytes)
    }

    fn answer(
        &mut self,
        tag: &[u8],
        answer: Result<&[u8], game::AskError>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let tag = read_named(tag).map_err(|error| invalid("tag", cx.entity(), &error))?;
        let answer = answer.map(Answered::new).map_err(Into::into);
        self.room.answer(tag, answer, &Context::new(cx));
        Ok(())
    }
}

fn part<R: Room>(number: u32) -> Numbered {
    let version = R::VERSION;
    Numbered { number, version }
}

fn decode<R: Room, T: Decode>(
    what: &'static str,
    payload: &[u8],
    room: &EntityId,
) -> Result<T, Refusal> {
    T::decode(R::CODEC, payload).map_err(|error| invalid(what, room, &error))
}

/// Makes the refusal of a payload that cannot be decoded as `what`.
pub(crate) fn invalid(
    what: &'static str,
    entity: &EntityId,
    error: &dyn std::fmt::Display,
) -> Refusal {
    let kind = entity.kind();
    let message = format!("this is no {what} for kind {kind:?}: {error}");
    Refusal::with_code(ErrorCode::PayloadInvalid, message)
}
