//! Sessions that ended while a join or an attachment of theirs was in flight: a room that accepts it
//! learns that the player is gone.

use std::collections::VecDeque;
use std::time::Duration;

use wayfare_protocol::limits::SESSION_GRACE;
use wayfare_protocol::{Instant, SessionId};

/// The time after which no answer to a join of such a session is expected any more.
const KEPT: Duration = SESSION_GRACE;
/// Sessions kept at once: those of a burst beyond it stay members until their grace is over.
const KEPT_MAX: usize = 4096;

/// Sessions in the order in which they ended. There are few: one is kept only if it ended between a
/// join and its answer.
#[derive(Debug, Default)]
pub(super) struct EndedSessions(VecDeque<(Instant, SessionId)>);

impl EndedSessions {
    pub(super) fn insert(&mut self, session: SessionId, now: Instant) {
        while let Some((ended, _)) = self.0.front()
            && (now.since(*ended) >= KEPT || self.0.len() >= KEPT_MAX)
        {
            self.0.pop_front();
        }
        self.0.push_back((now, session));
    }

    pub(super) fn contains(&self, session: SessionId) -> bool {
        self.0.iter().any(|(_, known)| *known == session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_kept_for_as_long_as_an_answer_may_come() {
        let mut ended = EndedSessions::default();
        ended.insert(SessionId(1), Instant::ORIGIN);
        assert!(ended.contains(SessionId(1)) && !ended.contains(SessionId(2)));
        ended.insert(SessionId(2), Instant::ORIGIN + KEPT);
        assert!(!ended.contains(SessionId(1)) && ended.contains(SessionId(2)));
    }
}
