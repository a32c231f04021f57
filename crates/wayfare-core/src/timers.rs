//! Which of many things wants to be woken next.

use std::collections::BTreeMap;

use wayfare_protocol::Instant;

/// When one thing wants to be woken, and why.
pub type Wake = (Instant, &'static str);

/// At most one wake-up per key, popped in order of time, then of key.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    queue: BTreeMap<(Instant, K), &'static str>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self {
            queue: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Copy> Timers<K> {
    /// Moves `key` from its `armed` time, which the caller keeps, to another or to none.
    pub(crate) fn arm(&mut self, key: K, armed: &mut Option<Instant>, wake: Option<Wake>) {
        if *armed == wake.map(|(at, _)| at) {
            return;
        }
        if let Some(at) = armed.take() {
            self.queue.remove(&(at, key));
        }
        if let Some((at, reason)) = wake {
            self.queue.insert((at, key), reason);
            *armed = Some(at);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn next(&self) -> Option<Wake> {
        self.queue
            .first_key_value()
            .map(|((at, _), reason)| (*at, *reason))
    }

    /// Takes out the first key that is due; its owner forgets its armed time.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<K> {
        if self.next()?.0 > now {
            return None;
        }
        self.queue.pop_first().map(|((_, key), _)| key)
    }
}

/// The earlier of two wake-ups.
pub(crate) fn earlier(one: Option<Wake>, other: Option<Wake>) -> Option<Wake> {
    match (one, other) {
        (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
        (one, other) => one.or(other),
    }
}
