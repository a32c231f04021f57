//! The gate that effects pass: it holds what was executed until everybody who must have it has it.

use std::collections::{BTreeMap, VecDeque};

/// Somebody whose confirmation releases effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// Storage, for a durable room.
    Storage,
    /// The nth mirror.
    Mirror(u16),
}

/// Holds effects, in order, until every holder has confirmed their position.
///
/// Without holders everything passes at once. A holder that is added applies to what is pushed
/// from then on and to what is still held.
#[derive(Debug)]
pub struct Gate<E> {
    /// The last position each holder has confirmed.
    holders: BTreeMap<Holder, u64>,
    held: VecDeque<E>,
    /// The position of the last effects that were released.
    released: u64,
}

impl<E> Default for Gate<E> {
    fn default() -> Self {
        Self {
            holders: BTreeMap::new(),
            held: VecDeque::new(),
            released: 0,
        }
    }
}

impl<E> Gate<E> {
    /// Takes the next effects and says their position, counted from 1.
    pub fn push(&mut self, effects: E) -> u64 {
        self.held.push_back(effects);
        self.pushed()
    }

    /// From now on nothing passes that this holder has not confirmed.
    pub fn add(&mut self, holder: Holder) {
        self.holders.entry(holder).or_insert(self.released);
    }

    /// This holder's confirmation is no longer needed.
    pub fn remove(&mut self, holder: Holder) {
        self.holders.remove(&holder);
    }

    /// The holder has everything up to `position`. A lower or unknown confirmation changes nothing.
    pub fn confirm(&mut self, holder: Holder, position: u64) {
        let pushed = self.pushed();
        if let Some(confirmed) = self.holders.get_mut(&holder) {
            *confirmed = (*confirmed).max(position.min(pushed));
        }
    }

    /// The position of the last effects that were pushed.
    pub fn pushed(&self) -> u64 {
        self.released + self.held.len() as u64
    }

    /// Drops what is still held: it never was. Positions go on behind it.
    pub fn discard(&mut self) {
        self.released = self.pushed();
        self.held.clear();
    }

    /// The next effects that may be released, if any.
    pub fn pop(&mut self) -> Option<E> {
        let confirmed = self.holders.values().copied().min().unwrap_or(u64::MAX);
        if self.released >= confirmed {
            return None;
        }
        let effects = self.held.pop_front()?;
        self.released += 1;
        Some(effects)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(gate: &mut Gate<u32>) -> Vec<u32> {
        std::iter::from_fn(|| gate.pop()).collect()
    }

    #[test]
    fn without_holders_everything_passes() {
        let mut gate = Gate::default();
        assert_eq!(gate.push(7), 1);
        assert_eq!(drain(&mut gate), [7]);
    }

    #[test]
    fn every_holder_must_confirm_and_order_is_kept() {
        let mut gate = Gate::default();
        gate.add(Holder::Storage);
        gate.add(Holder::Mirror(0));
        for effects in 1..=3 {
            gate.push(effects);
        }
        assert_eq!(drain(&mut gate), []);
        gate.confirm(Holder::Storage, 3);
        assert_eq!(drain(&mut gate), []);
        gate.confirm(Holder::Mirror(0), 2);
        assert_eq!(drain(&mut gate), [1, 2]);
        gate.confirm(Holder::Mirror(0), 1);
        assert_eq!(drain(&mut gate), []);
        gate.remove(Holder::Mirror(0));
        assert_eq!(drain(&mut gate), [3]);
    }

    #[test]
    fn a_holder_added_late_holds_what_is_still_there() {
        let mut gate = Gate::default();
        gate.add(Holder::Storage);
        gate.push(1);
        gate.add(Holder::Mirror(0));
        gate.confirm(Holder::Storage, 1);
        assert_eq!(drain(&mut gate), []);
        gate.confirm(Holder::Mirror(0), 1);
        assert_eq!(drain(&mut gate), [1]);
    }

    #[test]
    fn a_confirmation_from_the_future_or_a_stranger_releases_nothing_early() {
        let mut gate = Gate::default();
        gate.add(Holder::Storage);
        gate.confirm(Holder::Storage, 9);
        gate.confirm(Holder::Mirror(3), 9);
        gate.push(1);
        assert_eq!(drain(&mut gate), []);
    }
}
