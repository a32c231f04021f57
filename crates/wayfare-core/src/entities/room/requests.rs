//! Futures of a room and requests between entities: how they begin, and how they end.

use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::EntityId;

use super::handlers::Fault;
use super::machines::calls::Pending;
use super::persistence::InProgress;
use super::turn::RoomTurn;
use crate::game::{Answered, AskError, Caller, Refusal, Work};
use crate::peer::{Reply, Request};
use crate::report::Report;
use crate::stream::errand::Errand;

impl RoomTurn<'_> {
    pub(super) fn begin_run(&mut self, work: Work, lost: Bytes) {
        let run = self.begin_call(Pending::Run { lost });
        self.room.stream.errand(Errand::Run { run, work });
    }

    pub(super) fn begin_ask(
        &mut self,
        entity: EntityId,
        request: Bytes,
        (deadline, tag): (Duration, Bytes),
    ) {
        let due = self.context.now + deadline;
        let ask = self.begin_call(Pending::Ask { tag, due });
        self.room.stream.errand(Errand::Ask {
            ask,
            entity,
            request,
            due,
        });
    }

    fn begin_call(&mut self, pending: Pending) -> u64 {
        let call = self.room.calls.begin(pending);
        if let Some(unwritten) = self.room.unwritten() {
            unwritten.calls.begin(call);
            unwritten.metadata = true;
        }
        call
    }

    pub(super) fn end_call(&mut self, call: u64) -> Option<Pending> {
        let pending = self.room.calls.end(call)?;
        if let Some(unwritten) = self.room.unwritten() {
            unwritten.calls.end(call);
        }
        Some(pending)
    }

    /// A future has ended; one that is not known any more is ignored.
    pub(super) fn handle_ran(&mut self, run: u64, note: Option<&[u8]>) {
        if self.room.calls.is_run(run)
            && let Some(Pending::Run { lost }) = self.end_call(run)
        {
            self.note(note.unwrap_or(&lost));
        }
    }

    /// Tells of futures that are lost. A note that the room fails on is used up.
    pub(super) fn tell_lost_runs(&mut self) {
        while self.room.phase.runs_handlers()
            && let Some(backlog) = &mut self.room.backlog
            && let Some(run) = backlog.lost_runs.pop_first()
        {
            self.begin_progress(InProgress::Call(run));
            if let Some(Pending::Run { lost }) = self.end_call(run) {
                self.note(&lost);
            }
            self.end_progress();
        }
    }

    /// Notes what is being executed, until it went well.
    pub(super) fn begin_progress(&mut self, progress: InProgress) {
        if let Some(unwritten) = self.room.unwritten() {
            unwritten.in_progress = progress;
        }
    }

    /// Ends the execution of something that went well, unless the room has failed on it.
    pub(super) fn end_progress(&mut self) {
        if self.room.phase.cause().is_none()
            && let Some(unwritten) = self.room.unwritten()
        {
            unwritten.in_progress = InProgress::Nothing;
        }
    }

    /// Requests whose deadline has passed have failed.
    pub(super) fn fail_late_asks(&mut self) {
        let now = self.context.now;
        while self.room.phase.runs_handlers()
            && let Some(ask) = self.room.calls.late(now)
        {
            self.begin_progress(InProgress::Call(ask));
            self.handle_answer(ask, Err(AskError::Late));
            self.end_progress();
        }
    }

    /// A request has its answer; one that is not known any more is ignored.
    pub(super) fn handle_answer(&mut self, ask: u64, answer: Result<&[u8], AskError>) {
        if !self.room.calls.is_ask(ask) {
            return;
        }
        let Some(Pending::Ask { tag, .. }) = self.end_call(ask) else {
            return;
        };
        let outcome = self.call("answer", |logic, _, cx| logic.answer(&tag, answer, cx));
        match outcome {
            Ok(()) => self.apply_all_effects(),
            Err(Fault::Refused(refusal)) => self.context.out.report(Report::NoteLost {
                entity: self.room.id.entity.clone(),
                reason: refusal.message,
            }),
            Err(Fault::Panicked) => {}
        }
    }

    /// Another entity asks.
    pub(super) fn handle_request(&mut self, request: &Request) {
        let now = self.context.now;
        let remaining = request.due.since(now);
        if remaining.is_zero() {
            // Nobody waits for the answer any more.
            return;
        }
        self.room.clock.note_wanted(now);
        let mut reply = Vec::new();
        let outcome = self.call_within("request", Some(remaining), |logic, _, cx| {
            logic.request(&request.caller, &request.payload, &mut reply, cx)
        });
        let result = match outcome {
            Ok(answered) => {
                self.apply_all_effects();
                match answered {
                    Answered::Now => Ok(reply.into()),
                    Answered::Later => return,
                }
            }
            Err(fault) => Err(fault.into()),
        };
        self.answer(request.caller.clone(), result);
    }

    pub(super) fn answer(&mut self, caller: Caller, result: Result<Bytes, Refusal>) {
        let reply = Reply {
            caller,
            result,
            hops: 0,
        };
        self.room.stream.errand(Errand::Answer(reply));
    }
}
