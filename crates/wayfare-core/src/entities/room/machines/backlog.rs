//! The inputs of a room that wait: those that were undone, and those that arrived since.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use wayfare_protocol::Instant;

use crate::peer::{MemberRequest, ToEntity};
use wayfare_protocol::Membership;

/// A room that fails more often than this within [`FAILURES_WINDOW`] ends.
const FAILURES_MAX: u32 = 5;
const FAILURES_WINDOW: Duration = Duration::from_secs(60);

/// An input that was executed and is undone, or would be.
#[derive(Debug)]
pub(crate) enum Rerun {
    /// To be executed again, alone.
    Again(ToEntity),
    /// The room failed on it: it is used up, and answered so.
    Failed(ToEntity),
}

impl Rerun {
    pub(crate) const fn message(&self) -> &ToEntity {
        match self {
            Rerun::Again(message) | Rerun::Failed(message) => message,
        }
    }

    pub(crate) fn into_message(self) -> ToEntity {
        match self {
            Rerun::Again(message) | Rerun::Failed(message) => message,
        }
    }

    /// Checks whether it attaches this member.
    fn attaches(&self, membership: Membership) -> bool {
        match self.message() {
            ToEntity::Member(member) => {
                member.membership == membership
                    && matches!(member.request, MemberRequest::Attach { .. })
            }
            ToEntity::Join(_)
            | ToEntity::Return(_)
            | ToEntity::Request(_)
            | ToEntity::Reply(_)
            | ToEntity::Ran(_) => false,
        }
    }
}

/// The inputs that wait, and the failures that made them wait. Most rooms never have one.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// Executed before the room failed, and undone: to be executed one by one.
    pub(crate) undone: VecDeque<Rerun>,
    /// Arrived since.
    waiting: VecDeque<ToEntity>,
    waiting_bytes: usize,
    /// Futures that were lost with the node they ran on, still to be told.
    pub(crate) lost_runs: BTreeSet<u64>,
    failures: Failures,
}

#[derive(Debug, Default)]
struct Failures {
    since: Instant,
    count: u32,
}

impl Backlog {
    pub(crate) fn is_empty(&self) -> bool {
        self.undone.is_empty() && self.waiting.is_empty()
    }

    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    pub(crate) fn wait(&mut self, message: ToEntity) {
        self.waiting_bytes += message.bytes();
        self.waiting.push_back(message);
    }

    pub(crate) fn pop_waiting(&mut self) -> Option<ToEntity> {
        let message = self.waiting.pop_front()?;
        self.waiting_bytes -= message.bytes();
        Some(message)
    }

    /// Checks whether the attach of this member is among the inputs that run again.
    pub(crate) fn attaches_again(&self, membership: Membership) -> bool {
        self.undone.iter().any(|input| input.attaches(membership))
    }

    /// Counts a failure. Says whether there were too many of them in a short time.
    pub(crate) fn note_failure(&mut self, now: Instant) -> bool {
        if now.since(self.failures.since) > FAILURES_WINDOW {
            self.failures = Failures {
                since: now,
                count: 0,
            };
        }
        self.failures.count += 1;
        self.failures.count > FAILURES_MAX
    }

    /// The part of it that a room in this one's place goes on with.
    pub(crate) fn take_waiting(&mut self) -> Self {
        Self {
            waiting: std::mem::take(&mut self.waiting),
            waiting_bytes: std::mem::take(&mut self.waiting_bytes),
            failures: std::mem::take(&mut self.failures),
            ..Self::default()
        }
    }

    /// The messages of a room that is gone, in order.
    pub(crate) fn into_messages(self) -> impl Iterator<Item = ToEntity> {
        let undone = self.undone.into_iter().map(Rerun::into_message);
        undone.chain(self.waiting)
    }
}
