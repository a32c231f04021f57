//! Calling the game's handlers: with a context, without their panics getting out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::limits::{CALLS_MAX, PROPERTIES_MAX, TIMERS_MAX, VIEW_BYTES_MAX};
use wayfare_protocol::{ErrorCode, Instant, Membership, PlayerId};

use crate::context::Context;
use crate::game::HandlerContext;
use crate::game::Recipients;
use crate::game::effects::Effect;
use crate::game::members::Members;
use crate::game::{Form, Kind, LeaveReason, Refusal, RoomLogic, TimerId};
use crate::report::Report;

use super::{End, Opened, Room};

/// Why a handler did not return well.
#[derive(Debug)]
pub(super) enum Fault {
    Refused(Refusal),
    Panicked,
}

/// Effects that follow what the shard itself has to say about a handler's call.
#[derive(Debug, Default)]
#[must_use]
pub(super) struct Deferred {
    /// Events for a joiner itself: they follow its view.
    events: Vec<(Recipients, Vec<u8>)>,
    /// Members to remove: the reply to the command that did it comes first.
    kicked: Vec<(PlayerId, String)>,
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
        members: nobody,
        outbox: &context.outbox,
        rng: &context.rng,
        remaining: None,
        kept: kind.settings.is_kept(),
        documents: context.config.documents.as_ref(),
    };
    match catch(|| kind.logic.open(&opened.open, &cx)) {
        Ok(outcome) => outcome,
        Err(panic) => {
            context.report(Report::Panicked {
                entity: opened.entity.clone(),
                handler: "open",
                panic,
            });
            Err(Fault::Panicked.into())
        }
    }
}

/// Runs `call`; a panic becomes its message.
pub(super) fn catch<R>(call: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".into())
    })
}

impl Room {
    pub(super) fn age(&self, now: Instant) -> Duration {
        self.age_base + now.since(self.age_since)
    }

