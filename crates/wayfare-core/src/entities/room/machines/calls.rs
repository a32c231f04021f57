//! The calls of a room in flight: its futures, and its requests to other entities.

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_protocol::{Epoch, Instant};

/// A future or a request that has not ended.
#[derive(Clone, Debug)]
pub(crate) enum Pending {
    /// A future, with the note that it leaves if it is lost.
    Run { lost: Bytes },
    /// A request to another entity, with the tag that its answer comes back with.
    Ask { tag: Bytes, due: Instant },
}

/// The calls in flight, by their numbers.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) pending: BTreeMap<u64, Pending>,
    /// The number of the next one.
    pub(crate) next: u64,
}

impl Calls {
    /// No calls. The numbers of an owner begin high enough that the late end of a call of an
    /// earlier owner, or of a closed room of this name, is not taken for one of this owner.
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self {
            pending: BTreeMap::new(),
            next: first_call(epoch),
        }
    }

    pub(crate) fn begin(&mut self, pending: Pending) -> u64 {
        let number = self.next;
        self.next += 1;
        self.pending.insert(number, pending);
        number
    }

    /// Ends a call; `None` if it is not known any more.
    pub(crate) fn end(&mut self, number: u64) -> Option<Pending> {
        self.pending.remove(&number)
    }

    pub(crate) fn is_run(&self, number: u64) -> bool {
        matches!(self.pending.get(&number), Some(Pending::Run { .. }))
    }

    pub(crate) fn is_ask(&self, number: u64) -> bool {
        matches!(self.pending.get(&number), Some(Pending::Ask { .. }))
    }

    /// The time at which the next request has failed.
    pub(crate) fn due(&self) -> Option<Instant> {
        let asks = self.pending.values().filter_map(|pending| match pending {
            Pending::Ask { due, .. } => Some(*due),
            Pending::Run { .. } => None,
        });
        asks.min()
    }

    /// A request whose deadline has passed.
    pub(crate) fn late(&self, now: Instant) -> Option<u64> {
        let mut asks = self.pending.iter();
        asks.find_map(|(number, pending)| match pending {
            Pending::Ask { due, .. } if *due <= now => Some(*number),
            Pending::Ask { .. } | Pending::Run { .. } => None,
        })
    }

    /// The numbers of all futures.
    pub(crate) fn runs(&self) -> impl Iterator<Item = u64> {
        let numbers = self.pending.keys().copied();
        numbers.filter(|number| self.is_run(*number))
    }
}

/// The number of the first call under this epoch.
pub(crate) const fn first_call(epoch: Epoch) -> u64 {
    epoch.0.saturating_mul(1 << 24)
}
