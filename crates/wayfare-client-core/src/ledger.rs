//! The sequence of one session in one room, and the requests that the room has not acknowledged
//! yet.

use std::collections::VecDeque;

use bytes::Bytes;
use wayfare_protocol::Sequence;
use wayfare_protocol::limits::REQUESTS_IN_FLIGHT_MAX;

use crate::CommandId;

/// A reliable request, kept until the room acknowledges it.
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

/// The numbered requests of one stay.
///
/// Invariants: sequences in `items` increase; every sequence in `(acknowledged, last]` is in
/// `items`; `acknowledged <= sent <= last`. So the unacknowledged requests have no gap.
#[derive(Debug)]
pub(crate) struct Ledger {
    items: VecDeque<Item>,
    payload_bytes: usize,
    last: Sequence,
    acknowledged: Sequence,
    /// The last sequence sent under the present attachment.
    sent: Sequence,
}

impl Ledger {
    /// Creates a ledger that continues after `last`, the last sequence of earlier stays in the
    /// room.
    pub(crate) const fn after(last: Sequence) -> Self {
        Self {
            items: VecDeque::new(),
            payload_bytes: 0,
            last,
            acknowledged: last,
            sent: last,
        }
    }

    /// Returns the last assigned sequence.
    pub(crate) const fn last(&self) -> Sequence {
        self.last
    }

    pub(crate) fn commands(&self) -> usize {
        self.items.len()
    }

    pub(crate) const fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// Assigns the sequence of a join. Its answer acknowledges it, so a join is not an item. Items
    /// that were given while a lost room is joined again are renumbered to follow the join.
    pub(crate) fn number_join(&mut self) -> Sequence {
        let join = self.last.next();
        self.acknowledged = join;
        self.sent = join;
        self.last = join;
        for item in &mut self.items {
            self.last = self.last.next();
            item.sequence = self.last;
        }
        join
    }

    /// Continues after `applied`, what the room applied from an earlier client of this session. If
    /// requests wait here, this client has numbered them, and nothing changes.
    pub(crate) fn go_on(&mut self, applied: Sequence) {
        if self.items.is_empty() && applied > self.last {
            self.last = applied;
            self.sent = applied;
            self.acknowledged = applied;
        }
    }

    pub(crate) fn push(&mut self, request: Request) {
        self.last = self.last.next();
        self.payload_bytes += payload_bytes(&request);
        self.items.push_back(Item {
            sequence: self.last,
            request,
        });
    }

    /// Returns the next request to send, and counts it as sent. Returns `None` while as many are in
    /// flight as may be.
    pub(crate) fn next_to_send(&mut self) -> Option<&Item> {
        if self.sent.0 - self.acknowledged.0 >= REQUESTS_IN_FLIGHT_MAX {
            return None;
        }
        let next = self.sent.next();
        let index = self.items.binary_search_by_key(&next, |item| item.sequence);
        let item = &self.items[index.ok()?];
        self.sent = next;
        Some(item)
    }

    /// Handles the reply to a command, which acknowledges the command and all before it.
    ///
    /// Returns `None` if the command was already answered or never existed.
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

    /// Handles that the room applied everything up to `applied`. Removes and returns one
    /// acknowledged item per call.
    pub(crate) fn applied(&mut self, applied: Sequence) -> Option<Request> {
        self.acknowledge(applied);
        if self.items.front()?.sequence > applied {
            return None;
        }
        self.pop_first()
    }

    /// Removes the first item, acknowledged or not.
    pub(crate) fn pop_first(&mut self) -> Option<Request> {
        let item = self.items.pop_front()?;
        self.payload_bytes -= payload_bytes(&item.request);
        Some(item.request)
    }

    /// Adopts the position that the room states, which may be lower than before. Items above it are
    /// renumbered without a gap and are to be sent again. Returns true if the room was rolled back.
    pub(crate) fn adopt(&mut self, applied: Sequence) -> bool {
        let applied = applied.min(self.last);
        let fell_back = applied < self.acknowledged;
        self.acknowledged = applied;
        self.sent = applied;
        self.last = applied;
        for item in &mut self.items {
            if item.sequence > applied {
                self.last = self.last.next();
                item.sequence = self.last;
            }
        }
        fell_back
    }

