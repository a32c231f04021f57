//! Counters of the engine since it was opened.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// The counters, as relaxed atomics.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) writes: Count,
    pub(crate) groups: Count,
    pub(crate) regrouped: Count,
    pub(crate) chunks: Count,
    pub(crate) unknown: Count,
    pub(crate) connected: Count,
    pub(crate) lost: Count,
    pub(crate) is_away: AtomicBool,
    pub(crate) unanswered: AtomicUsize,
}

#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

/// The work of an engine since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Writes that a server answered.
    pub writes: u64,
    /// Transactions that contained them.
    pub groups: u64,
    /// Groups that were sent again because a server refused the whole group.
    pub regrouped: u64,
    /// Pieces of large values.
    pub chunks: u64,
    /// Writes with an unknown outcome.
    pub unknown: u64,
    /// Successful connections.
    pub connected: u64,
    /// Connections that were lost or failed.
    pub lost: u64,
    /// True if the latest connection attempt failed, or the server did not answer the last check.
    /// There is a check every 2 s.
    pub is_away: bool,
    /// Writes without an answer: waiting or in flight.
    pub unanswered: usize,
}

impl Count {
    pub(crate) fn add(&self, number: usize) {
        self.0.fetch_add(number as u64, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn read(&self) -> Counts {
        Counts {
            writes: self.writes.read(),
            groups: self.groups.read(),
            regrouped: self.regrouped.read(),
            chunks: self.chunks.read(),
            unknown: self.unknown.read(),
            connected: self.connected.read(),
            lost: self.lost.read(),
            is_away: self.is_away.load(Ordering::Relaxed),
            unanswered: self.unanswered.load(Ordering::Relaxed),
        }
    }
}
