//! Calls of a room in flight: its futures, and its requests to other entities.

use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::{EntityId, Epoch, Instant};

use crate::context::Context;
use crate::game::{Answered, AskError, Caller, Refusal, Work};
use crate::output::Output;
use crate::peer::{Reply, Request, ToEntity};
use crate::report::Report;

use crate::stream::errand::Errand;

use super::Room;
use super::handlers::Fault;

/// A future or a request that has not ended.
#[derive(Clone, Debug)]
pub(super) enum Pending {
    Run { lost: Bytes },
    Ask { tag: Bytes, due: Instant },
}

/// The number of the first future or ask of an owner. What an owner before it began, or a room of
/// this name that is closed, may still end, and is not taken for one of this.
pub(super) const fn first_call(epoch: Epoch) -> u64 {
    epoch.0.saturating_mul(1 << 24)
}

impl Room {
    /// When the next ask has failed.
    pub(super) fn ask_due(&self) -> Option<Instant> {
        let asks = self.calls.values().filter_map(|pending| match pending {
            Pending::Ask { due, .. } => Some(*due),
            Pending::Run { .. } => None,
        });
        asks.min()
    }

    pub(super) fn begin_run(&mut self, work: Work, lost: Bytes, context: &mut Context) {
        let run = self.begin_call(Pending::Run { lost });
        self.errand(Errand::Run { run, work }, context);
    }

    pub(super) fn begin_ask(
        &mut self,
        entity: EntityId,
        request: Bytes,
        (deadline, tag): (Duration, Bytes),
        context: &mut Context,
    ) {
        let due = context.now + deadline;
        let ask = self.begin_call(Pending::Ask { tag, due });
        let errand = Errand::Ask {
            ask,
            entity,
            request,
            due,
        };
        self.errand(errand, context);
    }

    fn begin_call(&mut self, pending: Pending) -> u64 {
        let id = self.calls_made;
        self.calls_made += 1;
        self.calls.insert(id, pending);
        if let Some(unwritten) = self.unwritten() {
            unwritten.call(id);
        }
        id
    }

    pub(super) fn end_call(&mut self, id: u64) -> Option<Pending> {
        let pending = self.calls.remove(&id)?;
        if let Some(unwritten) = self.unwritten() {
            unwritten.call_gone(id);
        }
        Some(pending)
    }

    pub(super) fn errand(&mut self, errand: Errand, context: &mut Context) {
        self.builder(context).errands.push(errand);
    }

    /// A future has ended; one that was not known any more is not heard.
    pub(super) fn ran(&mut self, run: u64, note: Option<&[u8]>, context: &mut Context) {
        if let Some(Pending::Run { lost }) = self.calls.get(&run) {
            let lost = lost.clone();
            self.end_call(run);
            self.note(note.unwrap_or(&lost), context);
        }
    }

    /// The node on which its futures ran was lost, and they with it.
    pub(super) fn note_lost_runs(&mut self) {
        let runs = self.calls.iter();
        let runs = runs.filter(|(_, pending)| matches!(pending, Pending::Run { .. }));
        self.lost_runs = runs.map(|(id, _)| *id).collect();
    }

    /// Tells of futures that are lost. A note that it fails on is used up.
    pub(super) fn lose_futures(&mut self, context: &mut Context) {
        while self.failed.is_none()
            && let Some(id) = self.lost_runs.pop_first()
        {
            self.during_call(Some(id));
            if let Some(Pending::Run { lost }) = self.end_call(id) {
                self.note(&lost, context);
            }
            self.during_call(None);
        }
    }

    /// Notes what is being carried out, until it went well.
    fn during_call(&mut self, call: Option<u64>) {
        let failed = self.failed.is_some();
        if let Some(unwritten) = self.unwritten()
            && !failed
        {
            unwritten.during_call = call;
        }
    }

    /// Asks whose deadline has passed have failed.
    pub(super) fn fail_late_asks(&mut self, context: &mut Context) {
        let now = context.now;
        while self.failed.is_none()
            && let Some(id) = self.calls.iter().find_map(|(id, pending)| match pending {
                Pending::Ask { due, .. } if *due <= now => Some(*id),
                Pending::Ask { .. } | Pending::Run { .. } => None,
            })
        {
            self.during_call(Some(id));
            self.answered(id, Err(AskError::Late), context);
            self.during_call(None);
        }
    }

    /// An ask has its answer; one that was not known any more is not heard.
    pub(crate) fn answered(
        &mut self,
        ask: u64,
        answer: Result<&[u8], AskError>,
        context: &mut Context,
    ) {
        let Some(Pending::Ask { .. }) = self.calls.get(&ask) else {
            return;
        };
        let Some(Pending::Ask { tag, .. }) = self.end_call(ask) else {
            return;
        };
        let outcome = self.call("answer", context, |logic, _, cx| {
            logic.answer(&tag, answer, cx)
        });
        match outcome {
            Ok(()) => self.apply_all_effects(context),
            Err(Fault::Refused(refusal)) => context.report(Report::NoteLost {
                entity: self.entity.clone(),
                reason: refusal.message,
            }),
            Err(Fault::Panicked) => {}
        }
    }

    /// Another entity asks.
    pub(crate) fn request(&mut self, ask: &Request, context: &mut Context) {
        let left = ask.due.since(context.now);
        if left.is_zero() {
            // Nobody waits for the answer any more.
            return;
        }
        self.busy_since(context.now);
        let mut reply = Vec::new();
        self.remaining = Some(left);
        let outcome = self.call("request", context, |logic, _, cx| {
            logic.request(&ask.caller, &ask.payload, &mut reply, cx)
        });
        self.remaining = None;
        let result = match outcome {
            Ok(answered) => {
                self.apply_all_effects(context);
                match answered {
                    Answered::Now => Ok(reply.into()),
                    Answered::Later => return,
                }
            }
            Err(fault) => Err(fault.into()),
        };
        self.answer(ask.caller.clone(), result, context);
    }

    pub(super) fn answer(
        &mut self,
        caller: Caller,
        result: Result<Bytes, Refusal>,
        context: &mut Context,
    ) {
        let answer = Reply {
            caller,
            result,
            hops: 0,
        };
        self.errand(Errand::Answer(answer), context);
    }

    /// Sends what waited for its step to be released.
    pub(super) fn run_errand(&self, errand: Errand, context: &mut Context) {
        match errand {
            Errand::Run { run, work } => {
                let entity = self.entity.clone();
                context.outputs.push_back(Output::Run { entity, run, work });
            }
            Errand::Ask {
                ask,
                entity,
                request,
                due,
            } => {
                let caller = Caller {
                    entity: self.entity.clone(),
                    ask,
                };
                let ask = Request {
                    entity,
                    caller,
                    payload: request,
                    due,
                    hops: 0,
                };
                context.post_here(ToEntity::Request(Box::new(ask)));
            }
            Errand::Answer(answer) => {
                context.post_here(ToEntity::Reply(Box::new(answer)));
            }
        }
    }
}
