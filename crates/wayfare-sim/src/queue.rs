//! The queue of future events, in the order of time, then of insertion.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use wayfare_protocol::Instant;

/// The events of a world.
#[derive(Debug)]
pub struct EventQueue<E> {
    heap: BinaryHeap<Reverse<Due<E>>>,
    made: u64,
}

#[derive(Debug)]
struct Due<E> {
    at: Instant,
    number: u64,
    event: E,
}

impl<E> EventQueue<E> {
    /// Adds an event at this time.
    pub fn push(&mut self, at: Instant, event: E) {
        self.made += 1;
        let number = self.made;
        self.heap.push(Reverse(Due { at, number, event }));
    }

    /// Removes the next event, if it is due by `end`.
    pub fn pop(&mut self, end: Instant) -> Option<(Instant, E)> {
        if self.heap.peek()?.0.at > end {
            return None;
        }
        let Reverse(due) = self.heap.pop()?;
        Some((due.at, due.event))
    }
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
            made: 0,
        }
    }
}

impl<E> PartialEq for Due<E> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<E> Eq for Due<E> {}

impl<E> PartialOrd for Due<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Due<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
