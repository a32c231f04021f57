//! The one sequence of a (session, room) pair, and what of it the room has yet to acknowledge.

use std::collections::VecDeque;

use bytes::Bytes;
use wayfare_protocol::Sequence;

use crate::CommandId;

/// Something reliable: kept until the room acknowledges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Command { id: CommandId, payload: Bytes },
    Leave,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) sequence: Sequence,
    pub(crate) request: Request,
}

/// Invariants: sequences in `items` grow; every sequence in `(acknowledged, last]` is in `items`;
/// `acknowledged <= last`. So what is above an acknowledgement has no gap.
#[derive(Debug)]
pub(crate) struct Ledger {
    items: VecDeque<Item>,
    payload_bytes: usize,
    last: Sequence,
    acknowledged: Sequence,
}

impl Ledger {
    /// Goes on behind `last`, which earlier stays in the room came to.
    pub(crate) const fn behind(last: Sequence) -> Self {
        Self {
            items: VecDeque::new(),
            payload_bytes: 0,
            last,
            acknowledged: last,
        }
    }

    /// The number last given out.
    pub(crate) const fn last(&self) -> Sequence {
        self.last
    }

    pub(crate) fn commands(&self) -> usize {
        self.items.len()
    }

    pub(crate) const fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// The number of a join: its answer acknowledges it, so it is not an item. Items that wait for
    /// it, because they were given while a lost room is joined anew, are numbered behind it.
    pub(crate) fn number_join(&mut self) -> Sequence {
        let join = self.last.next();
        self.acknowledged = join;
        self.last = join;
        for item in &mut self.items {
            self.last = self.last.next();
            item.sequence = self.last;
        }
        join
    }

    pub(crate) fn push(&mut self, request: Request) -> &Item {
        self.last = self.last.next();
        self.payload_bytes += payload_bytes(&request);
        self.items.push_back(Item {
            sequence: self.last,
            request,
        });
        &self.items[self.items.len() - 1]
    }

    /// The room replied to this command: it and all before it are applied.
    ///
    /// `None` if it was answered already, or never was.
    pub(crate) fn replied(&mut self, command: Sequence) -> Option<CommandId> {
        self.acknowledge(command);
        let index = self
            .items
            .binary_search_by_key(&command, |item| item.sequence)
            .ok()?;
        let Request::Command { id, .. } = self.items[index].request else {
            return None;
        };
        let item = self.items.remove(index)?;
        self.payload_bytes -= payload_bytes(&item.request);
        Some(id)
    }

    /// The room applied everything up to here. Takes the items that this settles, one by one.
    pub(crate) fn applied(&mut self, applied: Sequence) -> Option<Request> {
        self.acknowledge(applied);
        if self.items.front()?.sequence > applied {
            return None;
        }
        self.take_first()
    }

    /// Takes the first item, whatever became of it.
    pub(crate) fn take_first(&mut self) -> Option<Request> {
        let item = self.items.pop_front()?;
        self.payload_bytes -= payload_bytes(&item.request);
        Some(item.request)
    }

    /// The room states where it stands, possibly further back than it once was: what is above is
    /// numbered anew without a gap, and goes on from there. True if the room fell back.
    pub(crate) fn adopt(&mut self, applied: Sequence) -> bool {
        let applied = applied.min(self.last);
        let fell_back = applied < self.acknowledged;
        self.acknowledged = applied;
        self.last = applied;
        for item in &mut self.items {
            if item.sequence > applied {
                self.last = self.last.next();
                item.sequence = self.last;
            }
        }
        fell_back
    }

    /// What is not known to be applied, in order: to be sent again.
    pub(crate) fn unacknowledged(&self) -> impl Iterator<Item = &Item> {
        let acknowledged = self.acknowledged;
        self.items
            .iter()
            .filter(move |item| item.sequence > acknowledged)
    }

    /// A room cannot have applied what was never sent: a claim beyond `last` counts as `last`.
    fn acknowledge(&mut self, applied: Sequence) {
        self.acknowledged = self.acknowledged.max(applied.min(self.last));
    }
}

fn payload_bytes(request: &Request) -> usize {
    match request {
        Request::Command { payload, .. } => payload.len(),
        Request::Leave => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(id: u64) -> Request {
        Request::Command {
            id: CommandId(id),
            payload: Bytes::from_static(b"ab"),
        }
    }

    /// A stay that joined with 1 and sent 2, 3, 4.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::behind(Sequence(0));
        assert_eq!(ledger.number_join(), Sequence(1));
        for id in 2..=4 {
            assert_eq!(ledger.push(command(id)).sequence, Sequence(id));
        }
        ledger
    }

    fn open(ledger: &Ledger) -> Vec<(u64, u64)> {
        let number = |item: &Item| match item.request {
            Request::Command { id, .. } => (id.0, item.sequence.0),
            Request::Leave => (0, item.sequence.0),
        };
        ledger.unacknowledged().map(number).collect()
    }

    #[test]
    fn a_reply_settles_one_and_acknowledges_all_before_it() {
        let mut ledger = ledger();
        assert_eq!(ledger.replied(Sequence(3)), Some(CommandId(3)));
        assert_eq!(ledger.replied(Sequence(3)), None);
        assert_eq!(open(&ledger), [(4, 4)]);
        assert_eq!(ledger.commands(), 2);
        assert_eq!(ledger.payload_bytes(), 4);
    }

    #[test]
    fn what_was_never_sent_cannot_be_applied() {
        let mut ledger = ledger();
        assert_eq!(ledger.replied(Sequence(u64::MAX)), None);
        assert!(!ledger.adopt(Sequence(u64::MAX)));
        assert_eq!(ledger.push(command(5)).sequence, Sequence(5));
    }

    #[test]
    fn a_fall_back_numbers_on_from_where_the_room_stands() {
        let mut ledger = ledger();
        assert_eq!(ledger.replied(Sequence(3)), Some(CommandId(3)));
        assert!(ledger.adopt(Sequence(1)));
        assert_eq!(open(&ledger), [(2, 2), (4, 3)]);
        assert_eq!(ledger.push(command(9)).sequence, Sequence(4));
    }

    #[test]
    fn what_waits_for_a_join_is_numbered_behind_it() {
        let mut ledger = ledger();
        while ledger.take_first().is_some() {}
        assert_eq!(ledger.number_join(), Sequence(5));
        assert_eq!(ledger.push(command(6)).sequence, Sequence(6));
        assert_eq!(ledger.push(command(7)).sequence, Sequence(7));
        assert_eq!(ledger.number_join(), Sequence(8));
        assert_eq!(open(&ledger), [(6, 9), (7, 10)]);
        assert_eq!(ledger.push(command(8)).sequence, Sequence(11));
        assert_eq!(ledger.replied(Sequence(10)), Some(CommandId(7)));
    }

    #[test]
    fn to_adopt_the_present_changes_nothing() {
        let mut ledger = ledger();
        assert!(!ledger.adopt(Sequence(2)));
        assert_eq!(open(&ledger), [(3, 3), (4, 4)]);
        assert_eq!(ledger.applied(Sequence(2)), Some(command(2)));
        assert_eq!(ledger.applied(Sequence(2)), None);
        assert_eq!(ledger.take_first(), Some(command(3)));
    }
}
