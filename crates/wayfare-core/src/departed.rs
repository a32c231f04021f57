//! Traces of former members, kept for a while: a join that was in flight when its player left is
//! void when it arrives.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use wayfare_protocol::limits::{HEARTBEAT, SESSION_GRACE, SILENCE_MAX};
use wayfare_protocol::{Epoch, Handle, Instant, PlayerId};

use crate::timers::Wake;

/// Longer than a session can live on without the answer to a join, and then some for the way.
const KEPT: Duration = SESSION_GRACE
    .saturating_add(SILENCE_MAX)
    .saturating_add(HEARTBEAT);

/// The former members of all rooms of a shard: together, so that an idle room pays nothing.
#[derive(Debug, Default)]
pub(crate) struct Departed {
    stays: BTreeMap<(Handle, PlayerId), (Epoch, Instant)>,
    order: VecDeque<(Instant, Handle, PlayerId)>,
}

impl Departed {
    /// A player left a room, over a session of this epoch.
    pub(crate) fn note(&mut self, handle: Handle, player: &PlayerId, epoch: Epoch, now: Instant) {
        self.stays.insert((handle, player.clone()), (epoch, now));
        self.order.push_back((now, handle, player.clone()));
    }

    /// Checks whether the player left after a session of this epoch asked to join.
    pub(crate) fn since(&self, handle: Handle, player: &PlayerId, epoch: Epoch) -> bool {
        let stay = self.stays.get(&(handle, player.clone()));
        stay.is_some_and(|(left_under, _)| epoch < *left_under)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Wake> {
        let (at, ..) = self.order.front()?;
        Some((*at + KEPT, "former members"))
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        while self.poll_timeout().is_some_and(|(at, _)| at <= now) {
            let Some((at, handle, player)) = self.order.pop_front() else {
                return;
            };
            let key = (handle, player);
            // Whoever left again since is kept on that account.
            if self.stays.get(&key).is_some_and(|(_, last)| *last == at) {
                self.stays.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_join_is_void_until_nobody_can_send_it_any_more() {
        let mut departed = Departed::default();
        let ada = PlayerId::new("ada").unwrap();
        let start = Instant::ORIGIN;
        departed.note(Handle(1), &ada, Epoch(5), start);
        let check = |departed: &Departed, handle, epoch, void| {
            assert_eq!(departed.since(Handle(handle), &ada, Epoch(epoch)), void);
        };
        check(&departed, 1, 4, true);
        check(&departed, 1, 5, false);
        check(&departed, 2, 4, false);
        departed.note(Handle(1), &ada, Epoch(7), start + KEPT / 2);
        departed.handle_timeout(start + KEPT);
        check(&departed, 1, 6, true);
        departed.handle_timeout(start + KEPT * 2);
        check(&departed, 1, 6, false);
        assert_eq!(departed.poll_timeout(), None);
    }
}
