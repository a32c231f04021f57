//! The effects of a handler, in the order in which it left them.

use std::ops::Range;
use std::time::Duration;

use wayfare_protocol::limits::{CALLS_MAX, STEP_BYTES_MAX};
use wayfare_protocol::{EntityId, PlayerId};

use super::caller::Caller;
use super::handler::TimerId;
use super::recipients::Recipients;
use super::refusal::Refusal;
use super::work::Work;

/// An effect of a handler; ranges lie in the outbox's bytes.
#[derive(Debug)]
pub(crate) enum Effect {
    Send {
        recipients: Recipients,
        payload: Range<usize>,
        unreliable: bool,
    },
    After {
        timer: TimerId,
        delay: Duration,
        note: Range<usize>,
    },
    Cancel(TimerId),
    Kick {
        player: PlayerId,
        message: String,
    },
    Lock(bool),
    Private(bool),
    Property {
        name: String,
        value: Option<String>,
    },
    Change(Range<usize>),
    Log {
        log: String,
        record: Range<usize>,
    },
    Run {
        work: Work,
        lost: Range<usize>,
    },
    Ask {
        entity: EntityId,
        request: Range<usize>,
        deadline: Duration,
        tag: Range<usize>,
    },
    Reply {
        caller: Caller,
        result: Result<Range<usize>, Refusal>,
    },
    Close,
}

/// Effects in the order in which a handler left them; the buffers are used again and again.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) bytes: Vec<u8>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) timers_made: u64,
    pub(crate) timers_free: usize,
    pub(crate) calls_free: usize,
}

impl Outbox {
    pub(crate) fn clear(&mut self, timers_made: u64) {
        self.bytes.clear();
        self.effects.clear();
        self.timers_made = timers_made;
    }

    pub(super) fn take_call(&mut self) {
        assert!(
            self.calls_free > 0,
            "the room has {CALLS_MAX} futures and asks under way, the most it may"
        );
        self.calls_free -= 1;
    }

    pub(super) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        let start = self.bytes.len();
        write(&mut self.bytes);
        assert!(
            self.bytes.len() <= STEP_BYTES_MAX,
            "one handler call sent more than {STEP_BYTES_MAX} bytes"
        );
        start..self.bytes.len()
    }
}
