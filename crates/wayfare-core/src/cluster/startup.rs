//! The start of a run: the ticket key, the admission, and the incarnation, in one machine.

use std::time::Duration;

use wayfare_protocol::coordination::{Failure, Outcome, Revision};
use wayfare_protocol::{Incarnation, Instant, NodeId};

use super::admission::{Admission, AdmissionError, Sharing};
use super::incarnation::{NextIncarnation, enrol};
use super::rewrite::{RecordError, Rewrite};
use super::tickets::{TicketKey, ticket_key};
use super::{NodeView, Output, Report};
use crate::timers::Wake;

/// Until coordination that failed is asked again: doubled with each failure in a row.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// The terms of a start.
#[derive(Clone, Debug)]
pub struct StartupPlan {
    /// The node's name.
    pub node: NodeId,
    /// The version of Wayfare.
    pub version: String,
    /// The time since 1970, by a clock that may be wrong.
    pub wall: Duration,
    /// The key of tickets if there is none yet; random.
    pub fresh_key: [u8; 32],
    /// The other processes that can have this coordination open.
    pub sharing: Sharing,
}

/// A run of a node, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Above that of every earlier run of this node.
    pub incarnation: Incarnation,
    /// The same for every run that uses this coordination.
    pub ticket_key: [u8; 32],
    /// The store's revision when this run was written down: what is not above it was written by
    /// another run.
    pub began_at: Revision,
    /// The runs that are over.
    pub view: NodeView,
}

/// Why a run does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartupError {
    /// The node may not join.
    #[error(transparent)]
    Admission(AdmissionError),
    /// A record cannot be written.
    #[error("this run cannot be written down")]
    Record(#[source] RecordError),
}

impl StartupError {
    /// The failure of coordination behind it, if that is all.
    const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Admission(AdmissionError::Failed(failure))
            | Self::Record(RecordError::Failed { failure, .. }) => Some(failure),
            Self::Admission(AdmissionError::Taken { .. })
            | Self::Record(RecordError::Contended { .. } | RecordError::Exhausted { .. }) => None,
        }
    }
}

/// The machine. It looks for other names, finds or makes the ticket key, writes the node's record,
/// and, where several nodes may share coordination, looks for other names once more: of two nodes
/// that start at once one goes on. Costs four to six requests.
pub struct Startup {
    plan: StartupPlan,
    stage: Stage,
    view: NodeView,
    ticket_key: [u8; 32],
    incarnation: Incarnation,
    began_at: Revision,
    now: Instant,
    pause: Duration,
    /// When the stage that failed is begun again.
    retry_at: Option<Instant>,
}

enum Stage {
    Admission(Admission),
    TicketKey(Rewrite<TicketKey>),
    Incarnation(Rewrite<NextIncarnation>),
    Confirmation(Admission),
    Ended,
}

impl Startup {
    /// A start that has done nothing yet.
    #[must_use]
    pub fn new(plan: StartupPlan, now: Instant) -> Self {
        Self {
            stage: Stage::Admission(Admission::new(plan.node.clone(), plan.sharing)),
            plan,
            view: NodeView::default(),
            ticket_key: [0; 32],
            incarnation: Incarnation(0),
            began_at: Revision(0),
            now,
            pause: PAUSE_MIN,
            retry_at: None,
        }
    }

    /// The answer to the latest request.
    pub fn handle_coordination(&mut self, outcome: Outcome, now: Instant) {
        self.now = self.now.max(now);
        match &mut self.stage {
            Stage::Admission(admission) | Stage::Confirmation(admission) => {
                admission.handle_coordination(outcome);
            }
            Stage::TicketKey(rewrite) => rewrite.handle_coordination(outcome),
            Stage::Incarnation(rewrite) => rewrite.handle_coordination(outcome),
            Stage::Ended => {}
        }
    }

