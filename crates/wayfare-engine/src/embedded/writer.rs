//! The thread that writes: it takes all waiting requests, makes them durable with one sync, and
//! answers.
//!
//! While a group is being synced, the next one gathers, so groups grow with the load.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

use tokio::sync::oneshot;
use wayfare_protocol::coordination::{Commit, Failure};

use super::counters::Counters;
use super::group::Group;
use super::reader::{Reading, What};
use super::shared::{Job, Shared, Taken};
use super::store::{Carried, GroupFailure, RecordChanges, Store, nothing_kept};
use crate::storage;

pub(super) struct Writer {
    pub(super) store: Store,
    pub(super) shared: Arc<Shared>,
    pub(super) readings: SyncSender<Reading>,
    pub(super) counters: Arc<Counters>,
}

type StorageAnswer = oneshot::Sender<storage::Outcome>;
type Commits = Vec<Result<Commit, Failure>>;

/// A group, with its answers separated from its requests.
struct Sorted {
    requests: Vec<storage::Request>,
    storage: Vec<StorageAnswer>,
    coordination: Vec<(oneshot::Sender<Commits>, Commits)>,
    changes: RecordChanges,
}

impl Writer {
    /// Runs until the store is closed and all jobs are done, or a write fails.
    pub(super) fn run(mut self) {
        while let Some(taken) = self.shared.take() {
            if !self.turn(taken) {
                return;
            }
        }
    }

    /// Executes a group. Returns true if another one can follow.
    pub(super) fn turn(&mut self, taken: Taken) -> bool {
        let sorted = self.sort(taken);
        match self.commit(sorted) {
            Ok(()) => true,
            Err(cause) => {
                self.fail(&cause);
                false
            }
        }
    }

    fn sort(&mut self, taken: Taken) -> Sorted {
        let Taken {
            jobs,
            lazy,
            revision,
        } = taken;
        let mut group = Group::new(revision);
        let mut sorted = Sorted {
            requests: Vec::with_capacity(jobs.len()),
            storage: Vec::with_capacity(jobs.len()),
            coordination: Vec::new(),
            changes: RecordChanges::default(),
        };
        for job in jobs {
            match job {
                Job::Storage { request, answer } => {
                    sorted.requests.push(request);
                    sorted.storage.push(answer);
                }
                Job::Coordination {
                    commits, answer, ..
                } => {
                    let state = self.shared.lock();
                    let visible = state.watched.model();
                    let commits = commits.into_iter();
                    let outcomes = commits.map(|writes| group.commit(visible, writes));
                    sorted.coordination.push((answer, outcomes.collect()));
                }
                Job::Damaged(entity, damage) => self.store.entities.damaged(&entity, damage),
            }
        }
        let last = group.applied.last().map(|(revision, _)| *revision);
        sorted.changes = RecordChanges {
            lazy,
            last: last.unwrap_or(revision),
            commits: group.applied,
        };
        sorted
    }

    fn commit(&mut self, sorted: Sorted) -> Result<(), String> {
        let Sorted {
            requests,
            storage,
            coordination,
            changes,
        } = sorted;
        self.counters.group(storage.len() + coordination.len());
        // redb panics on some damaged pages.
        let carried = catch_unwind(AssertUnwindSafe(|| self.store.execute(requests, &changes)));
        let carried = match carried {
            Ok(Ok(carried)) => carried,
            Ok(Err(failure)) => return Err(refuse(storage, coordination, &failure)),
            Err(_) => {
                let cause = redb::Error::Corrupted("its pages are damaged".into());
                let is_unknown = true;
                let failure = GroupFailure { is_unknown, cause };
                return Err(refuse(storage, coordination, &failure));
            }
        };
        self.publish(coordination, changes);
        self.answer(storage, carried);
        Ok(())
    }

    fn publish(
        &self,
        coordination: Vec<(oneshot::Sender<Commits>, Commits)>,
        changes: RecordChanges,
    ) {
        let ceiling = self.store.meta.ceiling;
        let mut state = self.shared.lock();
        let settled = state.settle(changes.commits, coordination.len(), ceiling);
        drop(state);
        for (answer, outcomes) in coordination {
            drop(answer.send(outcomes));
        }
        for (answer, outcome) in settled {
            drop(answer.send(vec![outcome]));
        }
    }

    fn answer(&self, answers: Vec<StorageAnswer>, carried: Vec<Carried>) {
        // All loads share one transaction, because they read the state at the end of this group.
        let is_load = |it: &Carried| matches!(it, Carried::Load { .. });
        let loads = carried.iter().any(is_load);
        let transaction = loads.then(|| self.store.read().map(Arc::new));
        for (answer, carried) in answers.into_iter().zip(carried) {
            let entity = match carried {
                Carried::Out(outcome) => {
                    drop(answer.send(outcome));
                    continue;
                }
                Carried::Load { entity } => entity,
            };
            let Some(plan) = self.store.plan(&entity) else {
                drop(answer.send(nothing_kept()));
                continue;
            };
            match &transaction {
                Some(Ok(transaction)) => self.read(What::Load(plan, transaction.clone()), answer),
                Some(Err(error)) => drop(answer.send(Err(sealed_only(&error.to_string())))),
                None => drop(answer.send(Err(sealed_only("there is no transaction")))),
            }
        }
    }

    fn read(&self, what: What, answer: StorageAnswer) {
        let reading = Reading { what, answer };
        if let Err(TrySendError::Full(reading) | TrySendError::Disconnected(reading)) =
            self.readings.try_send(reading)
        {
            let failure = sealed_only("too many reads wait for the disk");
            drop(reading.answer.send(Err(failure)));
        }
    }

    fn fail(&self, cause: &str) {
        self.counters.fail();
        self.shared.fail(&format!(
            "the store has failed, nothing is written any more: {cause}; \
             check the disk, then start the server again"
        ));
    }
}

impl Drop for Writer {
    /// Answers all waiting requests, however the thread ends.
    fn drop(&mut self) {
        self.shared.fail("the store is closed");
    }
}

/// Answers a group that failed, as far as its outcome is known. Returns the cause.
fn refuse(
    storage: Vec<StorageAnswer>,
    coordination: Vec<(oneshot::Sender<Commits>, Commits)>,
    failure: &GroupFailure,
) -> String {
    let cause = failure.cause.to_string();
    for answer in storage {
        let refusal = if failure.is_unknown {
            storage::Failure::Unknown(cause.clone())
        } else {
            storage::Failure::NotDone(cause.clone())
        };
        drop(answer.send(Err(refusal)));
    }
    for (answer, mut outcomes) in coordination {
        for outcome in outcomes.iter_mut() {
            // A refusal stays true: the changes that it was based on can only have been undone.
            *outcome = Err(if failure.is_unknown {
                Failure::Unknown(cause.clone())
            } else {
                Failure::NotDone(cause.clone())
            });
        }
        drop(answer.send(outcomes));
    }
    cause
}

/// The failure of a load whose seal holds but that read nothing.
fn sealed_only(cause: &str) -> storage::Failure {
    storage::Failure::Unknown(format!("sealed, but not read: {cause}"))
}
