//! All members of the service, and whose turn it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{self, Instant};

use crate::member::{Here, Member, Surroundings};

/// Between two rounds of members who all turned a request away: a fraction of an election.
const ROUND_PAUSE: Duration = Duration::from_millis(20);

/// All members, in the order of the config.
pub(crate) struct Members {
    members: Vec<Arc<Member>>,
    surroundings: Arc<Surroundings>,
}

/// Who answered last, to be asked first. Shared by those who go the same way.
#[derive(Clone, Debug)]
pub(crate) struct Preference(Arc<AtomicUsize>);

impl Preference {
    pub(crate) fn new(index: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(index)))
    }

    /// Starts where this one is, and goes its own way from there.
    pub(crate) fn fork(&self) -> Self {
        Self::new(self.index())
    }

    fn index(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn prefer(&self, turn: &Turn) {
        self.0.store(turn.index, Ordering::Relaxed);
    }

    /// Asks another first from now on, unless that was decided already.
    pub(crate) fn avoid(&self, turn: &Turn) {
        // Somebody else may have moved on meanwhile.
        let relaxed = Ordering::Relaxed;
        let _ = self
            .0
            .compare_exchange(turn.index, turn.next, relaxed, relaxed);
    }
}

/// Who had a turn for one request, so that all have theirs before one has a second.
pub(crate) struct Round(Vec<bool>);

/// The member whose turn it is.
pub(crate) struct Turn {
    pub(crate) member: Arc<Member>,
    pub(crate) here: Here,
    index: usize,
    /// The one behind it.
    next: usize,
}

impl Members {
    pub(crate) const fn new(members: Vec<Arc<Member>>, surroundings: Arc<Surroundings>) -> Self {
        Self {
            members,
            surroundings,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.members.iter()
    }

    pub(crate) const fn len(&self) -> usize {
        self.members.len()
    }

    pub(crate) fn round(&self) -> Round {
        Round(vec![false; self.members.len()])
    }

    /// The next member that is there, beginning with the preferred one. Waits for one while there
    /// is none, and a little between two rounds; `None` once `deadline` has passed.
    pub(crate) async fn next(
        &self,
        preference: &Preference,
        round: &mut Round,
        deadline: Instant,
    ) -> Option<Turn> {
        loop {
            let arrival = self.surroundings.arrivals.notified();
            tokio::pin!(arrival);
            // From here on no arrival is missed.
            arrival.as_mut().enable();
            if let Some(turn) = self.free(preference, round) {
                return Some(turn);
            }
            let is_over = round.0.contains(&true);
            round.0.fill(false);
            let now = Instant::now();
            if now >= deadline {
                return None;
            }
            let until = if is_over {
                (now + ROUND_PAUSE).min(deadline)
            } else {
                deadline
            };
            // Either way, look again.
            let _ = time::timeout_at(until, arrival).await;
        }
    }

    /// What is wrong with certificates, if that is what keeps every member from being asked.
    pub(crate) fn distrust(&self) -> Option<String> {
        let reason = |it: &Arc<Member>| Some(format!("{} {}", it.address(), it.distrust()?));
        let reasons: Option<Vec<_>> = self.members.iter().map(reason).collect();
        Some(reasons?.join("; "))
    }

    /// Why no member can be asked, for those who cannot.
    pub(crate) fn away(&self) -> String {
        let statuses = self.members.iter().map(|it| it.status());
        let reasons = statuses.filter_map(|it| Some(format!("{} {}", it.endpoint, it.away?)));
        reasons.collect::<Vec<_>>().join("; ")
    }

    fn free(&self, preference: &Preference, round: &mut Round) -> Option<Turn> {
        let (count, first) = (self.members.len(), preference.index());
        let mut order = (0..count).map(|step| (first + step) % count);
        order.find_map(|index| {
            if round.0[index] {
                return None;
            }
            let member = &self.members[index];
            let here = member.here()?;
            round.0[index] = true;
            let member = Arc::clone(member);
            let next = (index + 1) % count;
            Some(Turn {
                member,
                here,
                index,
                next,
            })
        })
    }
}
