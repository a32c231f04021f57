//! Where a node keeps what must last: the embedded engine in its data folder, or memory.

pub(crate) mod backup;
mod begin;
mod disk;
pub(crate) mod file;
mod restore;

pub(crate) use begin::{Beginner, begin};
pub(crate) use restore::restore;

use std::path::Path;
use std::time::Duration;

use crate::config::StorageChoice;
use crate::shards::Engines;
use file::StoreFile;

/// Between two looks at whether the store has failed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The engines of a node, opened. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Store {
    /// In the file.
    Embedded(StoreFile),
    /// In this process.
    Memory(Engines),
}

impl Store {
    /// Opens what the settings say, in this data folder.
    ///
    /// # Errors
    /// Why the file cannot be used, and what to do about it.
    pub(crate) fn open(choice: StorageChoice, data: &Path) -> anyhow::Result<Self> {
        match choice {
            StorageChoice::Embedded => Ok(Self::Embedded(StoreFile::open(&file::path_in(data))?)),
            StorageChoice::Memory => Ok(Self::Memory(Engines::in_memory())),
        }
    }

    /// Both services, unless they were closed.
    pub(crate) fn engines(&self) -> Option<Engines> {
        match self {
            Self::Embedded(file) => file.engines(),
            Self::Memory(engines) => Some(engines.clone()),
        }
    }

    /// What there is on a disk.
    pub(crate) fn file(&self) -> Option<&StoreFile> {
        match self {
            Self::Embedded(file) => Some(file),
            Self::Memory(_) => None,
        }
    }

    /// Whether nothing can be stored any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.file().is_some_and(StoreFile::has_failed)
    }

    /// Says it, once, when nothing can be stored any more.
    pub(crate) async fn watch(self) {
        let Self::Embedded(file) = self else {
            return;
        };
        let mut beat = tokio::time::interval(LOOK_EVERY);
        while !file.has_failed() {
            beat.tick().await;
        }
        tracing::error!(
            path = %file.path().display(),
            "the store has failed, and nothing is stored any more: see to the disk, or make room on \
             it, then start the node again; everything that was acknowledged is there"
        );
    }

    /// Writes what is left to write and lets go of the file. Blocks until then.
    pub(crate) fn close(&self) {
        if let Self::Embedded(file) = self {
            file.close();
        }
    }
}
