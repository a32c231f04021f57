//! What the engine has done since it was opened.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Each a relaxed atomic.
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

/// What an engine has done since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Writes that were answered by a server.
    pub writes: u64,
    /// Transactions they were sent in.
    pub groups: u64,
    /// Groups that were sent again, because a server refused them as a whole.
    pub regrouped: u64,
    /// Pieces of large values.
    pub chunks: u64,
    /// Writes of which it is unknown whether they happened.
    pub unknown: u64,
    /// Connections that were made.
    pub connected: u64,
    /// Connections that were lost, or could not be made.
    pub lost: u64,
    /// Whether the latest connection could not be made, or the server said nothing when it was last
    /// asked, which it is every 2 s.
    pub is_away: bool,
    /// Writes that were asked for and are not answered: those that wait, and those that were sent.
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
