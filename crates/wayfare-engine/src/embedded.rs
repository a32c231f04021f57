//! Both services in one file on one machine, on redb. Nothing else must be installed.
//!
//! [`Embedded`] is the engine. It has two threads. One writes, in groups that become durable with
//! one sync each; the other reads. The records of coordination and the heads of all entities are
//! kept in memory. `docs/decisions/embedded-journal.md` and `docs/decisions/embedded-file.md`
//! describe the content of the file and the reasons for it.
//!
//! **Checks.** If a file was not closed properly, redb verifies all of it before use, which takes
//! as long as reading it. In addition each value has its own checksum, which is checked at every
//! read. Damage in one entity is [`crate::storage::Failure::Corrupt`] for that entity. Damage that
//! cannot be limited to entities is an [`OpenError`]. Neither is a panic.
//!
//! **After a failed write** nothing is written any more. The changes of that group are unknown or
//! not done, as far as can be determined, later ones are not done, and reads of coordination
//! continue. The file contains all earlier groups. Start the server again after the disk is
//! repaired.

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
/// A change is answered once it is durable; changes that wait at the same time share a sync. Reads
/// of coordination, and lazy commits that need not wait for others, are answered before the future
/// is polled. Other reads are done on a separate thread. No future needs a runtime, and dropping
/// one undoes nothing.
///
/// Dropping the engine executes all queued requests and closes the file. It blocks until then.
#[derive(Debug)]
pub struct Embedded {
    shared: Arc<Shared>,
    counters: Arc<Counters>,
    /// Declared before the file, which is closed once both threads have finished.
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
    /// Opens the file at `path`, or creates it in an existing folder.
    ///
    /// Costs reading the journals and all records of coordination; after a crash, reading the whole
    /// file.
    ///
    /// # Errors
    /// Each [`OpenError`] names the file and says what to do. On an error nothing is changed,
    /// except that redb may have repaired the effects of a crash.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let counters = Arc::new(Counters::default());
        let opened = opening::open(path, &counters)?;
        Self::start(opened, counters).map_err(|source| OpenError::io(path, source))
    }

    /// Returns the counters since the file was opened. Costs a short lock.
    #[must_use]
    pub fn counters(&self) -> Counts {
        self.counters.read(self.shared.lock().depth())
    }

    /// Returns the records of coordination that could not be read at open, and so were dropped, for
    /// an operator's log. Their entities and sessions are claimed again, under higher epochs.
    #[must_use]
    pub fn lost_records(&self) -> &[String] {
        &self.lost
    }

    /// Writes a consistent copy of everything to a new file, while writes continue. Lazy commits of
    /// the last half second may be missing from it.
    ///
    /// Blocks for as long as it takes to read and write the file, so do not call it on a shard's
    /// thread.
    ///
    /// # Errors
    /// [`BackupError::Exists`] if `destination` exists; [`BackupError::Write`], after which
    /// `destination` does not exist.
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
        // If the writer cannot be started, the reader ends by itself, because nobody can send
        // requests.
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
    // A thread that panicked has already reported it. Its pending requests are answered as unknown.
    if let Some(Err(_panic)) = thread.map(JoinHandle::join) {}
}
