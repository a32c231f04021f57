//! The contract of engines, as lists of named cases that need no runtime and never panic.
//!
//! [`coordination`] and [`storage`] can run against any engine, also one in use: a case writes only
//! to keys in its namespace. [`fall_behind`] must know how many changes an engine remembers.
//! [`race`] is one contender of several, which may be tasks, threads or processes.

mod coordination_commits;
mod coordination_race;
mod coordination_reads;
mod coordination_watches;
mod storage_documents;
mod storage_ends;
mod storage_entities;
mod storage_logs;
mod storage_parts;
mod storage_seals;

pub use coordination_race::{RACE_COUNTERS, race, race_total};
pub use coordination_watches::fall_behind;

use std::fmt::Debug;
use std::future::poll_fn;
use std::task::Poll;

use wayfare_protocol::coordination::{Commit, Failure, Revision};

use crate::{Coordination, Pending, Storage};

/// A behaviour that every engine must have.
pub struct Case<E: ?Sized + 'static> {
    /// The behaviour, as words joined by `_`.
    pub name: &'static str,
    run: for<'a> fn(&'a E, &'a str) -> Pending<'a, Verdict>,
}

impl<E: ?Sized + Sync + 'static> Case<E> {
    /// Runs the case in a namespace such as `contract/17`, to which nothing was written before.
    /// Leaves its records there. Does not end if the engine does not answer.
    ///
    /// # Errors
    /// If the engine behaves otherwise. The error describes how.
    pub fn run<'a>(&self, engine: &'a E, namespace: &str) -> Pending<'a, Verdict> {
        let run = self.run;
        let namespace = format!("{namespace}/{}", self.name);
        Box::pin(async move { run(engine, &namespace).await })
    }
}

/// The result of a case.
pub type Verdict = Result<(), Breach>;

/// Reasons why a case fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// The engine violated the contract.
    #[error("{what}: found {found}, expected {expected}")]
    Contract {
        /// The thing that was checked.
        what: &'static str,
        /// The value found.
        found: String,
        /// The value expected.
        expected: String,
    },
    /// Coordination failed without a reason, so nothing is proven.
    #[error("coordination failed")]
    Coordination(#[from] Failure),
    /// Storage failed without a reason, so nothing is proven.
    #[error("storage failed")]
    Storage(#[from] crate::storage::Failure),
}

/// Returns the cases for every implementation of [`Coordination`].
#[must_use]
pub fn coordination() -> Vec<Case<dyn Coordination>> {
    let mut cases = coordination_reads::cases();
    cases.extend(coordination_commits::cases());
    cases.extend(coordination_race::cases());
    cases.extend(coordination_watches::cases());
    cases
}

/// Returns the cases for every implementation of [`Storage`].
#[must_use]
pub fn storage() -> Vec<Case<dyn Storage>> {
    let mut cases = storage_seals::cases();
    cases.extend(storage_entities::cases());
    cases.extend(storage_parts::cases());
    cases.extend(storage_ends::cases());
    cases.extend(storage_logs::cases());
    cases.extend(storage_documents::cases());
    cases
}

/// Makes cases of async functions, with the functions' names.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        vec![$(Case {
            name: stringify!($case),
            run: |engine, namespace| Box::pin($case(engine, namespace)),
        }),*]
    };
}
use cases;

fn same<T: Debug + PartialEq>(what: &'static str, found: &T, expected: &T) -> Verdict {
    if found == expected {
        return Ok(());
    }
    Err(Breach::Contract {
        what,
        found: format!("{found:?}"),
        expected: format!("{expected:?}"),
    })
}

fn above(what: &'static str, found: Revision, below: Revision) -> Verdict {
    if found > below {
        return Ok(());
    }
    Err(Breach::Contract {
        what,
        found: format!("{found:?}"),
        expected: format!("above {below:?}"),
    })
}

fn done(what: &'static str, commit: Commit) -> Result<Revision, Breach> {
    match commit {
        Commit::Done(revision) => Ok(revision),
        Commit::Refused => Err(Breach::Contract {
            what,
            found: "refused".into(),
            expected: "done".into(),
        }),
    }
}

fn refused(what: &'static str, commit: Commit) -> Verdict {
    same(what, &commit, &Commit::Refused)
}

/// Drives all futures at once in the caller's task.
async fn join<T>(mut pending: Vec<Pending<'_, T>>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = pending.iter().map(|_| None).collect();
    poll_fn(|cx| {
        for (future, answer) in pending.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *answer = Some(value);
            }
        }
        if answers.iter().all(Option::is_some) {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
    answers.into_iter().flatten().collect()
}
