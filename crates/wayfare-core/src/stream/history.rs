//! The bounded tail of a room's events, with their audiences, for replay.

use std::collections::VecDeque;

use bytes::Bytes;
use wayfare_protocol::{Instant, Membership, Sequence};

use crate::game::HistoryBounds;
use crate::game::Recipients;

#[derive(Debug)]
struct Entry {
    sequence: Sequence,
    at: Instant,
    recipients: Recipients,
    frame: Bytes,
}

/// Events in rising order of their sequences, the oldest dropped first.
#[derive(Debug)]
pub(crate) struct History {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Everything up to here is not kept.
    dropped: Sequence,
}

impl History {
    /// An empty history behind this sequence.
    pub(crate) fn behind(sequence: Sequence) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            dropped: sequence,
        }
    }

    pub(crate) fn push(
        &mut self,
        sequence: Sequence,
        recipients: Recipients,
        frame: Bytes,
        now: Instant,
    ) {
        self.bytes += frame.len();
        self.entries.push_back(Entry {
            sequence,
            at: now,
            recipients,
            frame,
        });
    }

    /// Drops what is beyond the bounds.
    pub(crate) fn trim(&mut self, bounds: &HistoryBounds, now: Instant) {
        while let Some(oldest) = self.entries.front() {
            let fits = self.entries.len() <= bounds.events_max
                && self.bytes <= bounds.bytes_max
                && now.since(oldest.at) < bounds.age_max;
            if fits {
                return;
            }
            self.bytes -= oldest.frame.len();
            self.dropped = oldest.sequence;
            self.entries.pop_front();
        }
        self.entries.shrink_to_fit();
    }

    /// When the oldest event will be too old.
    pub(crate) fn expires_at(&self, bounds: &HistoryBounds) -> Option<Instant> {
        self.entries
            .front()
            .map(|oldest| oldest.at + bounds.age_max)
    }

    /// Checks whether everything behind this sequence is kept.
    pub(crate) fn reaches(&self, sequence: Sequence) -> bool {
        self.dropped <= sequence
    }

    /// The sequence up to which nothing is kept.
    pub(crate) fn dropped(&self) -> Sequence {
        self.dropped
    }

    /// Everything behind `from` that is kept.
    pub(crate) fn since(
        &self,
        from: Sequence,
    ) -> impl Iterator<Item = (Sequence, &Recipients, &Bytes)> {
        // What is asked for is nearly always the very end.
        let behind = self.entries.iter().rev();
        let count = behind.take_while(|entry| entry.sequence > from).count();
        self.entries
            .range(self.entries.len() - count..)
            .map(|entry| (entry.sequence, &entry.recipients, &entry.frame))
    }

    /// The frames behind `from` that were addressed to this member.
    pub(crate) fn replay(
        &self,
        from: Sequence,
        membership: Membership,
    ) -> impl Iterator<Item = &Bytes> {
        self.since(from)
            .filter(move |(_, recipients, _)| recipients.include(membership))
            .map(|(_, _, frame)| frame)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const BOUNDS: HistoryBounds = HistoryBounds {
        events_max: 3,
        bytes_max: 10,
        age_max: Duration::from_secs(5),
    };

    fn at(seconds: u64) -> Instant {
        Instant::ORIGIN + Duration::from_secs(seconds)
    }

    fn push(history: &mut History, sequence: u64, recipients: Recipients, length: usize) {
        let frame = Bytes::from(vec![sequence as u8; length]);
        history.push(Sequence(sequence), recipients, frame, at(sequence));
    }

    #[test]
    fn a_replay_holds_only_what_was_addressed_to_the_member() {
        let mut history = History::behind(Sequence(0));
        push(&mut history, 1, Recipients::Everyone, 1);
        push(&mut history, 2, Recipients::One(Membership(7)), 1);
        push(&mut history, 3, Recipients::ExceptOne(Membership(7)), 1);
        let replay = |from: u64, member: u32| -> Vec<u8> {
            history
                .replay(Sequence(from), Membership(member))
                .map(|frame| frame[0])
                .collect()
        };
        assert_eq!(replay(0, 7), [1, 2]);
        assert_eq!(replay(0, 8), [1, 3]);
        assert_eq!(replay(1, 8), [3]);
        assert_eq!(replay(3, 7), [0_u8; 0]);
    }

    #[test]
    fn each_bound_drops_the_oldest_first() {
        let check = |lengths: &[usize], now: u64, dropped: u64| {
            let mut history = History::behind(Sequence(0));
            for (index, length) in lengths.iter().enumerate() {
                push(
                    &mut history,
                    index as u64 + 1,
                    Recipients::Everyone,
                    *length,
                );
            }
            history.trim(&BOUNDS, at(now));
            assert_eq!(history.dropped(), Sequence(dropped));
            assert!(history.reaches(Sequence(dropped)));
            assert!(dropped == 0 || !history.reaches(Sequence(dropped - 1)));
        };
        check(&[1, 1, 1], 3, 0);
        check(&[1, 1, 1, 1], 4, 1);
        check(&[8, 3], 2, 1);
        check(&[1, 1], 6, 1);
        check(&[11], 1, 1);
    }
}
