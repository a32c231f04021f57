//! Both services in one file on one machine, on redb, with nothing else installed.
//!
//! [`Embedded`] is the engine. Two threads of its own carry it: one writes, in groups that become
//! durable with one sync each, one reads. Coordination's records and the heads of all entities are kept
//! in memory; `docs/decisions/embedded-journal.md` and `docs/decisions/embedded-file.md` say what is
//! in the file and why.
//!
//! **What is checked.** A file that was not closed is verified whole, by redb, before it is used: that
//! takes the time to read it. Each value has a checksum of its own besides, looked at
//! whenever it is read. What is damaged in one entity is [`crate::storage::Failure::Corrupt`] for that
//! entity; damage that cannot be told apart is an [`OpenError`]; neither is a panic.
//!
//! **When a write fails** nothing is written any more: that group's changes are unknown or not done, as
//! can be told, each later one is not done, and reads of coordination go on. The file is as of the last
//! group; start the server again once the disk is well.

mod backup;
mod block;
mod checked;
mod counters;
mod documents;
mod entities;
mod entity;
mod error;
mod fault;
mod group;
mod journal;
mod layout;
mod logs;
mod opening;
#[cfg(test)]
mod power_cuts;
mod reader;
mod services;
mod shared;
mod store;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use redb::Database;

use counters::Counters;
use opening::Opened;
use reader::Reading;
use shared::{JOBS_MAX, Shared};
use writer::Writer;

pub use backup::{RESTORE_MARGIN, restore};
pub use counters::Counts;
pub use error::{BackupError, OpenError};

/// Coordination and storage in one file.
///
/// A change is answered once it is durable; the changes that wait at one time share one sync. Reads
/// of coordination, and lazy commits that need not wait for others, are answered before
/// the future is polled; other reads come from a thread of its own. No future needs a
/// runtime, and dropping one undoes nothing.
///
/// Dropping the engine carries out what waits, closes the file and waits for both.
#[derive(Debug)]
pub struct Embedded {
    shared: Arc<Shared>,
    counters: Arc<Counters>,
    /// Declared before the file, which is closed once both threads are through.
    threads: Threads,
    database: Arc<Database>,
    lost: Vec<String>,
}

#[derive(Debug)]
struct Threads {
    writer: Option<JoinHandle<()>>,
    reader: Option<JoinHandle<()>>,
    readings: Option<SyncSender<Reading>>,
}

impl Embedded {
    /// Opens the file at `path`, or makes one where there is none, in a folder that there is.
    ///
    /// Costs reading the journals and all of coordination; after a crash, reading the whole file.
    ///
    /// # Errors
    /// Each [`OpenError`] names the file and what to do. Nothing is changed then, except that redb may
    /// have repaired what a crash left.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let counters = Arc::new(Counters::default());
        let opened = opening::open(path, &counters)?;
        Self::start(opened, counters).map_err(|source| OpenError::io(path, source))
    }

    /// What was done since it was opened. Costs one short lock.
    #[must_use]
    pub fn counters(&self) -> Counts {
        self.counters.read(self.shared.lock().depth())
    }

    /// Records of coordination that could not be read at open, and so were dropped: to be told to an
    /// operator. What they were about is claimed again, under higher epochs.
    #[must_use]
    pub fn lost_records(&self) -> &[String] {
        &self.lost
    }

    /// Writes a copy of everything, as of one moment, to a new file, while others go on writing. What was
    /// committed lazily within the last half second may be missing from it.
    ///
    /// Blocks for as long as it takes to read and write the file: not for a thread of a shard.
    ///
    /// # Errors
    /// [`BackupError::Exists`] if there is a file at `destination`; [`BackupError::Write`], and then
    /// there is none.
    pub fn backup(&self, destination: &Path) -> Result<(), BackupError> {
        backup::write(&self.database, destination)
    }

    fn start(opened: Opened, counters: Arc<Counters>) -> std::io::Result<Self> {
        let Opened {
            store,
            records,
            lost,
        } = opened;
        let shared = Arc::new(Shared::new(records, store.meta.ceiling));
        let database = store.database.clone();
        let (readings, to_read) = sync_channel(JOBS_MAX);
        let reader = {
            let (database, shared) = (database.clone(), shared.clone());
            thread::Builder::new()
                .name("store-reader".into())
                .spawn(move || reader::run(&database, &shared, &to_read))?
        };
        let writer = Writer {
            store,
            shared: shared.clone(),
            readings: readings.clone(),
            counters: counters.clone(),
        };
        // Without it the reader ends by itself: nobody is left who asks.
        let writer = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run())?;
        Ok(Self {
            shared,
            counters,
            threads: Threads {
                writer: Some(writer),
                reader: Some(reader),
                readings: Some(readings),
            },
            database,
            lost,
        })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.shared.close();
        join(self.threads.writer.take());
        self.threads.readings = None;
        join(self.threads.reader.take());
    }
}

fn join(thread: Option<JoinHandle<()>>) {
    // A thread that panicked has told so on its own; what it owed is answered as unknown.
    if let Some(Err(_panic)) = thread.map(JoinHandle::join) {}
}
