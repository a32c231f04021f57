//! The changes that storage does not have yet.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::call_records::CallChanges;
use super::member_records::MemberChanges;
use super::timer_records::TimerChanges;
use crate::entities::room::machines::backlog::Rerun;
use crate::game::TimerId;

/// The changes since the last write.
#[derive(Debug, Default)]
pub(in crate::entities::room) struct Unwritten {
    /// A handler ran that may have changed the state.
    pub(in crate::entities::room) handled: bool,
    /// Some handler of these was not a tick.
    pub(in crate::entities::room) beside_ticks: bool,
    pub(in crate::entities::room) changes: Vec<Bytes>,
    pub(in crate::entities::room) parts: BTreeSet<u32>,
    pub(in crate::entities::room) members: MemberChanges,
    pub(in crate::entities::room) timers: TimerChanges,
    pub(in crate::entities::room) calls: CallChanges,
    /// The metadata changed, or a number was given out that is written with them.
    pub(in crate::entities::room) metadata: bool,
    pub(in crate::entities::room) appends: Vec<(String, Bytes)>,
    /// The wall clock was set: the age is written with what it says now.
    pub(in crate::entities::room) clock: bool,
    /// The inputs that were executed since, to be executed again if a later one fails.
    pub(in crate::entities::room) inputs: Vec<Rerun>,
    input_bytes: usize,
    /// The thing that is being executed: the room failed on it, if it fails.
    pub(in crate::entities::room) in_progress: InProgress,
    /// Timers whose notes were delivered since.
    pub(in crate::entities::room) fired: Vec<TimerId>,
}

/// The thing that a room is executing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::entities::room) enum InProgress {
    #[default]
    Nothing,
    /// The last of the inputs.
    Input,
    /// The note of this timer.
    Timer(TimerId),
    /// The end of this call.
    Call(u64),
}

impl Unwritten {
    pub(in crate::entities::room) fn input(&mut self, input: Rerun) {
        self.input_bytes += input.message().bytes();
        self.inputs.push(input);
    }

    /// Only ticks changed the state, and nothing else is to be written.
    pub(in crate::entities::room) fn is_of_ticks(&self) -> bool {
        self.handled
            && !self.beside_ticks
            && self.members.is_empty()
            && self.timers.is_empty()
            && self.calls.is_empty()
            && !self.metadata
            && self.appends.is_empty()
            && !self.clock
            && self.inputs.is_empty()
            && self.fired.is_empty()
    }

    pub(in crate::entities::room) fn input_bytes(&self) -> usize {
        self.input_bytes
    }
}
