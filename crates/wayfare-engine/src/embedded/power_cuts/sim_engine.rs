//! The engine without threads: the test executes its requests, one group at a time.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use redb::{Database, StorageBackend};
use tokio::sync::oneshot;
use wayfare_protocol::coordination::{Commit, Failure, Write};

use crate::embedded::counters::Counters;
use crate::embedded::error::OpenError;
use crate::embedded::opening;
use crate::embedded::reader::{self, Reading, What};
use crate::embedded::shared::{Job, Shared};
use crate::embedded::writer::Writer;
use crate::storage::{Outcome, Request};

pub(super) struct SimEngine {
    pub(super) shared: Arc<Shared>,
    database: Arc<Database>,
    writer: Writer,
    readings: Receiver<Reading>,
    has_failed: bool,
}

pub(super) type Committed = oneshot::Receiver<Vec<Result<Commit, Failure>>>;

impl SimEngine {
    pub(super) fn open(backend: impl StorageBackend) -> Result<Self, OpenError> {
        let counters = Arc::new(Counters::default());
        let opened = opening::open_on(Path::new("disk"), backend, &counters)?;
        let ceiling = opened.store.meta.ceiling;
        let shared = Arc::new(Shared::new(opened.records, ceiling));
        let (sender, readings) = sync_channel(64);
        Ok(Self {
            database: opened.store.database.clone(),
            writer: Writer {
                store: opened.store,
                shared: shared.clone(),
                readings: sender,
                counters,
            },
            shared,
            readings,
            has_failed: false,
        })
    }

    pub(super) fn ask(&self, request: Request) -> oneshot::Receiver<Outcome> {
        let (answer, awaited) = oneshot::channel();
        self.shared.submit(Job::Storage { request, answer });
        awaited
    }

    pub(super) fn commit(&self, writes: Vec<Write>) -> Committed {
        let (answer, awaited) = oneshot::channel();
        self.shared.submit(Job::Coordination {
            commits: vec![writes],
            is_lazy: false,
            answer,
        });
        awaited
    }

    /// Executes all waiting requests as one group, and the reads that they cause.
    pub(super) fn turn(&mut self) {
        if !self.has_failed
            && self.shared.lock().depth() > 0
            && let Some(taken) = self.shared.take()
        {
            self.has_failed = !self.writer.turn(taken);
        }
        while let Ok(reading) = self.readings.try_recv() {
            reader::answer(&self.database, &self.shared, reading);
        }
    }

    /// Sends a request and executes it.
    pub(super) fn call(&mut self, request: Request) -> Outcome {
        let awaited = self.ask(request);
        self.turn();
        answer(awaited).expect("an answer")
    }

    /// Executes a read after all answered requests.
    pub(super) fn read(&mut self, request: Request) -> Outcome {
        let (answer, awaited) = oneshot::channel();
        let what = What::Request(request);
        reader::answer(&self.database, &self.shared, Reading { what, answer });
        self::answer(awaited).expect("an answer")
    }
}

/// Returns the answer, if there is one now.
pub(super) fn answer<T>(mut awaited: oneshot::Receiver<T>) -> Option<T> {
    awaited.try_recv().ok()
}
