//! The history of a seat in a room: its commands with their outcomes, and what it received.

use std::collections::BTreeMap;

use wayfare_client_core::CommandId;

use crate::ranges::Ranges;
use crate::saying::{Life, Origin, View};

/// The outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The room executed it.
    Done,
    /// The room did not execute it, and never will.
    Refused,
    /// The outcome is unknown.
    Unknown,
}

/// A command without an outcome so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its number among the commands of its seat in its room.
    pub deed: u32,
    /// True if the room must refuse it, or fail on it.
    pub is_bad: bool,
    /// The room says nothing in reply to it.
    pub is_quiet: bool,
    /// It makes the room private.
    pub hides: bool,
    /// The record that it appends to the log when it is executed.
    pub log: Option<String>,
}

/// A seat's position in a room, which determines what it must receive next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The origin of its last view.
    pub origin: Origin,
    /// The last number sent to everyone.
    pub everyone: u64,
    /// The last number sent to itself.
    pub one: u64,
    /// True after the greeting that follows the view of a join, and that the view already knows. It
    /// does not come if the join was repeated.
    pub welcomed: bool,
    /// The last sequence.
    pub sequence: u64,
    /// The last unreliable number, with the branch it came from.
    pub anyone: (u64, u64),
    /// The notes, futures and asks of the room that have not ended.
    pub pending: u64,
}

/// The history of a seat in a room; see the module's documentation.
#[derive(Debug, Default)]
pub struct History {
    /// The number of commands so far.
    pub deeds: u32,
    /// The commands without an outcome.
    pub given: BTreeMap<CommandId, Given>,
    /// The commands that were executed in `life` and acknowledged.
    pub done: Ranges,
    /// The life in which they were executed.
    pub life: Life,
    /// The commands that were reported as never executed.
    pub never: Ranges,
    /// The commands with an unknown outcome.
    pub unknown: Ranges,
    /// The position, while the seat is a member.
    pub standing: Option<Standing>,
    /// The number of lost replies since the last view.
    pub lost_replies: u64,
    /// The last number to everyone that was received, with its life.
    pub heard: (Life, u64),
}

impl History {
    /// Returns the next command's number.
    pub fn next_deed(&mut self) -> u32 {
        self.deeds += 1;
        self.deeds
    }

    /// Starts to receive events after a view.
    pub fn stand(&mut self, view: &View, position: u64) {
        self.standing = Some(Standing {
            origin: view.origin,
            everyone: view.everyone,
            one: view.one,
            welcomed: false,
            sequence: position,
            anyone: (0, 0),
            pending: view.pending,
        });
        self.heard = (view.origin.life, view.everyone);
    }
}
