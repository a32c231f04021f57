//! Snapshots in memory, and starting again from one after a handler panicked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use wayfare_protocol::coordination::Revision;
use wayfare_protocol::{Epoch, Instant, Membership, Sequence};

use crate::environment::{Environment, Report};
use crate::game::{LeaveReason, OnPanic, Player, Refusal, RoomLogic};
use crate::history::History;
use crate::turn::TimerId;

use super::handlers::{self, Fault};
use super::{Opened, Room};

/// A room that fails more often than this within [`FAILURES_WINDOW`] closes.
const FAILURES_MAX: u32 = 5;
const FAILURES_WINDOW: Duration = Duration::from_secs(60);

/// All that is needed to start again, as of one sequence.
#[derive(Debug)]
pub(super) struct Saved {
    state: Vec<u8>,
    sequence: Sequence,
    members: BTreeMap<Membership, (Arc<Player>, Sequence)>,
    timers: BTreeMap<(Instant, TimerId), Box<[u8]>>,
    properties: BTreeMap<String, String>,
    locked: bool,
    private: bool,
}

/// How often a room failed lately.
#[derive(Debug, Default)]
pub(super) struct Failures {
    since: Instant,
    count: u32,
}

impl Room {
    /// Takes a snapshot if one is due.
    pub(super) fn save_if_due(&mut self, environment: &mut Environment) {
        let (Some(due), Some(every)) = (self.next_snapshot, self.kind.settings.snapshot_every)
        else {
            return;
        };
        if due > environment.now || self.failed.is_some() {
            return;
        }
        self.next_snapshot = Some(environment.now + every);
        let outcome = self.call("snapshot", environment, |logic, _, _| {
            let mut state = Vec::new();
            logic.snapshot(&mut state).map(|()| state)
        });
        match outcome {
            Ok(state) => {
                let members = self.members.iter();
                let members = members
                    .map(|(number, member)| (number, (member.player.clone(), member.applied)))
                    .collect();
                self.saved = Some(Box::new(Saved {
                    state,
                    sequence: self.sequence,
                    members,
                    timers: self.timers.clone(),
                    properties: self.properties.clone(),
                    locked: self.locked,
                    private: self.private,
                }));
            }
            Err(Fault::Refused(refusal)) => {
                let entity = self.entity.clone();
                environment.report(Report::SnapshotFailed {
                    entity,
                    reason: refusal.message,
                });
            }
            Err(Fault::Panicked) => {}
        }
    }

    /// Whether the failed room may start again, or has to close.
    pub(crate) fn may_restart(&mut self, now: Instant) -> bool {
        if now.since(self.failures.since) > FAILURES_WINDOW {
            self.failures = Failures {
                since: now,
                count: 0,
            };
        }
        self.failures.count += 1;
        self.kind.settings.on_panic == OnPanic::Restart && self.failures.count <= FAILURES_MAX
    }

    /// Starts again under a new epoch, from the last snapshot or as newly opened. Members that
    /// the snapshot knows are resynced, the others are told that their stay is over.
    ///
    /// # Errors
    /// If the game cannot make a room of the snapshot; the room then closes.
    pub(crate) fn restart(
        &mut self,
        epoch: Epoch,
        revision: Revision,
        environment: &mut Environment,
    ) -> Result<(), Refusal> {
        self.logic = self.reopen(environment)?;
        self.failed = None;
        self.epoch = epoch;
        self.revision = revision;
        let saved = self.saved.take();
        self.sequence = saved.as_ref().map_or(Sequence(0), |saved| saved.sequence);
        self.told_everyone = self.sequence;
        self.lineage.push(epoch, self.sequence.next());
        self.numbers_since = epoch;
        self.history = History::behind(self.sequence);
        let now = environment.now;
        self.next_tick = self.kind.settings.tick.map(|tick| now + tick);
        self.next_snapshot = self.kind.settings.snapshot_every.map(|every| now + every);
        self.timers.clear();
        if let Some(saved) = &saved {
            self.timers = saved.timers.clone();
            self.properties = saved.properties.clone();
            self.locked = saved.locked;
            self.private = saved.private;
        } else {
            self.properties.clear();
            (self.locked, self.private) = (false, false);
            self.apply_all_effects(environment);
        }
        self.settle_members(saved.as_deref(), environment);
        self.saved = saved;
        Ok(())
    }

    fn reopen(&self, environment: &mut Environment) -> Result<Box<dyn RoomLogic>, Refusal> {
        if let Some(saved) = &self.saved {
            let restored = handlers::catch(|| self.kind.logic.restore(&saved.state));
            return restored.unwrap_or_else(|panic| {
                environment.report(Report::Panicked {
                    entity: self.entity.clone(),
                    handler: "restore",
                    panic,
                });
                Err(Fault::Panicked.into())
            });
        }
        let opened = Opened {
            entity: self.entity.clone(),
            handle: self.handle,
            epoch: self.epoch,
            revision: self.revision,
            open: self.open.clone(),
        };
        handlers::open(
            &self.kind,
            &opened,
            &crate::members::Members::default(),
            environment,
        )
    }

    fn settle_members(&mut self, saved: Option<&Saved>, environment: &mut Environment) {
        let numbers: Vec<Membership> = self.members.iter().map(|(number, _)| number).collect();
        for &membership in &numbers {
            let known = saved.and_then(|saved| saved.members.get(&membership));
            let Some(member) = self.members.get_mut(membership) else {
                continue;
            };
            member.owed_applied = false;
            if let Some((_, applied)) = known {
                member.applied = *applied;
                member.joined_at = member.joined_at.min(self.sequence);
            } else {
                self.dismiss(membership, LeaveReason::LeaveRestarted, "", environment);
            }
        }
        for (membership, (player, _)) in saved.into_iter().flat_map(|saved| &saved.members) {
            if self.members.get(*membership).is_none() {
                self.tell_left(player, LeaveReason::LeaveRestarted, environment);
            }
        }
        for membership in numbers {
            if self
                .members
                .get(membership)
                .is_some_and(|member| member.attached)
            {
                self.resync(membership, environment);
            }
        }
    }
}
