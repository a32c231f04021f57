//! The engine behind the two traits.

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{self, Commit, Expect, Key, Record, Revision, Write};

use super::Embedded;
use super::answer::{Awaited, ask};
use super::reader::{Reading, What};
use super::shared::Job;
use crate::coordination::{Coordination, Listing, Read};
use crate::pending::{Pending, answered};
use crate::storage::{
    AppendKey, Failure, Loaded, LogRecord, Outcome, PartId, Position, Reply, Request, Snapshot,
    Storage,
};
use crate::watch::Watch;

type Commits = Vec<Result<Commit, coordination::Failure>>;

impl Embedded {
    fn submit(&self, commits: Vec<Vec<Write>>, is_lazy: bool) -> Awaited<Commits> {
        let (answer, awaited) = ask();
        self.shared.submit(Job::Coordination {
            commits,
            is_lazy,
            answer,
        });
        awaited
    }

    fn submit_one(
        &self,
        writes: Vec<Write>,
        is_lazy: bool,
    ) -> Pending<'_, Result<Commit, coordination::Failure>> {
        let awaited = self.submit(vec![writes], is_lazy);
        Box::pin(async move {
            let outcomes = awaited.await.unwrap_or_default();
            outcomes.into_iter().next().unwrap_or_else(|| Err(gone()))
        })
    }

    /// Asks the writer, or the reader if nothing is to be changed.
    fn ask(&self, request: Request) -> Awaited<Outcome> {
        let (answer, awaited) = ask();
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
            let failure = Failure::NotDone(format!("too much waits for the disk: {refused}"));
            match refused {
                std::sync::mpsc::TrySendError::Full(reading)
                | std::sync::mpsc::TrySendError::Disconnected(reading) => {
                    reading.answer.give(Err(failure));
                }
            }
        }
    }

    fn asked<T: Send + 'static>(
        &self,
        request: Request,
        sort: fn(Reply) -> Option<T>,
    ) -> Pending<'_, Result<T, Failure>> {
        let awaited = self.ask(request);
        Box::pin(async move {
            let outcome = awaited.await.unwrap_or_else(|| Err(lost()));
            sort(outcome?).ok_or_else(lost)
        })
    }

    fn done(&self, request: Request) -> Pending<'_, Result<(), Failure>> {
        self.asked(request, |reply| matches!(reply, Reply::Done).then_some(()))
    }

    fn committed(&self, request: Request) -> Pending<'_, Result<Commit, Failure>> {
        self.asked(request, |reply| match reply {
            Reply::Committed(commit) => Some(commit),
            _ => None,
        })
    }
}

fn gone() -> coordination::Failure {
    coordination::Failure::Unknown("the store ended before it answered".into())
}

fn lost() -> Failure {
    Failure::Unknown("the store ended before it answered".into())
}

impl Coordination for Embedded {
    fn get(&self, key: Key) -> Pending<'_, Result<Read, coordination::Failure>> {
        answered(Ok(self.shared.lock().watched.model().read(&key)))
    }

    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<Commit, coordination::Failure>> {
        self.submit_one(writes, false)
    }

    fn commit_lazily(
        &self,
        writes: Vec<Write>,
    ) -> Pending<'_, Result<Commit, coordination::Failure>> {
        match self.shared.commit_at_once(&writes) {
            Some(outcome) => answered(outcome),
            None => self.submit_one(writes, true),
        }
    }

    fn batch(
        &self,
        commits: Vec<Vec<Write>>,
    ) -> Pending<'_, Vec<Result<Commit, coordination::Failure>>> {
        let count = commits.len();
        let awaited = self.submit(commits, false);
        Box::pin(async move {
            let outcomes = awaited.await;
            outcomes.unwrap_or_else(|| (0..count).map(|_| Err(gone())).collect())
        })
    }

    fn list(&self, prefix: Key) -> Pending<'_, Result<Listing, coordination::Failure>> {
        answered(Ok(self.shared.lock().watched.model().list(&prefix)))
    }

    fn watch(&self, prefix: Key, after: Revision) -> Watch {
        self.shared.lock().watched.watch(prefix, after)
    }
}

impl Storage for Embedded {
    fn snapshot(
        &self,
        entity: Key,
        epoch: Epoch,
        snapshot: Snapshot,
    ) -> Pending<'_, Result<(), Failure>> {
        self.done(Request::Snapshot {
            entity,
            epoch,
            snapshot,
        })
    }

    fn part(
        &self,
        entity: Key,
        epoch: Epoch,
        part: PartId,
        bytes: Bytes,
    ) -> Pending<'_, Result<(), Failure>> {
        self.done(Request::Part {
            entity,
            epoch,
            part,
            bytes,
        })
    }

    fn read_part(&self, entity: Key, part: PartId) -> Pending<'_, Result<Option<Bytes>, Failure>> {
        self.asked(Request::ReadPart { entity, part }, |reply| match reply {
            Reply::Part(bytes) => Some(bytes),
            _ => None,
        })
    }

    fn forget(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<(), Failure>> {
        self.done(Request::Forget { entity, epoch })
    }

    fn quarantine(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<(), Failure>> {
        self.done(Request::Quarantine { entity, epoch })
    }

    fn journal(
        &self,
        entity: Key,
        epoch: Epoch,
        from: Position,
        records: Vec<Bytes>,
    ) -> Pending<'_, Result<(), Failure>> {
        self.done(Request::Journal {
            entity,
            epoch,
            from,
            records,
        })
    }

    fn load(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<Loaded, Failure>> {
        self.asked(Request::Load { entity, epoch }, |reply| match reply {
            Reply::Loaded(loaded) => Some(loaded),
            _ => None,
        })
    }

    fn append(
        &self,
        log: Key,
        epoch: Epoch,
        key: AppendKey,
        records: Vec<Bytes>,
    ) -> Pending<'_, Result<(), Failure>> {
        self.done(Request::Append {
            log,
            epoch,
            key,
            records,
        })
    }

    fn read(&self, log: Key, from: Position) -> Pending<'_, Result<Vec<LogRecord>, Failure>> {
        self.asked(Request::Read { log, from }, |reply| match reply {
            Reply::Read(records) => Some(records),
            _ => None,
        })
    }

    fn trim(&self, log: Key, before: Position) -> Pending<'_, Result<(), Failure>> {
        self.done(Request::Trim { log, before })
    }

    fn put_document(
        &self,
        name: Key,
        value: Bytes,
        expect: Expect,
    ) -> Pending<'_, Result<Commit, Failure>> {
        self.committed(Request::PutDocument {
            name,
            value,
            expect,
        })
    }

    fn delete_document(&self, name: Key, expect: Revision) -> Pending<'_, Result<Commit, Failure>> {
        self.committed(Request::DeleteDocument { name, expect })
    }

    fn document(&self, name: Key) -> Pending<'_, Result<Option<Record>, Failure>> {
        self.asked(Request::Document(name), |reply| match reply {
            Reply::Document(record) => Some(record),
            _ => None,
        })
    }

    fn documents(
        &self,
        prefix: Key,
        after: Key,
    ) -> Pending<'_, Result<Vec<(Key, Record)>, Failure>> {
        let request = Request::Documents { prefix, after };
        self.asked(request, |reply| match reply {
            Reply::Documents(documents) => Some(documents),
            _ => None,
        })
    }

    fn call(&self, request: Request) -> Pending<'_, Outcome> {
        let awaited = self.ask(request);
        Box::pin(async move { awaited.await.unwrap_or_else(|| Err(lost())) })
    }
}
