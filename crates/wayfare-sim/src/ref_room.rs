//! The reference model of a room: what all who received something from it agree on.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::RoomPlan;
use crate::saying::{Life, Origin};

/// The reference for a room of a node.
#[derive(Debug)]
pub struct RefRoom {
    /// True if nothing that anybody received may be lost.
    pub durable: bool,
    /// True if any state of it outlives its node.
    pub kept: bool,
    /// True if its history holds every event.
    pub remembers_all: bool,
    /// The lives that somebody saw.
    lives: BTreeSet<Life>,
    /// The maximum number of lives.
    lives_max: usize,
    /// The messages to everyone, by life, branch and number.
    said: BTreeMap<(Life, u64), BTreeMap<u64, u64>>,
}

impl RefRoom {
    /// Makes a room that nobody has seen.
    #[must_use]
    pub fn new(plan: &RoomPlan) -> Self {
        Self {
            durable: plan.is_durable(),
            kept: plan.is_kept(),
            remembers_all: plan.remembers_all(),
            lives: BTreeSet::new(),
            lives_max: 1,
            said: BTreeMap::new(),
        }
    }

    /// Records that something was done that may end this life.
    pub const fn may_end(&mut self) {
        self.lives_max += 1;
    }

    /// Returns true if nothing may have ended this life.
    #[must_use]
    pub const fn lives_one_life(&self) -> bool {
        self.durable && self.lives_max == 1
    }

    /// Records that somebody saw this life. Returns true if it is possible.
    pub fn admits(&mut self, life: Life) -> bool {
        self.lives.insert(life);
        !self.durable || self.lives.len() <= self.lives_max
    }

    /// Records the content of a number that somebody received. Returns the different content that
    /// another received, if any.
    pub fn hears(&mut self, origin: Origin, number: u64, digest: u64) -> Option<u64> {
        // After a rollback a volatile room sends these numbers again with other content.
        let branch = if self.durable { 0 } else { origin.branch };
        let said = self.said.entry((origin.life, branch)).or_default();
        let first = *said.entry(number).or_insert(digest);
        (first != digest).then_some(first)
    }
}
