//! What a room may be, as far as all who heard it agree.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::RoomPlan;
use crate::saying::{Life, Origin};

/// The reference for one room of one node.
#[derive(Debug)]
pub struct RefRoom {
    /// Nothing anybody was told of it may be lost.
    pub durable: bool,
    /// Something of it outlives its node.
    pub kept: bool,
    /// Its history holds everything that it says.
    pub remembers_all: bool,
    /// Lives that somebody saw.
    lives: BTreeSet<Life>,
    /// How many lives there may be.
    lives_max: usize,
    /// What was said to everyone, by life, branch and number.
    said: BTreeMap<(Life, u64), BTreeMap<u64, u64>>,
}

impl RefRoom {
    /// A room that nobody saw.
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

    /// Something was done that may end this life.
    pub const fn may_end(&mut self) {
        self.lives_max += 1;
    }

    /// Somebody saw this life. Whether it may be.
    pub fn admits(&mut self, life: Life) -> bool {
        self.lives.insert(life);
        !self.durable || self.lives.len() <= self.lives_max
    }

    /// Somebody heard this number, and this is what it was. What another has heard instead.
    pub fn hears(&mut self, origin: Origin, number: u64, digest: u64) -> Option<u64> {
        // What a volatile room falls back from is said again, and otherwise.
        let branch = if self.durable { 0 } else { origin.branch };
        let said = self.said.entry((origin.life, branch)).or_default();
        let first = *said.entry(number).or_insert(digest);
        (first != digest).then_some(first)
    }
}
