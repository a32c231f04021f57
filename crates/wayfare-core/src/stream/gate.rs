//! The gate that effects pass: it holds what was executed until everybody who must have it has it.

use std::collections::VecDeque;

/// A service whose confirmation releases effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Storage, for a durable room.
    Storage,
}

/// Holds effects, in order, until every holder has confirmed their position.
///
/// Without holders everything passes at once. A holder that is added applies to what is pushed
/// from then on and to what is still held.
#[derive(Debug)]
pub(crate) struct Gate<E, H = Holder> {
    /// The last position each holder has confirmed. There are one or two.
    holders: Vec<(H, u64)>,
    held: VecDeque<E>,
    /// The position of the last effects that were released.
    released: u64,
}

impl<E, H> Default for Gate<E, H> {
    fn default() -> Self {
        Self {
            holders: Vec::new(),
            held: VecDeque::new(),
            released: 0,
        }
    }
}

impl<E, H: Copy + Eq> Gate<E, H> {
    /// Takes the next effects and says their position, counted from 1.
    pub(crate) fn push(&mut self, effects: E) -> u64 {
        self.held.push_back(effects);
        self.pushed()
    }

    /// From now on nothing passes that this holder has not confirmed.
    pub(crate) fn add(&mut self, holder: H) {
        if self.confirmed(holder).is_none() {
            // Exactly one: a room keeps it for long.
            self.holders.reserve_exact(1);
            self.holders.push((holder, self.released));
        }
    }

    /// The holder has everything up to `position`. A lower or unknown confirmation changes nothing.
    pub(crate) fn confirm(&mut self, holder: H, position: u64) {
        let pushed = self.pushed();
        if let Some(confirmed) = self.confirmed(holder) {
            *confirmed = (*confirmed).max(position.min(pushed));
        }
    }

    /// Checks that nothing is held.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// The position of the last effects that were pushed.
    pub(crate) fn pushed(&self) -> u64 {
        self.released + self.held.len() as u64
    }

    /// Drops what is still held: it never was. Positions go on behind it.
    pub(crate) fn discard(&mut self) {
        self.released = self.pushed();
        self.held.clear();
    }

    /// The next effects that may be released, if any.
    pub(crate) fn pop(&mut self) -> Option<E> {
        let confirmed = self.holders.iter().map(|(_, position)| *position).min();
        let confirmed = confirmed.unwrap_or(u64::MAX);
        if self.released >= confirmed {
            return None;
        }
        let effects = self.held.pop_front()?;
        self.released += 1;
        Some(effects)
    }

    fn confirmed(&mut self, holder: H) -> Option<&mut u64> {
        let mut holders = self.holders.iter_mut();
        let known = holders.find(|(known, _)| *known == holder)?;
        Some(&mut known.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORAGE: u8 = 0;
    const OTHER: u8 = 1;
    const STRANGER: u8 = 9;

    fn drain(gate: &mut Gate<u32, u8>) -> Vec<u32> {
        std::iter::from_fn(|| gate.pop()).collect()
    }

    #[test]
    fn without_holders_everything_passes() {
        let mut gate = Gate::<_, u8>::default();
        assert_eq!(gate.push(7), 1);
        assert_eq!(drain(&mut gate), [7]);
    }

    #[test]
    fn every_holder_must_confirm_and_order_is_kept() {
        let mut gate = Gate::<_, u8>::default();
        gate.add(STORAGE);
        gate.add(OTHER);
        for effects in 1..=3 {
            gate.push(effects);
        }
        assert_eq!(drain(&mut gate), []);
        gate.confirm(STORAGE, 3);
        assert_eq!(drain(&mut gate), []);
        gate.confirm(OTHER, 2);
        assert_eq!(drain(&mut gate), [1, 2]);
        gate.confirm(OTHER, 1);
        assert_eq!(drain(&mut gate), []);
        gate.confirm(OTHER, 3);
        assert_eq!(drain(&mut gate), [3]);
    }

    #[test]
    fn a_holder_added_late_holds_what_is_still_there() {
        let mut gate = Gate::<_, u8>::default();
        gate.add(STORAGE);
        gate.push(1);
        gate.add(OTHER);
        gate.confirm(STORAGE, 1);
        assert_eq!(drain(&mut gate), []);
        gate.confirm(OTHER, 1);
        assert_eq!(drain(&mut gate), [1]);
    }

    #[test]
    fn an_early_or_foreign_confirmation_releases_nothing() {
        let mut gate = Gate::<_, u8>::default();
        gate.add(STORAGE);
        gate.confirm(STORAGE, 9);
        gate.confirm(STRANGER, 9);
        gate.push(1);
        assert_eq!(drain(&mut gate), []);
    }
}
