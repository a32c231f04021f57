//! State shared by callers and the writer: the queue, and the visible records of coordination.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use wayfare_protocol::coordination::{Commit, Failure, Key, Record, Revision, Write};

use super::checked::Damage;
use super::group;
use crate::model::{Decision, ModelCoordination, Watched, decide};
use crate::storage;

/// The maximum number of queued requests: several seconds of a busy server. Further ones are
/// refused.
pub(super) const JOBS_MAX: usize = 1 << 16;
/// The maximum bytes of requests in a group commit, so that the next group does not wait for long.
const GROUP_BYTES_MAX: usize = 8 << 20;
/// The maximum bytes of queued requests, like `JOBS_MAX`.
const QUEUED_BYTES_MAX: usize = 256 << 20;
/// The time after which a lazy commit is stored, if no other commit stores it earlier.
pub(super) const LAZY_MAX: Duration = Duration::from_millis(500);

/// A job for the writer.
#[derive(Debug)]
pub(super) enum Job {
    Storage {
        request: storage::Request,
        answer: oneshot::Sender<storage::Outcome>,
    },
    /// Commits that do not depend on each other.
    Coordination {
        commits: Vec<Vec<Write>>,
        is_lazy: bool,
        answer: oneshot::Sender<Vec<Result<Commit, Failure>>>,
    },
    /// A report of a reader that an entity's data is damaged.
    Damaged(Key, Damage),
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Debug)]
pub(super) struct State {
    jobs: VecDeque<Job>,
    queued_bytes: usize,
    /// Jobs of coordination that wait or are in flight. A lazy commit keeps its place behind them.
    coordination_ahead: usize,
    pub(super) watched: Watched,
    /// The effects of lazy commits that are not in the file yet.
    lazy: BTreeMap<Key, Option<Record>>,
    /// The highest revision reserved in the file. No higher one may be issued.
    pub(super) ceiling: u64,
    status: Status,
}

#[derive(Clone, Debug)]
enum Status {
    Running,
    Closing,
    Failed(Arc<str>),
}

/// A group for the writer.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) jobs: VecDeque<Job>,
    pub(super) lazy: BTreeMap<Key, Option<Record>>,
    pub(super) revision: Revision,
}

/// A lazy commit that had to wait, and its outcome.
pub(super) type Settled = (
    oneshot::Sender<Vec<Result<Commit, Failure>>>,
    Result<Commit, Failure>,
);

