//! The services of a node that are reached over a network: etcd and PostgreSQL.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use wayfare_etcd::{Disproof, Etcd, MemberStatus};
use wayfare_postgres::Postgres;

use super::open::OpenError;
use super::{Records, States, Store, Trouble, Waits};
use crate::config::{Address, Settings};
use crate::logs::millis;

/// The time limit at a stop for writes in flight.
const FINISH_TIME_MAX: Duration = Duration::from_secs(5);
const FINISH_PAUSE: Duration = Duration::from_millis(2);

/// Connects to coordination, and checks that of racing writers one wins.
pub(super) async fn coordination(
    settings: &Settings,
    address: &Address,
    services: &Handle,
    waits: &Waits,
) -> Result<Records, OpenError> {
    let config = remote_coordination(settings, address)?;
    let etcd = connect(address, &config, services, waits).await?;
    prove(address, &etcd, services, waits).await?;
    Ok(Records::Etcd(etcd))
}

/// Connects to storage.
pub(super) async fn storage(
    settings: &Settings,
    address: &Address,
    services: &Handle,
    waits: &Waits,
) -> Result<States, OpenError> {
    let config = remote_storage(settings, address)?;
    let postgres = open_postgres(address, &config, services, waits).await?;
    Ok(States::Postgres(Arc::new(postgres)))
}

/// Returns a line for each service that does not answer at present, with the consequence.
pub(super) fn away(store: &Store) -> Vec<String> {
    let mut away = Vec::new();
    if let Some(etcd) = store.etcd() {
        let members = etcd.members();
        if members.iter().all(|member| member.away.is_some()) {
            away.push(format!(
                "coordination does not answer, so new players cannot log in ({})",
                reasons(&members)
            ));
        }
    }
    if store.postgres().is_some_and(|it| it.counters().is_away) {
        away.push("storage does not answer, so durable rooms wait".into());
    }
    away
}

/// Waits for the writes that storage has not answered.
pub(super) fn finish(store: &Store) {
    if let Some(postgres) = store.postgres() {
        finish_writes(postgres);
    }
}

/// Waits for outstanding writes, as long as the server answers.
fn finish_writes(postgres: &Postgres) {
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
