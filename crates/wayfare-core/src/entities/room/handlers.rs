//! Calling the game's handlers: with a context, without their panics getting out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use wayfare_protocol::limits::{CALLS_MAX, TIMERS_MAX, VIEW_BYTES_MAX};
use wayfare_protocol::{EntityId, ErrorCode, Membership};

use super::Opened;
use super::turn::RoomTurn;
use crate::context::Context;
use crate::game::members::Members;
use crate::game::{HandlerContext, HandlerHook, Kind, Refusal, RoomLogic};
use crate::report::Report;

/// Why a handler did not return well.
#[derive(Debug)]
pub(in crate::entities) enum Fault {
    Refused(Refusal),
    Panicked,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(refusal) => refusal,
            Fault::Panicked => {
                Refusal::with_code(ErrorCode::HandlerFailed, "the room failed on this request")
            }
        }
    }
}

/// Calls `open` of a kind; its effects are left in the outbox.
pub(super) fn open(
    kind: &Arc<Kind>,
    opened: &Opened,
    nobody: &Members,
    context: &mut Context,
) -> Result<Box<dyn RoomLogic>, Refusal> {
    let outbox = context.outbox.get_mut();
    outbox.clear(0);
    outbox.timers_free = TIMERS_MAX;
    outbox.calls_free = CALLS_MAX;
    let cx = HandlerContext {
        entity: &opened.entity,
        age: Duration::ZERO,
        server_time: context.unix().0,
        members: nobody,
        outbox: &context.outbox,
        rng: &context.rng,
        remaining: None,
        kept: kind.settings.is_kept(),
        documents: context.config.documents.as_ref(),
    };
    let called = (context.config.hook.as_deref(), &opened.entity, "open");
    match catch(called, || kind.logic.open(&opened.open, &cx)) {
        Ok(outcome) => outcome,
        Err(panic) => {
            context.out.report(Report::Panicked {
                entity: opened.entity.clone(),
                handler: "open",
                panic,
            });
            Err(Fault::Panicked.into())
        }
    }
}

/// A call of the game's code: the hook around it, its room and its name.
type Called<'a> = (Option<&'a dyn HandlerHook>, &'a EntityId, &'static str);

/// Runs `call` within the hook; a panic becomes its message.
pub(super) fn catch<R>(
    (hook, entity, handler): Called<'_>,
    call: impl FnOnce() -> R,
) -> Result<R, String> {
    let Some(hook) = hook else {
        return catch_panic(call);
    };
    let (mut call, mut outcome) = (Some(call), None);
    hook.around(entity, handler, &mut || {
        if let Some(call) = call.take() {
            outcome = Some(catch_panic(call));
        }
    });
    outcome.unwrap_or_else(|| Err("the hook did not run the handler".into()))
}

fn catch_panic<R>(call: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".into())
    })
}

impl RoomTurn<'_> {
    /// Calls one handler. Its effects lie in the outbox if it returned well; the caller applies
    /// them. After a panic the room has failed and no handler runs until it is restarted.
    pub(super) fn call<R>(
        &mut self,
        handler: &'static str,
        call: impl FnOnce(&mut dyn RoomLogic, &Members, &HandlerContext<'_>) -> Result<R, Refusal>,
    ) -> Result<R, Fault> {
        self.call_within(handler, None, call)
    }

    /// Calls a handler that answers a request: `remaining` is the time left until its deadline.
    pub(super) fn call_within<R>(
        &mut self,
        handler: &'static str,
        remaining: Option<Duration>,
        call: impl FnOnce(&mut dyn RoomLogic, &Members, &HandlerContext<'_>) -> Result<R, Refusal>,
    ) -> Result<R, Fault> {
        let room = &mut *self.room;
        let timers_made = room.clock.timers_made;
        let outbox = self.context.outbox.get_mut();
        outbox.clear(timers_made);
        outbox.timers_free = TIMERS_MAX.saturating_sub(room.clock.timers.len());
        outbox.calls_free = CALLS_MAX.saturating_sub(room.calls.pending.len());
        if !room.phase.runs_handlers() {
            return Err(Fault::Panicked);
        }
        if let Some(persistence) = &mut room.persistence
            && handler != "view"
        {
            persistence.changed = true;
            persistence.unwritten.handled = true;
            persistence.unwritten.beside_ticks |= handler != "tick";
        }
        let cx = HandlerContext {
            entity: &room.id.entity,
            age: room.clock.age(self.context.now),
            server_time: self.context.unix().0,
            members: &room.members,
            outbox: &self.context.outbox,
            rng: &self.context.rng,
            remaining,
            kept: room.kind.settings.is_kept(),
            documents: self.context.config.documents.as_ref(),
        };
        let (logic, members) = (&mut *room.logic, &room.members);
        let called = (self.context.config.hook.as_deref(), cx.entity, handler);
        let fault = match catch(called, || call(logic, members, &cx)) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(refusal)) => Fault::Refused(refusal),
            Err(panic) => {
                room.phase.handle_panic();
                self.context.out.report(Report::Panicked {
                    entity: room.id.entity.clone(),
                    handler,
                    panic,
                });
                Fault::Panicked
            }
        };
        self.context.outbox.get_mut().clear(timers_made);
        Err(fault)
    }

    /// Calls what is no handler: it leaves no effects, and is asked even of a room that failed.
    pub(in crate::entities) fn call_quietly<R>(
        &mut self,
        what: &'static str,
        call: impl FnOnce(&mut dyn RoomLogic) -> Result<R, Refusal>,
    ) -> Result<R, Fault> {
        let logic = &mut *self.room.logic;
        let hook = self.context.config.hook.as_deref();
        match catch((hook, &self.room.id.entity, what), || call(logic)) {
            Ok(outcome) => outcome.map_err(Fault::Refused),
            Err(panic) => {
                self.context.out.report(Report::Panicked {
                    entity: self.room.id.entity.clone(),
                    handler: what,
                    panic,
                });
                Err(Fault::Panicked)
            }
        }
    }

    /// Makes the view of a member.
    pub(super) fn view(&mut self, membership: Membership) -> Result<Vec<u8>, Refusal> {
        let view = self.call("view", |logic, members, cx| {
            let mut view = Vec::new();
            match members.get(membership) {
                Some(member) => logic.view(&member.player, cx, &mut view).map(|()| view),
                None => Ok(view),
            }
        })?;
        if view.len() > VIEW_BYTES_MAX {
            let length = view.len();
            return Err(Refusal::with_code(
                ErrorCode::TooLarge,
                format!("the room's view is {length} bytes long; at most {VIEW_BYTES_MAX}"),
            ));
        }
        Ok(view)
    }
}
