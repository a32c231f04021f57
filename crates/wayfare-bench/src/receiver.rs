//! A client's record of the room's messages, checked by itself.

use crate::stamp::Stamp;
use crate::wire::scramble;

/// The number of faults, per receiver or in sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) duplicated: u64,
    pub(crate) reordered: u64,
}

impl Faults {
    pub(crate) fn any(&self) -> bool {
        *self != Self::default()
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
    }
}

/// The record of a receiver. The numbers of each sender, and the room's sequence, must have no
/// gaps.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    /// The next number of each sender.
    next: Vec<u32>,
    /// Numbers that were skipped and have not arrived since.
    missing: Vec<(u32, u32)>,
    /// The highest sequence of the room.
    sequence: u64,
    /// The number of skipped sequences, without those that arrived later.
    sequences_missing: u64,
    faults: Faults,
    /// A digest of all stamps in order. Members of a room have the same one if they received the
    /// same.
    digest: u64,
}

impl Receiver {
    /// Makes a record for a room of `members` clients, behind this sequence.
    pub(crate) fn new(members: usize, sequence: u64) -> Self {
        Self {
            next: vec![0; members],
            missing: Vec::new(),
            sequence,
            sequences_missing: 0,
            faults: Faults::default(),
            digest: 0,
        }
    }

    /// Records an event. Returns `false` if the sender does not exist.
    #[inline]
    pub(crate) fn hear(&mut self, sequence: u64, stamp: Stamp) -> bool {
        let Some(next) = self.next.get_mut(stamp.sender as usize) else {
            return false;
        };
        self.digest =
            scramble(self.digest ^ u64::from(stamp.sender) << 32 ^ u64::from(stamp.number));
        if stamp.number == *next && sequence == self.sequence + 1 {
            *next += 1;
            self.sequence = sequence;
        } else {
            self.hear_fault(sequence, stamp);
        }
        true
    }

    #[cold]
    fn hear_fault(&mut self, sequence: u64, stamp: Stamp) {
        let in_sequence = sequence > self.sequence;
        if in_sequence {
            self.sequences_missing += sequence - self.sequence - 1;
            self.sequence = sequence;
        }
        let name = (stamp.sender, stamp.number);
        let next = &mut self.next[stamp.sender as usize];
        if stamp.number >= *next {
            self.missing
                .extend((*next..stamp.number).map(|number| (stamp.sender, number)));
            *next = stamp.number + 1;
            if !in_sequence {
                self.faults.reordered += 1;
                self.sequences_missing = self.sequences_missing.saturating_sub(1);
            }
        } else if let Some(index) = self.missing.iter().position(|missing| *missing == name) {
            self.missing.swap_remove(index);
            self.faults.reordered += 1;
            if !in_sequence {
                self.sequences_missing = self.sequences_missing.saturating_sub(1);
            }
        } else {
            self.faults.duplicated += 1;
        }
    }

    /// Returns the faults after everything has arrived. `sent` is the number sent by each sender.
    pub(crate) fn faults(&self, sent: &[u32]) -> Faults {
        let never_came = |(sent, next): (&u32, &u32)| u64::from(sent.saturating_sub(*next));
        let behind: u64 = sent.iter().zip(&self.next).map(never_came).sum();
        let lost = behind + self.missing.len() as u64;
        Faults {
            lost: lost.max(self.sequences_missing),
            ..self.faults
        }
    }
}

/// Returns the faults of a room: those of its members, and one for each member that received the
/// same events in another order than the first.
pub(crate) fn room_faults(receivers: &[Receiver], sent: &[u32]) -> Faults {
    let mut faults = Faults::default();
    for receiver in receivers {
        faults.add(receiver.faults(sent));
    }
    if let ([first, rest @ ..], false) = (receivers, faults.any()) {
        let differs = |receiver: &&Receiver| receiver.digest != first.digest;
        faults.reordered += rest.iter().filter(differs).count() as u64;
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events as (sender, number) in the order of their sequences, from 1.
    const SENT: [(u32, u32); 6] = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)];

    fn hear(order: &[usize]) -> Receiver {
        let mut receiver = Receiver::new(2, 0);
        for index in order {
            let (sender, number) = SENT[*index];
            let stamp = Stamp {
                sender,
                number,
                due_ns: 0,
            };
            assert!(receiver.hear(*index as u64 + 1, stamp));
        }
        receiver
    }

    fn check(order: &[usize], lost: u64, duplicated: u64, reordered: u64) {
        let expected = Faults {
            lost,
            duplicated,
            reordered,
        };
        assert_eq!(hear(order).faults(&[3, 3]), expected, "{order:?}");
    }

    #[test]
    fn each_fault_is_counted_once_and_as_what_it_is() {
        check(&[0, 1, 2, 3, 4, 5], 0, 0, 0);
        // Lost: at the beginning, in the middle, at the end, all.
        check(&[1, 2, 3, 4, 5], 1, 0, 0);
        check(&[0, 1, 3, 4, 5], 1, 0, 0);
        check(&[0, 1, 2, 3, 4], 1, 0, 0);
        check(&[], 6, 0, 0);
        // Duplicated, at once and later.
        check(&[0, 1, 1, 2, 3, 4, 5], 0, 1, 0);
        check(&[0, 1, 2, 3, 4, 5, 0], 0, 1, 0);
        // Out of order: between senders, within one sender, across everything.
        check(&[0, 2, 1, 3, 4, 5], 0, 0, 1);
        check(&[2, 0, 1, 3, 4, 5], 0, 0, 2);
        check(&[1, 2, 3, 4, 5, 0], 0, 0, 1);
        // All of these faults together.
        check(&[0, 0, 2, 1, 4, 5], 1, 1, 1);
    }

    #[test]
    fn a_hole_in_the_sequence_alone_is_a_loss() {
        let mut receiver = Receiver::new(1, 10);
        for (sequence, number) in [(11, 0), (13, 1)] {
            let stamp = Stamp {
                sender: 0,
                number,
                due_ns: 0,
            };
            assert!(receiver.hear(sequence, stamp));
        }
        assert_eq!(receiver.faults(&[2]).lost, 1);
    }

    #[test]
    fn members_that_heard_another_order_are_found() {
        let one = hear(&[0, 1, 2, 3, 4, 5]);
        assert!(!room_faults(&[one.clone(), one.clone()], &[3, 3]).any());
        let mut other = Receiver::new(2, 0);
        for (sequence, index) in [1, 0, 2, 3, 4, 5].into_iter().enumerate() {
            let (sender, number) = SENT[index];
            let stamp = Stamp {
                sender,
                number,
                due_ns: 0,
            };
            assert!(other.hear(sequence as u64 + 1, stamp));
        }
        assert_eq!(room_faults(&[one, other], &[3, 3]).reordered, 1);
    }

    #[test]
    fn an_unknown_sender_is_told() {
        let stamp = Stamp {
            sender: 2,
            number: 0,
            due_ns: 0,
        };
        assert!(!Receiver::new(2, 0).hear(1, stamp));
    }
}
