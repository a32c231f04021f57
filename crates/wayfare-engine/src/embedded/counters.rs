//! Counters of the engine since it was opened, and the file backend that counts.

use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use redb::{BackendError, StorageBackend};

/// The counters, as relaxed atomics.
#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: AtomicU64,
    groups: AtomicU64,
    syncs: AtomicU64,
    bytes_written: AtomicU64,
    has_failed: AtomicBool,
}

/// The work of the embedded engine since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Answered changes, without lazy commits.
    pub requests: u64,
    /// Group commits, with any number of changes each.
    pub groups: u64,
    /// Syncs of the file.
    pub syncs: u64,
    /// Bytes written to the file.
    pub bytes_written: u64,
    /// Changes that wait for the writer at present.
    pub queued: usize,
    /// True if a write has failed, after which nothing is written any more.
    pub has_failed: bool,
}

impl Counters {
    pub(super) fn group(&self, requests: usize) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        let requests = requests as u64;
        self.requests.fetch_add(requests, Ordering::Relaxed);
    }

    pub(super) fn fail(&self) {
        self.has_failed.store(true, Ordering::Relaxed);
    }

    pub(super) fn read(&self, queued: usize) -> Counts {
        Counts {
            requests: self.requests.load(Ordering::Relaxed),
            groups: self.groups.load(Ordering::Relaxed),
            syncs: self.syncs.load(Ordering::Relaxed),
            bytes_written: self.bytes_written.load(Ordering::Relaxed),
            queued,
            has_failed: self.has_failed.load(Ordering::Relaxed),
        }
    }
}

/// A file backend that counts writes and syncs.
#[derive(Debug)]
pub(super) struct Counted<B> {
    pub(super) backend: B,
    pub(super) counters: Arc<Counters>,
}

impl<B: StorageBackend> StorageBackend for Counted<B> {
    fn len(&self) -> io::Result<u64> {
        self.backend.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.backend.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.backend.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.counters.syncs.fetch_add(1, Ordering::Relaxed);
        self.backend.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let written = data.len() as u64;
        self.counters
            .bytes_written
            .fetch_add(written, Ordering::Relaxed);
        self.backend.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.backend.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.backend.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.query_lock_range(start, end)
    }
}
