//! Joining a room anew that was lost with its server.

use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::{Instant, Sequence};

use super::{Fate, Phase, Stay, join_frame};
use crate::backoff::Backoff;
use crate::outbox::Outbox;
use crate::random::Random;
use crate::route::GOOD_AFTER;
use crate::{Event, Join, JoinMode, LeaveReason, RoomKey, ServerError, Settings};

/// How long, and how often, a room that was lost is asked for.
pub(crate) struct Patience {
    backoff: Backoff,
    rejoin_time_max: Duration,
}

/// Between the loss of a room and the view of the new one.
pub(super) struct Rejoin {
    step: Step,
    /// Since when the server could have answered.
    since: Instant,
    /// Joins so far.
    joins: u32,
    lost_replies: usize,
}

enum Step {
    /// The join is out, or goes out when there is a connection.
    Asked(Sequence),
    /// It was refused for a reason that may pass, or the room was lost again at once.
    Waiting { until: Instant },
}

impl Patience {
    pub(crate) const fn new(settings: &Settings, random: Random) -> Self {
        Self {
            backoff: Backoff::new(settings, random),
            rejoin_time_max: settings.rejoin_time_max,
        }
    }
}

impl Rejoin {
    pub(super) const fn joining(&self) -> Option<Sequence> {
        match self.step {
            Step::Asked(sequence) => Some(sequence),
            Step::Waiting { .. } => None,
        }
    }

    pub(super) const fn is_waiting(&self) -> bool {
        matches!(self.step, Step::Waiting { .. })
    }

    pub(super) const fn joins(&self) -> u32 {
        self.joins
    }

    /// There is a connection again. What waits goes on waiting: the server asked for it.
    pub(super) fn resume(&mut self, join: &Join, out: &mut Outbox, now: Instant) {
        self.since = now;
        if let Step::Asked(sequence) = self.step {
            out.send(join_frame(join, sequence), now);
        }
    }

    pub(super) const fn resync(&self, room: RoomKey, position: Sequence, view: Bytes) -> Event {
        Event::Resync {
            room,
            view,
            position,
            stands: Sequence(0),
            lost_replies: self.lost_replies,
            fell_back: true,
        }
    }
}

impl Stay {
    /// The room is lost, and its open commands are answered. The first join goes out at once, for a
    /// restart is to cost little; a room that is lost again and again is backed off from.
    pub(super) fn rejoin(
        &mut self,
        lost_replies: usize,
        patience: &mut Patience,
        out: &mut Outbox,
        now: Instant,
    ) -> Fate {
        let Phase::Member(member) = &self.phase else {
            return Fate::Stays;
        };
        let lived = now.since(member.since) >= GOOD_AFTER;
        let joins = if lived { 0 } else { member.rejoins };
        let delay = match joins.checked_sub(1) {
            None => Duration::ZERO,
            Some(rounds) => patience.backoff.delay(rounds, Duration::ZERO),
        };
        // Others may be there before, however it was the first time.
        self.join.mode = JoinMode::OrCreate;
        self.phase = Phase::Rejoining(Rejoin {
            step: Step::Waiting { until: now + delay },
            since: now,
            joins,
            lost_replies,
        });
        self.handle_timeout(out, now);
        Fate::Rejoins
    }

    pub(super) fn rejoin_refused(
        &mut self,
        error: &ServerError,
        patience: &mut Patience,
        out: &mut Outbox,
        now: Instant,
    ) -> Fate {
        let Phase::Rejoining(rejoin) = &mut self.phase else {
            return Fate::Stays;
        };
        if self.leaving {
            self.end(LeaveReason::Requested, String::new(), out);
            return Fate::Over;
        }
        if error.is_retryable() {
            let rounds = rejoin.joins.saturating_sub(1);
            let until = now + patience.backoff.delay(rounds, error.retry_after);
            if until <= rejoin.since + patience.rejoin_time_max {
                rejoin.step = Step::Waiting { until };
                return Fate::Stays;
            }
        }
        self.end(LeaveReason::RoomGone, error.to_string(), out);
        Fate::Over
    }

    /// When to join again.
    pub(crate) const fn rejoin_at(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Rejoining(Rejoin {
                step: Step::Waiting { until },
                ..
            }) => Some(*until),
            _ => None,
        }
    }

    /// Time has passed on an open connection.
    pub(crate) fn handle_timeout(&mut self, out: &mut Outbox, now: Instant) {
        if self.rejoin_at().is_none_or(|at| now < at) {
            return;
        }
        let Phase::Rejoining(rejoin) = &mut self.phase else {
            return;
        };
        let sequence = self.ledger.number_join();
        rejoin.step = Step::Asked(sequence);
        rejoin.joins = rejoin.joins.saturating_add(1);
        out.send(join_frame(&self.join, sequence), now);
    }
}
