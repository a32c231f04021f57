//! The two services of a node: each in the file of the data folder, in memory, or remote.

pub(crate) mod backup;
mod disk;
mod open;
#[cfg_attr(not(feature = "services"), path = "remote_absent.rs")]
mod remote;
mod restore;
mod startup;
pub(crate) mod store_file;
#[cfg_attr(
    not(feature = "services"),
    expect(
        dead_code,
        reason = "there is nothing to wait for without remote services"
    )
)]
mod waits;

pub(crate) use open::open;
#[cfg(feature = "services")]
pub(crate) use remote::{remote_coordination, remote_storage};
pub(crate) use restore::restore;
#[cfg(feature = "services")]
pub(crate) use startup::admit;
pub(crate) use startup::{start_up, superseded};
#[cfg(feature = "services")]
pub(crate) use waits::Trouble;
pub(crate) use waits::Waits;

use std::sync::Arc;
use std::time::Duration;

use wayfare_core::cluster::Sharing;
use wayfare_engine::model::{MemoryCoordination, MemoryStorage};
use wayfare_engine::{Coordination, Storage};
#[cfg(feature = "services")]
use wayfare_etcd::Etcd;
#[cfg(feature = "services")]
use wayfare_postgres::Postgres;

use crate::shards::Engines;
use store_file::StoreFile;

/// The interval of checks for a failed store.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The opened services of a node. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    /// The file in the data folder, if either service uses it.
    file: Option<StoreFile>,
    coordination: Records,
    storage: States,
}

/// The place of coordination.
#[derive(Clone)]
enum Records {
    InFile,
    Memory(Arc<MemoryCoordination>),
    #[cfg(feature = "services")]
    Etcd(Etcd),
}

/// The place of storage.
#[derive(Clone)]
enum States {
    InFile,
    Memory(Arc<MemoryStorage>),
    #[cfg(feature = "services")]
    Postgres(Arc<Postgres>),
}

impl Store {
    /// Returns both services, unless they were closed.
    pub(crate) fn engines(&self) -> Option<Engines> {
        Some(Engines {
            coordination: self.coordination()?,
            storage: self.storage()?,
        })
    }

    /// Tells which other processes can have the records open. A file is locked by its process, and
    /// memory belongs to one process.
    pub(crate) fn sharing(&self) -> Sharing {
        match &self.coordination {
            Records::InFile | Records::Memory(_) => Sharing::Exclusive,
            #[cfg(feature = "services")]
            Records::Etcd(_) => Sharing::Shared,
        }
    }

    fn coordination(&self) -> Option<Arc<dyn Coordination>> {
        Some(match &self.coordination {
            Records::InFile => self.file.as_ref()?.engine()?,
            Records::Memory(memory) => memory.clone(),
            #[cfg(feature = "services")]
            Records::Etcd(etcd) => Arc::new(etcd.clone()),
        })
    }

    fn storage(&self) -> Option<Arc<dyn Storage>> {
        Some(match &self.storage {
            States::InFile => self.file.as_ref()?.engine()?,
            States::Memory(memory) => memory.clone(),
            #[cfg(feature = "services")]
            States::Postgres(postgres) => postgres.clone(),
        })
    }

    /// Returns the file in the data folder, if there is one.
    pub(crate) fn file(&self) -> Option<&StoreFile> {
        self.file.as_ref()
    }

    /// Returns coordination, if other processes can have it open.
    pub(crate) fn shared_coordination(&self) -> Option<Arc<dyn Coordination>> {
        (self.sharing() == Sharing::Shared).then(|| self.coordination())?
    }

    /// Returns the etcd client, if coordination is etcd.
    #[cfg(feature = "services")]
    pub(crate) fn etcd(&self) -> Option<&Etcd> {
        match &self.coordination {
            Records::Etcd(etcd) => Some(etcd),
            Records::InFile | Records::Memory(_) => None,
        }
    }

    /// Returns the PostgreSQL client, if storage is PostgreSQL.
    #[cfg(feature = "services")]
    pub(crate) fn postgres(&self) -> Option<&Postgres> {
        match &self.storage {
            States::Postgres(postgres) => Some(postgres),
            States::InFile | States::Memory(_) => None,
        }
    }

    /// Returns true if nothing can be stored any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.file().is_some_and(StoreFile::has_failed)
    }

    /// Returns a line for each service that does not answer at present, with the consequence.
    pub(crate) fn away(&self) -> Vec<String> {
        remote::away(self)
    }

    /// Waits until nothing can be stored any more, and logs it once.
    pub(crate) async fn watch(self) {
        let Some(file) = self.file else {
            return;
        };
        let mut beat = tokio::time::interval(LOOK_EVERY);
        while !file.has_failed() {
            beat.tick().await;
        }
        tracing::error!(
            path = %file.path().display(),
            "the store has failed, and nothing is stored any more: check the disk, or free space on \
             it, then start the node again; everything that was acknowledged is there"
        );
    }

    /// Writes all queued data and closes the file. Blocks until then.
    pub(crate) fn close(&self) {
        remote::finish(self);
        if let Some(file) = &self.file {
            file.close();
        }
    }
}