    /// Asks coordination again, if it is time.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = self.now.max(now);
        if self.retry_at.is_none_or(|at| at > self.now) {
            return;
        }
        self.retry_at = None;
        let (node, sharing) = (self.plan.node.clone(), self.plan.sharing);
        self.stage = match &self.stage {
            Stage::Admission(_) => Stage::Admission(Admission::new(node, sharing)),
            Stage::TicketKey(_) => self.find_ticket_key(),
            Stage::Incarnation(_) => self.write_incarnation(),
            Stage::Confirmation(_) => {
                Stage::Confirmation(Admission::confirm(node, sharing, self.began_at))
            }
            Stage::Ended => Stage::Ended,
        };
    }

    /// When to call [`Startup::handle_timeout`], and why. Valid once outputs have been taken.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Wake> {
        Some((self.retry_at?, "coordination is asked again"))
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output<Result<Run, StartupError>>> {
        loop {
            let advanced = match &mut self.stage {
                Stage::Admission(admission) => match admission.poll_output()? {
                    Output::Coordinate(request) => return Some(Output::Coordinate(request)),
                    Output::Report(report) => return Some(Output::Report(report)),
                    Output::Ended(outcome) => self.admitted(outcome),
                },
                Stage::TicketKey(rewrite) => match rewrite.poll_output()? {
                    Output::Coordinate(request) => return Some(Output::Coordinate(request)),
                    Output::Report(report) => return Some(Output::Report(report)),
                    Output::Ended(outcome) => self.found_ticket_key(outcome),
                },
                Stage::Incarnation(rewrite) => match rewrite.poll_output()? {
                    Output::Coordinate(request) => return Some(Output::Coordinate(request)),
                    Output::Report(report) => return Some(Output::Report(report)),
                    Output::Ended(outcome) => self.wrote_incarnation(outcome),
                },
                Stage::Confirmation(admission) => match admission.poll_output()? {
                    Output::Coordinate(request) => return Some(Output::Coordinate(request)),
                    Output::Report(report) => return Some(Output::Report(report)),
                    Output::Ended(outcome) => self.confirmed(outcome),
                },
                Stage::Ended => return None,
            };
            match advanced {
                Ok(Stage::Ended) => {
                    self.stage = Stage::Ended;
                    return Some(Output::Ended(Ok(self.run())));
                }
                Ok(stage) => {
                    self.stage = stage;
                    self.pause = PAUSE_MIN;
                }
                Err(error) => return Some(self.failed(error)),
            }
        }
    }

    fn admitted(
        &mut self,
        outcome: Result<NodeView, AdmissionError>,
    ) -> Result<Stage, StartupError> {
        self.view = outcome.map_err(StartupError::Admission)?;
        Ok(self.find_ticket_key())
    }

    fn find_ticket_key(&self) -> Stage {
        Stage::TicketKey(ticket_key(self.plan.fresh_key))
    }

    fn found_ticket_key(
        &mut self,
        outcome: Result<([u8; 32], Revision), RecordError>,
    ) -> Result<Stage, StartupError> {
        (self.ticket_key, _) = outcome.map_err(StartupError::Record)?;
        Ok(self.write_incarnation())
    }

    fn write_incarnation(&self) -> Stage {
        let StartupPlan {
            node,
            version,
            wall,
            ..
        } = &self.plan;
        Stage::Incarnation(enrol(node, version.clone(), *wall))
    }

    fn wrote_incarnation(
        &mut self,
        outcome: Result<(Incarnation, Revision), RecordError>,
    ) -> Result<Stage, StartupError> {
        (self.incarnation, self.began_at) = outcome.map_err(StartupError::Record)?;
        let (node, sharing) = (self.plan.node.clone(), self.plan.sharing);
        Ok(match sharing {
            Sharing::Exclusive => Stage::Ended,
            Sharing::Shared => {
                Stage::Confirmation(Admission::confirm(node, sharing, self.began_at))
            }
        })
    }

    fn confirmed(&self, outcome: Result<NodeView, AdmissionError>) -> Result<Stage, StartupError> {
        outcome.map_err(StartupError::Admission)?;
        Ok(Stage::Ended)
    }

    /// A failure of a service that others use may pass; everything else is the end.
    fn failed(&mut self, error: StartupError) -> Output<Result<Run, StartupError>> {
        if self.plan.sharing == Sharing::Shared
            && let Some(failure) = error.failure()
        {
            self.retry_at = Some(self.now + self.pause);
            self.pause = (self.pause * 2).min(PAUSE_MAX);
            return Output::Report(Report::Waiting(failure.clone()));
        }
        self.stage = Stage::Ended;
        Output::Ended(Err(error))
    }

    fn run(&self) -> Run {
        Run {
            incarnation: self.incarnation,
            ticket_key: self.ticket_key,
            began_at: self.began_at,
            view: self.view.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
