//! The epochs a room has lived under, and the sequence at which each began.

use std::collections::VecDeque;

use wayfare_protocol::{Epoch, Sequence};

/// Owners remembered; a client whose position is from an older one is resynced. Enough for one
/// that was away through an hour of restarts, one a minute.
const OWNERS_MAX: usize = 64;

/// Decides whether a position that a client states is part of this room's past.
#[derive(Clone, Debug)]
pub(crate) struct Lineage(VecDeque<(Epoch, Sequence)>);

impl Lineage {
    /// A room that begins under this epoch.
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self(VecDeque::from([(epoch, Sequence(1))]))
    }

    /// From `first` on the room lives under a new epoch; what was numbered so before is void.
    pub(crate) fn push(&mut self, epoch: Epoch, first: Sequence) {
        self.0.push_back((epoch, first));
        if self.0.len() > OWNERS_MAX {
            self.0.pop_front();
        }
    }

    /// The owners that are remembered, oldest first, and where each began.
    pub(crate) fn reigns(&self) -> impl Iterator<Item = (Epoch, Sequence)> {
        self.0.iter().copied()
    }

    /// From what [`Lineage::reigns`] said.
    pub(crate) fn of(reigns: impl Iterator<Item = (Epoch, Sequence)>) -> Self {
        Self(reigns.collect())
    }

    /// The part of what a client saw up to `sequence` under `epoch` that is still true, the room now
    /// being at `head`; nothing that is known, if it is too long ago.
    ///
    /// An owner that is missing between others was lost before it wrote anything: it began where
    /// the next one began.
    pub(crate) fn stands(&self, epoch: Epoch, sequence: Sequence, head: Sequence) -> Sequence {
        let index = self.0.partition_point(|(known, _)| *known <= epoch);
        if index == 0 {
            return Sequence(0);
        }
        let void_from = self.0.range(index..).map(|(_, first)| first.0).min();
        let end = void_from.map_or(u64::MAX, |first| first.saturating_sub(1));
        sequence.min(head).min(Sequence(end))
    }

    /// Checks whether all of it is still true.
    pub(crate) fn holds(&self, epoch: Epoch, sequence: Sequence, head: Sequence) -> bool {
        let known = self.0.iter().any(|(known, _)| *known == epoch);
        known && self.stands(epoch, sequence, head) == sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_beyond_the_end_of_its_epoch_is_void() {
        let mut lineage = Lineage::new(Epoch(1));
        lineage.push(Epoch(4), Sequence(10));
        let check = |epoch, sequence, holds| {
            assert_eq!(
                lineage.holds(Epoch(epoch), Sequence(sequence), Sequence(12)),
                holds
            );
        };
        check(1, 9, true);
        check(1, 10, false);
        check(4, 12, true);
        check(4, 13, false);
        check(3, 5, false);
    }

    #[test]
    fn a_second_fall_back_voids_positions_of_the_first_owner_too() {
        let mut lineage = Lineage::new(Epoch(1));
        lineage.push(Epoch(2), Sequence(10));
        lineage.push(Epoch(3), Sequence(5));
        assert!(!lineage.holds(Epoch(1), Sequence(7), Sequence(8)));
        assert!(lineage.holds(Epoch(1), Sequence(4), Sequence(8)));
    }

    #[test]
    fn an_owner_that_wrote_nothing_began_where_the_next_one_did() {
        let mut lineage = Lineage::new(Epoch(1));
        lineage.push(Epoch(5), Sequence(10));
        let stands = |epoch, sequence| {
            lineage
                .stands(Epoch(epoch), Sequence(sequence), Sequence(12))
                .0
        };
        assert_eq!(stands(3, 7), 7);
        assert_eq!(stands(3, 11), 9);
        assert_eq!(stands(6, 11), 11);
        assert_eq!(stands(0, 11), 0);
        assert!(
            !lineage.holds(Epoch(3), Sequence(7), Sequence(12)),
            "it is not known for certain"
        );
    }

    #[test]
    fn owners_too_far_back_are_forgotten() {
        let mut lineage = Lineage::new(Epoch(1));
        for owner in 0..OWNERS_MAX as u64 {
            lineage.push(Epoch(2 + owner), Sequence(1));
        }
        assert!(!lineage.holds(Epoch(1), Sequence(0), Sequence(0)));
    }
}