impl Shared {
    pub(super) fn new(model: ModelCoordination, ceiling: u64) -> Self {
        Self {
            state: Mutex::new(State {
                jobs: VecDeque::new(),
                queued_bytes: 0,
                coordination_ahead: 0,
                watched: Watched::new(model),
                lazy: BTreeMap::new(),
                ceiling,
                status: Status::Running,
            }),
            work: Condvar::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Under this lock everything is decided before anything is changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a job. If it is refused, its answer has been given when this returns.
    pub(super) fn submit(&self, job: Job) {
        let mut state = self.lock();
        if let Err(why) = state.admit(&job) {
            drop(state);
            return job.refuse(&why);
        }
        state.queue(job);
        drop(state);
        self.work.notify_one();
    }

    /// Executes a lazy commit at once, if it need not wait for another.
    pub(super) fn commit_at_once(&self, writes: &[Write]) -> Option<Result<Commit, Failure>> {
        let mut state = self.lock();
        let outcome = state.commit_at_once(writes)?;
        let is_first = state.lazy.len() <= writes.len();
        drop(state);
        if is_first {
            self.work.notify_one();
        }
        Some(outcome)
    }

    /// Waits for jobs. Returns `None` once the store is closed and all jobs are done.
    pub(super) fn take(&self) -> Option<Taken> {
        let mut state = self.lock();
        while state.jobs.is_empty() && matches!(state.status, Status::Running) {
            if state.lazy.is_empty() {
                state = wait(self.work.wait(state));
                continue;
            }
            let nothing_new = |state: &mut State| {
                state.jobs.is_empty() && matches!(state.status, Status::Running)
            };
            let waited = self.work.wait_timeout_while(state, LAZY_MAX, nothing_new);
            state = wait(waited).0;
            break;
        }
        if state.jobs.is_empty() && state.lazy.is_empty() {
            return match state.status {
                Status::Running => Some(state.take()),
                Status::Closing | Status::Failed(_) => None,
            };
        }
        Some(state.take())
    }

    pub(super) fn close(&self) {
        let mut state = self.lock();
        if matches!(state.status, Status::Running) {
            state.status = Status::Closing;
        }
        drop(state);
        self.work.notify_all();
    }

    /// Stops all writing after a failure, and refuses the queued jobs.
    pub(super) fn fail(&self, why: &str) {
        let mut state = self.lock();
        if !matches!(state.status, Status::Failed(_)) {
            state.status = Status::Failed(why.into());
        }
        state.lazy.clear();
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        for job in jobs {
            job.refuse(why);
        }
    }
}

impl State {
    fn admit(&self, job: &Job) -> Result<(), String> {
        match &self.status {
            Status::Failed(why) => return Err(why.to_string()),
            Status::Closing => return Err("the store is closing".into()),
            Status::Running => {}
        }
        let bytes = self.queued_bytes + job.bytes();
        if self.jobs.len() >= JOBS_MAX || (bytes > QUEUED_BYTES_MAX && !self.jobs.is_empty()) {
            return Err("too many requests wait for the disk".into());
        }
        Ok(())
    }

    fn queue(&mut self, job: Job) {
        self.queued_bytes += job.bytes();
        if matches!(job, Job::Coordination { .. }) {
            self.coordination_ahead += 1;
        }
        self.jobs.push_back(job);
    }

    fn commit_at_once(&mut self, writes: &[Write]) -> Option<Result<Commit, Failure>> {
        if self.coordination_ahead > 0 || !matches!(self.status, Status::Running) {
            return None;
        }
        self.commit_lazily(writes)
    }

    /// Executes a lazy commit; `None` if no revision is left to issue.
    fn commit_lazily(&mut self, writes: &[Write]) -> Option<Result<Commit, Failure>> {
        let model = self.watched.model();
        let last = model.revision();
        match decide(writes, |key| model.revision_of(key)) {
            Ok(Decision::Changes) => {}
            Ok(Decision::Refused) => return Some(Ok(Commit::Refused)),
            Ok(Decision::Holds) => return Some(Ok(Commit::Done(last))),
            Err(failure) => return Some(Err(failure)),
        }
        if last.0 >= self.ceiling {
            return None;
        }
        let revision = Revision(last.0 + 1);
        self.lazy.extend(group::records(revision, writes));
        let writes = writes.to_vec();
        self.watched
            .change(|model| model.apply_at(revision, writes));
        Some(Ok(Commit::Done(revision)))
    }

    fn take(&mut self) -> Taken {
        let mut bytes = 0;
        let fits = |job: &Job| {
            bytes += job.bytes();
            bytes <= GROUP_BYTES_MAX
        };
        let count = self.jobs.iter().map(fits).take_while(|fits| *fits).count();
        let count = count.max(1).min(self.jobs.len());
        let jobs: VecDeque<Job> = self.jobs.drain(..count).collect();
        self.queued_bytes -= jobs.iter().map(Job::bytes).sum::<usize>();
        Taken {
            jobs,
            lazy: std::mem::take(&mut self.lazy),
            revision: self.watched.model().revision(),
        }
    }

    /// Makes a group visible that has become durable; `count` of its jobs are coordination's. Then
    /// executes the lazy commits that waited behind it.
    pub(super) fn settle(
        &mut self,
        commits: Vec<(Revision, Vec<Write>)>,
        count: usize,
        ceiling: u64,
    ) -> Vec<Settled> {
        for (revision, writes) in commits {
            self.watched
                .change(|model| model.apply_at(revision, writes));
        }
        self.ceiling = ceiling;
        self.coordination_ahead -= count;
        let mut settled = Vec::new();
        while let Some(at) = self.jobs.iter().position(Job::is_coordination) {
            let Some(Job::Coordination {
                commits,
                is_lazy: true,
                ..
            }) = self.jobs.get(at)
            else {
                break;
            };
            let writes = commits.concat();
            let Some(outcome) = self.commit_lazily(&writes) else {
                break;
            };
            if let Some(Job::Coordination { answer, .. }) = self.jobs.remove(at) {
                self.queued_bytes -= bytes_of(&[writes]);
                self.coordination_ahead -= 1;
                settled.push((answer, outcome));
            }
        }
        settled
    }

    pub(super) fn depth(&self) -> usize {
        self.jobs.len()
    }
}

impl Job {
    /// Answers that the job was not done, with the reason.
    pub(super) fn refuse(self, why: &str) {
        match self {
            Self::Storage { answer, .. } => {
                drop(answer.send(Err(storage::Failure::NotDone(why.to_owned()))));
            }
            Self::Coordination {
                commits, answer, ..
            } => {
                let failure = |_| Err(Failure::NotDone(why.to_owned()));
                drop(answer.send(commits.iter().map(failure).collect()));
            }
            Self::Damaged(..) => {}
        }
    }

    const fn is_coordination(&self) -> bool {
        matches!(self, Self::Coordination { .. })
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Storage { request, .. } => match request {
                storage::Request::Snapshot { snapshot, .. } => snapshot.bytes.len(),
                storage::Request::Part { bytes, .. } => bytes.len(),
                storage::Request::Journal { records, .. }
                | storage::Request::Append { records, .. } => {
                    records.iter().map(bytes::Bytes::len).sum()
                }
                storage::Request::PutDocument { value, .. } => value.len(),
                _ => 0,
            },
            Self::Coordination { commits, .. } => bytes_of(commits),
            Self::Damaged(..) => 0,
        }
    }
}

fn bytes_of(commits: &[Vec<Write>]) -> usize {
    let of = |write: &Write| match write {
        Write::Put { value, .. } => value.len(),
        Write::Delete { .. } | Write::Check { .. } => 0,
    };
    commits.iter().flatten().map(of).sum()
}

fn wait<T>(waited: Result<T, PoisonError<T>>) -> T {
    waited.unwrap_or_else(PoisonError::into_inner)
}
