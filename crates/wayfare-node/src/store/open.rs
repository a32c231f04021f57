//! Opening of both services at a start, with waiting for those that do not answer yet.

#[cfg(feature = "services")]
use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;
use wayfare_engine::embedded;
#[cfg(feature = "services")]
use wayfare_etcd::{ConnectError, Disproof};

use super::store_file::{self, StoreFile};
use super::{Records, States, Store, Waits, remote};
#[cfg(feature = "services")]
use crate::config::Address;
use crate::config::{CoordinationChoice, Settings, StorageChoice};

/// Reasons why a service cannot be used, each with advice.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The file in the data folder cannot be opened.
    #[error(transparent)]
    File(#[from] embedded::OpenError),
    /// The password file that a setting names cannot be read.
    #[cfg(feature = "services")]
    #[error("the password cannot be read from {}, which {setting} names: {why}", path.display())]
    Password {
        setting: &'static str,
        path: PathBuf,
        why: String,
    },
    /// The address is invalid together with its password. The address alone was checked with the
    /// settings.
    #[cfg(feature = "services")]
    #[error("{setting} = {address} cannot be used: {why}")]
    Address {
        setting: &'static str,
        address: Address,
        why: String,
    },
    /// etcd cannot be used.
    #[cfg(feature = "services")]
    #[error("coordination on {address} cannot be used: {error}; see docs/operations/etcd.md")]
    Coordination {
        address: Address,
        error: ConnectError,
    },
    /// The service lets two writers win.
    #[cfg(feature = "services")]
    #[error(
        "coordination on {address} failed the race of every start: {error}. Of several writers of one \
         revision exactly one may win; what this one coordinates would come to harm. Do not go on \
         with it; see docs/operations/etcd.md"
    )]
    Disproved { address: Address, error: Disproof },
    /// PostgreSQL cannot be used.
    #[cfg(feature = "services")]
    #[error("storage cannot be used: {0}; see docs/operations/postgres.md")]
    Storage(wayfare_postgres::OpenError),
    /// This program was built without the clients of remote services. The settings say so earlier.
    #[cfg(not(feature = "services"))]
    #[error("this program was built without the clients of etcd and PostgreSQL")]
    NotBuilt,
    /// The runtime of the services has ended.
    #[error("the start was interrupted: {0}")]
    BrokenOff(#[from] tokio::task::JoinError),
}

/// Opens both services as the settings say. Clients of remote services run on `services`. Waits
/// without a limit for services that do not answer.
///
/// # Errors
/// If a problem does not go away by waiting.
pub(crate) async fn open(
    settings: &Settings,
    services: &Handle,
    waits: &Waits,
) -> Result<Store, OpenError> {
    let uses_file = settings.coordination == CoordinationChoice::Embedded
        || settings.storage == StorageChoice::Embedded;
    let file = match uses_file {
        true => {
            let path = store_file::path_in(&settings.data);
            // Opening may verify the file, which reads all of it.
            let opened = services.spawn_blocking(move || StoreFile::open(&path));
            Some(opened.await??)
        }
        false => None,
    };
    let coordination = async {
        Ok(match &settings.coordination {
            CoordinationChoice::Embedded => Records::InFile,
            CoordinationChoice::Memory => Records::Memory(Arc::default()),
            CoordinationChoice::Etcd(address) => {
                remote::coordination(settings, address, services, waits).await?
            }
        })
    };
    let storage = async {
        Ok(match &settings.storage {
            StorageChoice::Embedded => States::InFile,
            StorageChoice::Memory => States::Memory(Arc::default()),
            StorageChoice::Postgres(address) => {
                remote::storage(settings, address, services, waits).await?
            }
        })
    };
    let opened = tokio::try_join!(coordination, storage);
    match opened {
        Ok((coordination, storage)) => Ok(Store {
            file,
            coordination,
            storage,
        }),
        Err(error) => {
            if let Some(file) = file {
                file.close();
            }
            Err(error)
        }
    }
}