    /// Calls one handler. Its effects lie in the outbox if it returned well; the caller applies
    /// them. After a panic the room has failed and no handler runs until it started again.
    pub(super) fn call<R>(
        &mut self,
        handler: &'static str,
        context: &mut Context,
        call: impl FnOnce(&mut dyn RoomLogic, &Members, &HandlerContext<'_>) -> Result<R, Refusal>,
    ) -> Result<R, Fault> {
        let outbox = context.outbox.get_mut();
        outbox.clear(self.timers_made);
        outbox.timers_free = TIMERS_MAX.saturating_sub(self.timers.len());
        outbox.calls_free = CALLS_MAX.saturating_sub(self.calls.len());
        if self.failed.is_some() {
            return Err(Fault::Panicked);
        }
        if let Some(persistence) = &mut self.persistence
            && handler != "view"
        {
            persistence.changed = true;
            persistence.unwritten.handled = true;
        }
        let cx = HandlerContext {
            entity: &self.entity,
            age: self.age(context.now),
            members: &self.members,
            outbox: &context.outbox,
            rng: &context.rng,
            remaining: self.remaining,
            kept: self.kind.settings.is_kept(),
            documents: context.config.documents.as_ref(),
        };
        let (logic, members) = (&mut *self.logic, &self.members);
        match catch(|| call(logic, members, &cx)) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(refusal)) => {
                context.outbox.get_mut().clear(self.timers_made);
                Err(Fault::Refused(refusal))
            }
            Err(panic) => {
                context.outbox.get_mut().clear(self.timers_made);
                self.failed = Some(handler);
                context.report(Report::Panicked {
                    entity: self.entity.clone(),
                    handler,
                    panic,
                });
                Err(Fault::Panicked)
            }
        }
    }

    /// Calls what is no handler: it leaves no effects, and is asked even of a room that failed.
    pub(super) fn call_quietly<R>(
        &mut self,
        what: &'static str,
        context: &mut Context,
        call: impl FnOnce(&mut dyn RoomLogic) -> Result<R, Refusal>,
    ) -> Result<R, Fault> {
        let logic = &mut *self.logic;
        match catch(|| call(logic)) {
            Ok(outcome) => outcome.map_err(Fault::Refused),
            Err(panic) => {
                context.report(Report::Panicked {
                    entity: self.entity.clone(),
                    handler: what,
                    panic,
                });
                Err(Fault::Panicked)
            }
        }
    }

    /// Makes the view of a member.
    pub(super) fn view(
        &mut self,
        membership: Membership,
        context: &mut Context,
    ) -> Result<Vec<u8>, Refusal> {
        let view = self.call("view", context, |logic, members, _| {
            let mut view = Vec::new();
            match members.get(membership) {
                Some(member) => logic.view(&member.player, &mut view).map(|()| view),
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

    /// Turns the outbox into frames and changes. Some of it waits for [`Room::apply_deferred`].
    pub(super) fn apply_effects(
        &mut self,
        joiner: Option<Membership>,
        context: &mut Context,
    ) -> Deferred {
        let mut deferred = Deferred::default();
        let mut outbox = context.outbox.take();
        self.timers_made = outbox.timers_made;
        let bytes = &outbox.bytes;
        let own = |range: std::ops::Range<usize>| Bytes::copy_from_slice(&bytes[range]);
        for effect in outbox.effects.drain(..) {
            match effect {
                Effect::Send {
                    recipients,
                    payload,
                    unreliable: true,
                } => self.send_unreliable(recipients, &bytes[payload], context),
                Effect::Send {
                    recipients,
                    payload,
                    unreliable: false,
                } => {
                    if joiner.is_some_and(|joiner| is_for(&recipients, joiner)) {
                        deferred.events.push((recipients, bytes[payload].to_vec()));
                    } else {
                        self.send_event(recipients, &bytes[payload], context);
                    }
                }
                Effect::Kick { player, message } => deferred.kicked.push((player, message)),
                Effect::Close => self.end(End::Closed),
                Effect::Change(change) => self.keep_change(&bytes[change]),
                Effect::Log { log, record } => self.keep_log_record(log, &bytes[record]),
                Effect::Run { work, lost } => self.begin_run(work, own(lost), context),
                Effect::Ask {
                    entity,
                    request,
                    deadline,
                    tag,
                } => self.begin_ask(entity, own(request), (deadline, own(tag)), context),
                Effect::Reply { caller, result } => {
                    self.answer(caller, result.map(own), context);
                }
                Effect::After { timer, delay, note } => {
                    self.start_timer((context.now + delay, timer), &bytes[note]);
                }
                Effect::Cancel(timer) => self.cancel_timer(timer),
                Effect::Lock(locked) => {
                    self.locked = locked;
                    self.surroundings_changed();
                }
                Effect::Private(private) => {
                    self.private = private;
                    self.surroundings_changed();
                }
                Effect::Property { name, value } => {
                    self.set_property(name, value, context);
                    self.surroundings_changed();
                }
            }
        }
        context.outbox.replace(outbox);
        deferred
    }

    /// Keeps a change of the state for the next record, where the form of the kind logs changes.
    fn keep_change(&mut self, change: &[u8]) {
        if self.kind.form() != Form::Changes {
            return;
        }
        if let Some(unwritten) = self.unwritten() {
            unwritten.changes.push(Bytes::copy_from_slice(change));
        }
    }

    /// Keeps a record for a log of the game until the step that it belongs to is written.
    fn keep_log_record(&mut self, log: String, record: &[u8]) {
        if let Some(persistence) = &mut self.persistence {
            let record = Bytes::copy_from_slice(record);
            persistence.unwritten.appends.push((log, record));
        }
    }

    fn start_timer(&mut self, (at, timer): (Instant, TimerId), note: &[u8]) {
        self.timers.insert((at, timer), note.into());
        if let Some(unwritten) = self.unwritten() {
            unwritten.timer(timer);
        }
    }

    fn cancel_timer(&mut self, timer: TimerId) {
        self.timers.retain(|(_, known), _| *known != timer);
        if let Some(unwritten) = self.unwritten() {
            unwritten.timer_gone(timer);
        }
    }

    pub(super) fn apply_deferred(&mut self, deferred: Deferred, context: &mut Context) {
        for (recipients, payload) in deferred.events {
            self.send_event(recipients, &payload, context);
        }
        for (player, message) in deferred.kicked {
            self.kick(&player, &message, context);
        }
    }

    /// All effects of a handler whose caller has nothing to say in between.
    pub(super) fn apply_all_effects(&mut self, context: &mut Context) {
        let deferred = self.apply_effects(None, context);
        self.apply_deferred(deferred, context);
    }

    fn kick(&mut self, player: &PlayerId, message: &str, context: &mut Context) {
        if let Some((membership, _)) = self.members.of_player(player) {
            self.remove(membership, LeaveReason::LeaveKicked, message, context);
        }
    }

    fn set_property(&mut self, name: String, value: Option<String>, context: &mut Context) {
        match value {
            None => {
                self.properties.remove(&name);
            }
            Some(value)
                if self.properties.len() < PROPERTIES_MAX
                    || self.properties.contains_key(&name) =>
            {
                self.properties.insert(name, value);
            }
            Some(_) => context.report(Report::PropertiesFull {
                entity: self.entity.clone(),
            }),
        }
    }
}

fn is_for(recipients: &Recipients, joiner: Membership) -> bool {
    matches!(recipients, Recipients::One(_) | Recipients::Only(_)) && recipients.include(joiner)
}