    /// Limits the claim to `last`: a room cannot have applied a command that was never sent. It may
    /// have applied more than was sent under this attachment.
    fn acknowledge(&mut self, applied: Sequence) {
        self.acknowledged = self.acknowledged.max(applied.min(self.last));
        self.sent = self.sent.max(self.acknowledged);
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

    /// A stay whose join has sequence 1 and whose commands have 2, 3 and 4, all sent.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::after(Sequence(0));
        assert_eq!(ledger.number_join(), Sequence(1));
        for id in 2..=4 {
            ledger.push(command(id));
            assert_eq!(ledger.last(), Sequence(id));
        }
        assert_eq!(send(&mut ledger), [2, 3, 4]);
        ledger
    }

    fn open(ledger: &Ledger) -> Vec<(u64, u64)> {
        let number = |item: &Item| match item.request {
            Request::Command { id, .. } => (id.0, item.sequence.0),
            Request::Leave => (0, item.sequence.0),
        };
        let acknowledged = ledger.acknowledged;
        let items = ledger.items.iter();
        items
            .filter(|item| item.sequence > acknowledged)
            .map(number)
            .collect()
    }

    #[test]
    fn a_reply_acknowledges_all_earlier_commands() {
        let mut ledger = ledger();
        assert_eq!(ledger.replied(Sequence(3)), Some(CommandId(3)));
        assert_eq!(ledger.replied(Sequence(3)), None);
        assert_eq!(open(&ledger), [(4, 4)]);
        assert_eq!(ledger.commands(), 2);
        assert_eq!(ledger.payload_bytes(), 4);
    }

    #[test]
    fn a_command_never_sent_cannot_be_applied() {
        let mut ledger = ledger();
        assert_eq!(ledger.replied(Sequence(u64::MAX)), None);
        assert!(!ledger.adopt(Sequence(u64::MAX)));
        ledger.push(command(5));
        assert_eq!(ledger.last(), Sequence(5));
    }

    #[test]
    fn a_rollback_renumbers_from_the_rooms_position() {
        let mut ledger = ledger();
        assert_eq!(ledger.replied(Sequence(3)), Some(CommandId(3)));
        assert!(ledger.adopt(Sequence(1)));
        assert_eq!(open(&ledger), [(2, 2), (4, 3)]);
        ledger.push(command(9));
        assert_eq!(ledger.last(), Sequence(4));
    }

    #[test]
    fn waiting_commands_are_numbered_after_the_join() {
        let mut ledger = ledger();
        while ledger.pop_first().is_some() {}
        assert_eq!(ledger.number_join(), Sequence(5));
        ledger.push(command(6));
        ledger.push(command(7));
        assert_eq!(open(&ledger), [(6, 6), (7, 7)]);
        assert_eq!(ledger.number_join(), Sequence(8));
        assert_eq!(open(&ledger), [(6, 9), (7, 10)]);
        ledger.push(command(8));
        assert_eq!(send(&mut ledger), [9, 10, 11]);
        assert_eq!(ledger.replied(Sequence(10)), Some(CommandId(7)));
    }

    fn send(ledger: &mut Ledger) -> Vec<u64> {
        std::iter::from_fn(|| ledger.next_to_send().map(|item| item.sequence.0)).collect()
    }

    #[test]
    fn requests_beyond_the_window_wait_for_acknowledgements() {
        let mut ledger = Ledger::after(Sequence(0));
        let window = REQUESTS_IN_FLIGHT_MAX;
        (1..=3 * window).for_each(|id| ledger.push(command(id)));
        assert_eq!(send(&mut ledger), (1..=window).collect::<Vec<_>>());
        ledger.replied(Sequence(2));
        assert_eq!(send(&mut ledger), [window + 1, window + 2]);
        while ledger.applied(Sequence(window)).is_some() {}
        assert_eq!(send(&mut ledger).last(), Some(&(2 * window)));
        // A room that was rolled back gets them again, as many at once.
        assert!(ledger.adopt(Sequence(0)));
        assert_eq!(send(&mut ledger), (1..=window).collect::<Vec<_>>());
    }

    #[test]
    fn adopting_the_present_position_changes_nothing() {
        let mut ledger = ledger();
        assert!(!ledger.adopt(Sequence(2)));
        assert_eq!(open(&ledger), [(3, 3), (4, 4)]);
        assert_eq!(ledger.applied(Sequence(2)), Some(command(2)));
        assert_eq!(ledger.applied(Sequence(2)), None);
        assert_eq!(ledger.pop_first(), Some(command(3)));
    }
}
