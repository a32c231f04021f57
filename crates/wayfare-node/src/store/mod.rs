//! The two services of a node: each in the file of the data folder, in memory, or remote.

pub(crate) mod backup;
mod disk;
mod open;
mod restore;
mod startup;
pub(crate) mod store_file;
mod waits;

pub(crate) use open::{open, remote_coordination, remote_storage};
pub(crate) use restore::restore;
pub(crate) use startup::{admit, start_up, superseded};
pub(crate) use waits::{Trouble, Waits};

use std::sync::Arc;
use std::time::{Duration, Instant};

use wayfare_core::cluster::Sharing;
use wayfare_engine::model::{MemoryCoordination, MemoryStorage};
use wayfare_engine::{Coordination, Storage};
use wayfare_etcd::{Etcd, MemberStatus};
use wayfare_postgres::Postgres;

use crate::shards::Engines;
use store_file::StoreFile;

/// The interval of checks for a failed store.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The time limit at a stop for writes in flight.
const FINISH_TIME_MAX: Duration = Duration::from_secs(5);
const FINISH_PAUSE: Duration = Duration::from_millis(2);

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
    Etcd(Etcd),
}

/// The place of storage.
#[derive(Clone)]
enum States {
    InFile,
    Memory(Arc<MemoryStorage>),
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
            Records::Etcd(_) => Sharing::Shared,
        }
    }

    fn coordination(&self) -> Option<Arc<dyn Coordination>> {
        Some(match &self.coordination {
            Records::InFile => self.file.as_ref()?.engine()?,
            Records::Memory(memory) => memory.clone(),
            Records::Etcd(etcd) => Arc::new(etcd.clone()),
        })
    }

    fn storage(&self) -> Option<Arc<dyn Storage>> {
        Some(match &self.storage {
            States::InFile => self.file.as_ref()?.engine()?,
            States::Memory(memory) => memory.clone(),
            States::Postgres(postgres) => postgres.clone(),
        })
    }

    /// Returns the file in the data folder, if there is one.
    pub(crate) fn file(&self) -> Option<&StoreFile> {
        self.file.as_ref()
    }

    /// Returns the etcd client, if coordination is etcd.
    pub(crate) fn etcd(&self) -> Option<&Etcd> {
        match &self.coordination {
            Records::Etcd(etcd) => Some(etcd),
            Records::InFile | Records::Memory(_) => None,
        }
    }

    /// Returns the PostgreSQL client, if storage is PostgreSQL.
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
        let mut away = Vec::new();
        if let Some(etcd) = self.etcd() {
            let members = etcd.members();
            if members.iter().all(|member| member.away.is_some()) {
                away.push(format!(
                    "coordination does not answer, so new players cannot log in ({})",
                    reasons(&members)
                ));
            }
        }
        if self.postgres().is_some_and(|it| it.counters().is_away) {
            away.push("storage does not answer, so durable rooms wait".into());
        }
        away
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
        if let Some(postgres) = self.postgres() {
            finish(postgres);
        }
        if let Some(file) = &self.file {
            file.close();
        }
    }
}

/// Waits for outstanding writes, as long as the server answers.
fn finish(postgres: &Postgres) {
    let deadline = Instant::now() + FINISH_TIME_MAX;
    loop {
        let counts = postgres.counters();
        if counts.unanswered == 0 {
            return;
        }
        if counts.is_away || Instant::now() >= deadline {
            return tracing::warn!(
                writes = counts.unanswered,
                "storage does not answer, and writes were given up: nobody was told that they are stored, \
                 and some may be. Nothing that was acknowledged is lost"
            );
        }
        std::thread::park_timeout(FINISH_PAUSE);
    }
}

fn reasons(members: &[MemberStatus]) -> String {
    let reasons = members
        .iter()
        .filter_map(|it| Some(format!("{} {}", it.endpoint, it.away.as_ref()?)));
    reasons.collect::<Vec<_>>().join("; ")
}
