//! The two engine traits, implemented by the embedded engine.

use tokio::sync::oneshot;
use wayfare_protocol::coordination::{self, Commit, Key, Revision, Write};

use super::Embedded;
use super::reader::{Reading, What};
use super::shared::Job;
use crate::coordination::{Coordination, Listing, Read};
use crate::pending::{Pending, answered};
use crate::storage::{Failure, Outcome, Request, Storage};
use crate::watch::Watch;

type Commits = Vec<Result<Commit, coordination::Failure>>;

impl Embedded {
    fn submit(&self, commits: Vec<Vec<Write>>, is_lazy: bool) -> oneshot::Receiver<Commits> {
        let (answer, awaited) = oneshot::channel();
        self.shared.submit(Job::Coordination {
            commits,
            is_lazy,
            answer,
        });
        awaited
    }

    fn submit_one(&self, writes: Vec<Write>, is_lazy: bool) -> Pending<'_, coordination::Outcome> {
        let awaited = self.submit(vec![writes], is_lazy);
        Box::pin(async move {
            let outcomes = awaited.await.unwrap_or_default();
            let outcome = outcomes.into_iter().next().unwrap_or_else(|| Err(gone()));
            outcome.map(coordination::Reply::Committed)
        })
    }

    /// Sends a request to the writer, or to the reader if it changes nothing.
    fn ask(&self, request: Request) -> oneshot::Receiver<Outcome> {
        let (answer, awaited) = oneshot::channel();
        match request {
            Request::ReadPart { .. }
            | Request::Read { .. }
            | Request::Document(_)
            | Request::Documents { .. } => self.read(Reading {
                what: What::Request(request),
                answer,
            }),
            _ => self.shared.submit(Job::Storage { request, answer }),
        }
        awaited
    }

    fn read(&self, reading: Reading) {
        let Some(readings) = &self.threads.readings else {
            return;
        };
        if let Err(refused) = readings.try_send(reading) {
            let failure =
                Failure::NotDone(format!("too many requests wait for the disk: {refused}"));
            match refused {
                std::sync::mpsc::TrySendError::Full(reading)
                | std::sync::mpsc::TrySendError::Disconnected(reading) => {
                    drop(reading.answer.send(Err(failure)));
                }
            }
        }
    }
}

fn gone() -> coordination::Failure {
    coordination::Failure::Unknown("the store ended before it answered".into())
}

fn lost() -> Failure {
    Failure::Unknown("the store ended before it answered".into())
}

impl Coordination for Embedded {
    fn call(&self, request: coordination::Request) -> Pending<'_, coordination::Outcome> {
        use coordination::{Reply, Request};
        match request {
            Request::Get(key) => {
                let Read { record, store } = self.shared.lock().watched.model().read(&key);
                answered(Ok(Reply::Got { record, store }))
            }
            Request::Commit(writes) => self.submit_one(writes, false),
            Request::CommitLazily(writes) => match self.shared.commit_at_once(&writes) {
                Some(outcome) => answered(outcome.map(Reply::Committed)),
                None => self.submit_one(writes, true),
            },
            Request::Batch(commits) => {
                let count = commits.len();
                let awaited = self.submit(commits, false);
                Box::pin(async move {
                    let outcomes = awaited.await.unwrap_or_else(|_| vec![Err(gone()); count]);
                    Ok(Reply::Batched(outcomes))
                })
            }
            Request::List(prefix) => {
                let Listing { records, store } = self.shared.lock().watched.model().list(&prefix);
                answered(Ok(Reply::Listed { records, store }))
            }
        }
    }

    fn watch(&self, prefix: Key, after: Revision) -> Watch {
        self.shared.lock().watched.watch(prefix, after)
    }
}

impl Storage for Embedded {
    fn call(&self, request: Request) -> Pending<'_, Outcome> {
        let awaited = self.ask(request);
        Box::pin(async move { awaited.await.unwrap_or_else(|_| Err(lost())) })
    }
}
