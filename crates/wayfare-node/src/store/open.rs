//! Opening of both services at a start, with waiting for those that do not answer yet.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Handle;
use wayfare_engine::embedded;
use wayfare_etcd::{ConnectError, Disproof, Etcd};
use wayfare_postgres::Postgres;

use super::store_file::{self, StoreFile};
use super::{Records, States, Store, Trouble, Waits};
use crate::config::{Address, CoordinationChoice, Settings, StorageChoice};
use crate::logs::millis;

/// Reasons why a service cannot be used, each with advice.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The file in the data folder cannot be opened.
    #[error(transparent)]
    File(#[from] embedded::OpenError),
    /// The password file that a setting names cannot be read.
    #[error("the password cannot be read from {}, which {setting} names: {why}", path.display())]
    Password {
        setting: &'static str,
        path: PathBuf,
        why: String,
    },
    /// The address is invalid together with its password. The address alone was checked with the
    /// settings.
    #[error("{setting} = {address} cannot be used: {why}")]
    Address {
        setting: &'static str,
        address: Address,
        why: String,
    },
    /// etcd cannot be used.
    #[error("coordination on {address} cannot be used: {error}; see docs/operations/etcd.md")]
    Coordination {
        address: Address,
        error: ConnectError,
    },
    /// The service lets two writers win.
    #[error(
        "coordination on {address} failed the race of every start: {error}. Of several writers of one \
         revision exactly one may win; what this one coordinates would come to harm. Do not go on \
         with it; see docs/operations/etcd.md"
    )]
    Disproved { address: Address, error: Disproof },
    /// PostgreSQL cannot be used.
    #[error("storage cannot be used: {0}; see docs/operations/postgres.md")]
    Storage(wayfare_postgres::OpenError),
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
                let config = remote_coordination(settings, address)?;
                let etcd = connect(address, &config, services, waits).await?;
                prove(address, &etcd, services, waits).await?;
                Records::Etcd(etcd)
            }
        })
    };
    let storage = async {
        Ok(match &settings.storage {
            StorageChoice::Embedded => States::InFile,
            StorageChoice::Memory => States::Memory(Arc::default()),
            StorageChoice::Postgres(address) => {
                let config = remote_storage(settings, address)?;
                let postgres = open_postgres(address, &config, services, waits).await?;
                States::Postgres(Arc::new(postgres))
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

/// Makes the configuration of the etcd client.
///
/// # Errors
/// If the password cannot be read.
pub(crate) fn remote_coordination(
    settings: &Settings,
    address: &Address,
) -> Result<wayfare_etcd::Config, OpenError> {
    let setting = "coordination";
    let file = settings.coordination_password_file.as_deref();
    let password = password("coordination_password_file", file)?;
    let url = address.with_password(password.as_deref());
    wayfare_etcd::Config::parse(&url).map_err(|why| OpenError::Address {
        setting,
        address: address.clone(),
        why: why.to_string(),
    })
}

/// Makes the configuration of the PostgreSQL client.
///
/// # Errors
/// If the password cannot be read.
pub(crate) fn remote_storage(
    settings: &Settings,
    address: &Address,
) -> Result<wayfare_postgres::Config, OpenError> {
    let setting = "storage";
    let file = settings.storage_password_file.as_deref();
    let password = password("storage_password_file", file)?;
    let url = address.with_password(password.as_deref());
    url.parse().map_err(|why| OpenError::Address {
        setting,
        address: address.clone(),
        why: format!("{why}"),
    })
}

/// Reads the password file, without its line end.
fn password(setting: &'static str, file: Option<&Path>) -> Result<Option<String>, OpenError> {
    let Some(path) = file else {
        return Ok(None);
    };
    let unreadable = |why: String| OpenError::Password {
        setting,
        path: path.to_owned(),
        why,
    };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    match text.is_empty() {
        true => Err(unreadable("it is empty".into())),
        false => Ok(Some(text.to_owned())),
    }
}

async fn connect(
    address: &Address,
    config: &wayfare_etcd::Config,
    services: &Handle,
    waits: &Waits,
) -> Result<Etcd, OpenError> {
    let what = format!("coordination on {address}");
    let attempt = || async {
        let connecting = services.spawn(Etcd::connect(config.clone()));
        let connected = connecting.await.map_err(broken_off)?;
        connected.map_err(|error| match error.is_passing() {
            true => Trouble::Passing(error.to_string()),
            false => Trouble::Lasting(OpenError::Coordination {
                address: address.clone(),
                error,
            }),
        })
    };
    let etcd = waits.until(&what, attempt).await?;
    tracing::info!(%address, "coordination is reached");
    Ok(etcd)
}

/// Runs the check of every start: racing writers, of which exactly one must win.
async fn prove(
    address: &Address,
    etcd: &Etcd,
    services: &Handle,
    waits: &Waits,
) -> Result<(), OpenError> {
    let what = format!("a race on {address}");
    let attempt = || async {
        let etcd = etcd.clone();
        let racing = services.spawn(async move { wayfare_etcd::prove(&etcd).await });
        let raced = racing.await.map_err(broken_off)?;
        raced.map_err(|error| match &error {
            Disproof::NotRun(failure) => Trouble::Passing(format!("{error}: {failure}")),
            Disproof::Lost { .. } | Disproof::Breach(_) => Trouble::Lasting(OpenError::Disproved {
                address: address.clone(),
                error,
            }),
        })
    };
    let began = tokio::time::Instant::now();
    waits.until(&what, attempt).await?;
    tracing::info!(
        took_ms = millis(began.elapsed()),
        "of racing writers exactly one wins"
    );
    Ok(())
}

async fn open_postgres(
    address: &Address,
    config: &wayfare_postgres::Config,
    services: &Handle,
    waits: &Waits,
) -> Result<Postgres, OpenError> {
    let what = format!("storage on {address}");
    let attempt = || async {
        let opening = services.spawn(Postgres::open(config.clone()));
        let opened = opening.await.map_err(broken_off)?;
        opened.map_err(|error| match error.is_passing() {
            true => Trouble::Passing(error.to_string()),
            false => Trouble::Lasting(OpenError::Storage(error)),
        })
    };
    let postgres = waits.until(&what, attempt).await?;
    tracing::info!(%address, "storage is reached");
    Ok(postgres)
}

fn broken_off(error: tokio::task::JoinError) -> Trouble<OpenError> {
    Trouble::Lasting(OpenError::BrokenOff(error))
}
