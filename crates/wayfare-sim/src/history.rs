//! What one seat did in one room and what it saw there, each deed with its outcome.

use std::collections::BTreeMap;

use wayfare_client_core::CommandId;

use crate::ranges::Ranges;
use crate::saying::{Life, Origin, View};

/// How a deed ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The room did it.
    Done,
    /// The room did not, and never will.
    Refused,
    /// Nobody can tell.
    Unknown,
}

/// A deed that has no outcome yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its number, among those of its seat in its room.
    pub deed: u32,
    /// Whether the room is to refuse it, or to fail on it.
    pub is_bad: bool,
    /// The record that it leaves in the log, if it does.
    pub log: Option<String>,
}

/// Where a seat stands in a room: what it must hear next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where it was shown the room.
    pub origin: Origin,
    /// The last number said to everyone.
    pub everyone: u64,
    /// The last number said to itself.
    pub one: u64,
    /// The greeting came that follows a view which knows of it already: behind a join, unless that
    /// was asked for again.
    pub welcomed: bool,
    /// The last sequence.
    pub sequence: u64,
    /// The last of what carries no promise, and the branch it came from.
    pub anyone: (u64, u64),
    /// Notes, futures and asks of the room that have not ended.
    pub pending: u64,
}

/// See the module's words.
#[derive(Debug, Default)]
pub struct History {
    /// Deeds so far.
    pub deeds: u32,
    /// Without an outcome.
    pub given: BTreeMap<CommandId, Given>,
    /// Done in `life`, and told so.
    pub done: Ranges,
    /// The life in which they were done.
    pub life: Life,
    /// Told that they are not done and never will be.
    pub never: Ranges,
    /// Nobody can tell.
    pub unknown: Ranges,
    /// While a member.
    pub standing: Option<Standing>,
    /// Replies that were lost, and no new view has followed yet.
    pub lost_replies: u64,
    /// The last number to everyone that was heard, and in which life.
    pub heard: (Life, u64),
}

impl History {
    /// The next deed's number.
    pub fn next_deed(&mut self) -> u32 {
        self.deeds += 1;
        self.deeds
    }

    /// The room was shown: from here on it is heard.
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
