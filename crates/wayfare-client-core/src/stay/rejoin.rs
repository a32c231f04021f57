//! Joins a room again that was lost with its server.

use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::{Instant, Sequence};

use super::{Fate, Phase, Stay, join_frame};
use crate::backoff::Backoff;
use crate::outbox::Outbox;
use crate::random::Random;
use crate::route::STABLE_AFTER;
use crate::{Event, Join, JoinMode, LeaveReason, RoomKey, ServerError, Settings};

/// The retry policy for rooms that were lost.
pub(crate) struct RejoinPolicy {
    backoff: Backoff,
    rejoin_time_max: Duration,
}

/// The state between the loss of a room and the view of the new one.
pub(super) struct Rejoin {
    step: Step,
    /// Start of the time in which the server could have answered.
    since: Instant,
    /// The number of joins so far.
    joins: u32,
    lost_replies: usize,
}

enum Step {
    /// The join was sent, or will be sent when there is a connection.
    JoinSent(Sequence),
    /// The join was refused for a temporary reason, or the room was lost again soon after it was
    /// joined.
    Waiting { until: Instant },
}

impl RejoinPolicy {
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
            Step::JoinSent(sequence) => Some(sequence),
            Step::Waiting { .. } => None,
        }
    }

    pub(super) const fn is_waiting(&self) -> bool {
        matches!(self.step, Step::Waiting { .. })
    }

    pub(super) const fn joins(&self) -> u32 {
        self.joins
    }

    /// Sends a pending join on a new connection. A delay requested by the server still applies.
    pub(super) fn resume(&mut self, join: &Join, out: &mut Outbox, now: Instant) {
        self.since = now;
        if let Step::JoinSent(sequence) = self.step {
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
    /// Handles the loss of the room; its open commands are already answered. The first join is sent
    /// at once, so that a server restart costs little time. A room that is lost repeatedly gets a
    /// growing delay.
    pub(super) fn rejoin(
        &mut self,
        lost_replies: usize,
        policy: &mut RejoinPolicy,
        out: &mut Outbox,
        now: Instant,
    ) -> Fate {
        let Phase::Member(member) = &self.phase else {
            return Fate::Continues;
        };
        let was_stable = now.since(member.since) >= STABLE_AFTER;
        let joins = if was_stable { 0 } else { member.rejoins };
        let delay = match joins.checked_sub(1) {
            None => Duration::ZERO,
            Some(rounds) => policy.backoff.delay(rounds, Duration::ZERO),
        };
        // Another member may have created the room again, so the join must not require a new one.
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
        policy: &mut RejoinPolicy,
        out: &mut Outbox,
        now: Instant,
    ) -> Fate {
        let Phase::Rejoining(rejoin) = &mut self.phase else {
            return Fate::Continues;
        };
        if self.leaving {
            self.end(LeaveReason::Requested, String::new(), out);
            return Fate::Over;
        }
        if error.is_retryable() {
            let rounds = rejoin.joins.saturating_sub(1);
            let until = now + policy.backoff.delay(rounds, error.retry_after);
            if until <= rejoin.since + policy.rejoin_time_max {
                rejoin.step = Step::Waiting { until };
                return Fate::Continues;
            }
        }
        self.end(LeaveReason::RoomGone, error.to_string(), out);
        Fate::Over
    }

    /// Returns the time of the next join.
    pub(crate) const fn rejoin_at(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Rejoining(Rejoin {
                step: Step::Waiting { until },
                ..
            }) => Some(*until),
            _ => None,
        }
    }

    /// Handles the passing of time while the connection is open.
    pub(crate) fn handle_timeout(&mut self, out: &mut Outbox, now: Instant) {
        if self.rejoin_at().is_none_or(|at| now < at) {
            return;
        }
        let Phase::Rejoining(rejoin) = &mut self.phase else {
            return;
        };
        let sequence = self.ledger.number_join();
        rejoin.step = Step::JoinSent(sequence);
        rejoin.joins = rejoin.joins.saturating_add(1);
        out.send(join_frame(&self.join, sequence), now);
    }
}
