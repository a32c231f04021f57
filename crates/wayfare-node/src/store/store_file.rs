//! The store's file: the embedded engine, and what the node needs of it beyond the engine traits.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wayfare_engine::Embedded;
use wayfare_engine::embedded::{Counts, OpenError};

use crate::logs::millis;

/// The store's name in the data folder.
const FILE: &str = "wayfare.redb";
/// The time limit at a close for requests that still use the store.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(5);
const CLOSE_PAUSE: Duration = Duration::from_millis(2);

/// The path of the store in this data folder.
pub(crate) fn path_in(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// The opened engine. Cheap to clone.
#[derive(Clone)]
pub(crate) struct StoreFile {
    path: Arc<Path>,
    /// `None` once it is closed.
    engine: Arc<Mutex<Option<Arc<Embedded>>>>,
}

impl fmt::Debug for StoreFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreFile({})", self.path.display())
    }
}

impl StoreFile {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    /// If the file cannot be used. The error says what to do.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let started = Instant::now();
        let engine = Embedded::open(path)?;
        for record in engine.lost_records() {
            tracing::error!(record, "the record is damaged and is dropped");
        }
        tracing::info!(path = %path.display(), took_ms = millis(started.elapsed()), "the store is open");
        Ok(Self {
            path: path.into(),
            engine: Arc::new(Mutex::new(Some(Arc::new(engine)))),
        })
    }

    /// Returns the engine, unless it was closed. The file stays open while a caller keeps the
    /// engine.
    pub(crate) fn engine(&self) -> Option<Arc<Embedded>> {
        self.slot().clone()
    }

    /// Returns the counters since the store was opened.
    pub(crate) fn counts(&self) -> Option<Counts> {
        self.engine().map(|engine| engine.counters())
    }

    /// The path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The size of the file.
    pub(crate) fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |file| file.len())
    }

    /// Returns true if a write has failed. Nothing is stored after that.
    pub(crate) fn has_failed(&self) -> bool {
        self.counts().is_some_and(|counts| counts.has_failed)
    }

    /// Writes all queued data and closes the file. Blocks until then.
    pub(crate) fn close(&self) {
        let Some(mut engine) = self.slot().take() else {
            return;
        };
        let deadline = Instant::now() + CLOSE_TIME_MAX;
        loop {
            match Arc::try_unwrap(engine) {
                Ok(alone) => {
                    drop(alone);
                    return tracing::info!(path = %self.path.display(), "the store is closed");
                }
                Err(shared) if Instant::now() < deadline => engine = shared,
                Err(_) => {
                    return tracing::warn!(
                        path = %self.path.display(),
                        "the store is still in use; it is left as after a crash, which loses nothing, \
                         and is verified at the next start"
                    );
                }
            }
            std::thread::park_timeout(CLOSE_PAUSE);
        }
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Arc<Embedded>>> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
