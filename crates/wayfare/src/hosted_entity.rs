//! The adapter between a typed entity and the core: bytes in, effects out.

use std::sync::Arc;

use wayfare_core::HandlerContext;
use wayfare_core::game::{self, Form, Player, Refusal, RoomKind, RoomLogic};
use wayfare_protocol::ErrorCode;

use crate::codec::read_named;
use crate::hosted::invalid;
use crate::read_back::ReadBack;
use crate::state_form::{Numbered, StateForm, StateWriter};
use crate::{Answer, Answered, Entity, EntityContext, snapshot};

/// A factory of entities of one type.
pub(crate) struct HostedEntityKind<E> {
    writer: Arc<StateWriter<E>>,
}

impl<E: Entity> HostedEntityKind<E> {
    pub(crate) fn new(form: StateForm<E>, read_back: ReadBack) -> Self {
        let writer = Arc::new(StateWriter { form, read_back });
        Self { writer }
    }

    fn hosted(&self, entity: E) -> Box<dyn RoomLogic> {
        let writer = Arc::clone(&self.writer);
        Box::new(HostedEntity { entity, writer })
    }
}

impl<E: Entity> RoomKind for HostedEntityKind<E> {
    fn open(&self, _: &[u8], cx: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(self.hosted(E::open(&EntityContext::new(cx))?))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        let entity = snapshot::restore(snapshot, E::VERSION, E::upgrade)?;
        Ok(self.hosted(entity))
    }

    fn form(&self) -> Form {
        self.writer.form.form()
    }

    fn is_asked(&self) -> bool {
        true
    }
}

struct HostedEntity<E> {
    entity: E,
    writer: Arc<StateWriter<E>>,
}

/// Makes the refusal of a join. The core refuses joins of entities before it calls this.
fn joined_by_nobody() -> Refusal {
    let message = "this is no room: nobody can join it";
    Refusal::with_code(ErrorCode::NotAllowed, message)
}

impl<E: Entity> RoomLogic for HostedEntity<E> {
    fn join(&mut self, _: &Player, _: &[u8], _: &HandlerContext<'_>) -> Result<(), Refusal> {
        Err(joined_by_nobody())
    }

    fn view(&self, _: &Player, _: &HandlerContext<'_>, _: &mut Vec<u8>) -> Result<(), Refusal> {
        Err(joined_by_nobody())
    }

    fn command(
        &mut self,
        _: &Player,
        _: &[u8],
        _: &mut Vec<u8>,
        _: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        Err(joined_by_nobody())
    }

    fn tick(&mut self, cx: &HandlerContext<'_>) {
        self.entity.tick(&EntityContext::new(cx));
    }

    fn note(&mut self, note: &[u8], cx: &HandlerContext<'_>) -> Result<(), Refusal> {
        let note = read_named(note).map_err(|error| invalid("note", cx.entity(), &error))?;
        self.entity.note(note, &EntityContext::new(cx));
        Ok(())
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        self.writer.snapshot(E::VERSION, &self.entity, into)
    }

    fn apply(&mut self, change: &[u8]) -> Result<(), Refusal> {
        self.writer.form.apply(&mut self.entity, change)
    }

    fn take_dirty_parts(&mut self) -> Vec<u32> {
        self.writer.form.take_touched(&mut self.entity)
    }

    fn part_numbers(&self) -> Vec<u32> {
        self.writer.form.part_numbers(&self.entity)
    }

    fn part(&self, number: u32, into: &mut Vec<u8>) -> Result<bool, Refusal> {
        self.writer.part(part::<E>(number), &self.entity, into)
    }

    fn set_part(&mut self, number: u32, bytes: Option<&[u8]>) -> Result<(), Refusal> {
        self.writer
            .form
            .restore_part(&mut self.entity, part::<E>(number), bytes)
    }

    fn request(
        &mut self,
        caller: &game::Caller,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<game::Answered, Refusal> {
        let request =
            read_named(payload).map_err(|error| invalid("request", cx.entity(), &error))?;
        let cx = EntityContext::new(cx);
        match self.entity.request(&caller.into(), request, &cx)? {
            Answer::Now(answer) => {
                cx.write("a reply", &answer, reply);
                Ok(game::Answered::Now)
            }
            Answer::Later => Ok(game::Answered::Later),
        }
    }

    fn answer(
        &mut self,
        tag: &[u8],
        answer: Result<&[u8], game::AskError>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let tag = read_named(tag).map_err(|error| invalid("tag", cx.entity(), &error))?;
        let answer = answer.map(Answered::new).map_err(Into::into);
        self.entity.answer(tag, answer, &EntityContext::new(cx));
        Ok(())
    }
}

fn part<E: Entity>(number: u32) -> Numbered {
    let version = E::VERSION;
    Numbered { number, version }
}
