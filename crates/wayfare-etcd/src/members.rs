//! The members of the service, and the choice of one for each request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{self, Instant};

use crate::member::{Here, Member, SharedClientState};

/// The pause after all members refused a request: a fraction of an election.
const ROUND_PAUSE: Duration = Duration::from_millis(20);

/// All members, in the order of the configuration.
pub(crate) struct Members {
    members: Vec<Arc<Member>>,
    shared: Arc<SharedClientState>,
}

/// The member that answered last, which is asked first. Shared by requests with the same
/// preference.
#[derive(Clone, Debug)]
pub(crate) struct Preference(Arc<AtomicUsize>);

impl Preference {
    pub(crate) fn new(index: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(index)))
    }

    /// Makes an independent copy.
    pub(crate) fn fork(&self) -> Self {
        Self::new(self.index())
    }

    fn index(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn prefer(&self, turn: &Turn) {
        self.0.store(turn.index, Ordering::Relaxed);
    }

    /// Prefers another member from now on, unless the preference has already moved.
    pub(crate) fn avoid(&self, turn: &Turn) {
        // Another request may have moved it meanwhile.
        let relaxed = Ordering::Relaxed;
        let _ = self
            .0
            .compare_exchange(turn.index, turn.next, relaxed, relaxed);
    }
}

/// The members that were asked for a request, so that all are asked before one is asked twice.
pub(crate) struct Round(Vec<bool>);

/// The member to ask.
pub(crate) struct Turn {
    pub(crate) member: Arc<Member>,
    pub(crate) here: Here,
    index: usize,
    /// The index of the following member.
    next: usize,
}

impl Members {
    pub(crate) const fn new(members: Vec<Arc<Member>>, shared: Arc<SharedClientState>) -> Self {
        Self { members, shared }
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

    /// Returns the next available member, beginning with the preferred one. Waits while there is
    /// none, and briefly between two rounds. Returns `None` after `deadline`.
    pub(crate) async fn next(
        &self,
        preference: &Preference,
        round: &mut Round,
        deadline: Instant,
    ) -> Option<Turn> {
        loop {
            let arrival = self.shared.arrivals.notified();
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
            // In either case, check the members again.
            let _ = time::timeout_at(until, arrival).await;
        }
    }

    /// Returns the problem with certificates, if it affects every member.
    pub(crate) fn distrust(&self) -> Option<String> {
        let reason = |it: &Arc<Member>| Some(format!("{} {}", it.address(), it.distrust()?));
        let reasons: Option<Vec<_>> = self.members.iter().map(reason).collect();
        Some(reasons?.join("; "))
    }

    /// Describes why no member is available.
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
