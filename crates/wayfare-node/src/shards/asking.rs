//! The asynchronous work of a shard: requests to the engines, and futures of rooms.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use metrics::counter;
use wayfare_core::CallId;
use wayfare_core::game::Work;
use wayfare_protocol::{EntityId, Instant, coordination, storage};

use super::event_loop::EventLoop;
use super::mailbox::Mail;

/// An answer of an engine.
pub(crate) enum Answer {
    Coordinated(CallId, coordination::Outcome),
    Stored(CallId, storage::Outcome),
}

impl EventLoop {
    pub(super) fn coordinate(
        &mut self,
        call: CallId,
        request: coordination::Request,
        now: Instant,
    ) {
        let engine = Arc::clone(&self.services.engines.coordination);
        let answer = self
            .answers
            .ask(async move { Answer::Coordinated(call, engine.call(request).await) });
        answer.into_iter().for_each(|answer| self.hear(answer, now));
    }

    pub(super) fn store(&mut self, call: CallId, request: storage::Request, now: Instant) {
        let engine = Arc::clone(&self.services.engines.storage);
        let answer = self
            .answers
            .ask(async move { Answer::Stored(call, engine.call(request).await) });
        answer.into_iter().for_each(|answer| self.hear(answer, now));
    }

    /// Passes ready answers to the shard. Returns true if there were any.
    pub(super) fn take_answers(&mut self, now: Instant) -> bool {
        let mut any = false;
        while let Some(answer) = self.answers.next() {
            any = true;
            self.hear(answer, now);
        }
        any
    }

    fn hear(&mut self, answer: Answer, now: Instant) {
        match answer {
            Answer::Coordinated(call, outcome) => {
                self.shard.handle_coordination(call, outcome, now);
            }
            Answer::Stored(call, outcome) => self.shard.handle_storage(call, outcome, now),
        }
    }

    /// Runs a room's future outside the shard. If it panics, the room gets the lost note.
    pub(super) fn run_work(&self, entity: EntityId, run: u64, work: Work) {
        let mailbox = Arc::clone(&self.mailbox);
        self.services.runtime.spawn(async move {
            let note = AssertUnwindSafe(work.0).catch_unwind().await.ok();
            if note.is_none() {
                counter!("wayfare_future_panics_total").increment(1);
                tracing::error!(
                    room = %entity, run,
                    "a future of the room panicked and is lost; the panic is on standard error"
                );
            }
            mailbox.post(Mail::Ran(entity, run, note));
        });
    }
}
