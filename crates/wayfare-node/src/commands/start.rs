//! `dev` and `serve`: start a node from its settings.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use wayfare_core::game::{Durability, Kind};

use super::next_steps::NextSteps;
use super::prepare::{Preparation, Prepared};
use super::{listeners, say};
use crate::admin::socket::DataFolder;
use crate::admin::{Credential, Metrics};
use crate::chance;
use crate::config::{
    Config, CoordinationChoice, Inputs, Mode, SettingFlags, Settings, Source, StorageChoice,
};
use crate::game::{Game, Ready};
use crate::logs;
use crate::server::{Node, Office, OfficePlan, Page, Signals, Stop};
use crate::shards::{ShardPlan, Shards};
use crate::store::Waits;
use crate::token::{Key, Verifier};

pub(super) fn start(
    mut game: Game,
    mode: Mode,
    flags: &SettingFlags,
    ready: Option<Box<dyn FnOnce(Ready) + Send>>,
) -> anyhow::Result<()> {
    let config = Config::load(&Inputs::of_process(mode, flags), &game.kinds)?;
    logs::start(&config.settings);
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let key = Key::of(&config)?;
    admit(mode, &config, key.as_ref())?;
    config.apply(&mut game.kinds);
    warn_of_memory(&config);
    let folder = DataFolder::take(&config.settings.data)?;
    raise_open_files();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    // Futures have threads of their own, so that a room's blocking future delays neither new
    // players nor the services.
    let futures = Builder::new_multi_thread()
        .thread_name("room-futures")
        .enable_all()
        .build()?;
    let services = Builder::new_multi_thread()
        .thread_name("services")
        .worker_threads(1)
        .enable_all()
        .build()?;
    let around = Around {
        folder: &folder,
        futures: futures.handle().clone(),
        services: services.handle().clone(),
    };
    let outcome = runtime.block_on(serve(game, mode, &config, key, around, ready));
    // Only connections of operators and futures of closed rooms are left. The process does not wait
    // for them.
    runtime.shutdown_background();
    futures.shutdown_background();
    services.shutdown_background();
    outcome
}

fn warn_of_memory(config: &Config) {
    if config.settings.storage == StorageChoice::Memory {
        let kept = config.kinds.iter().filter(|kind| kind.settings.is_kept());
        let kept: Vec<&str> = kept.map(|kind| kind.name.as_str()).collect();
        tracing::warn!(
            kept = kept.join(" "),
            "everything is kept in memory and forgotten with this process, durable rooms too \
             (storage = memory)"
        );
    } else if config.settings.coordination == CoordinationChoice::Memory {
        tracing::warn!(
            "sessions are forgotten with this process: players log in anew after each start \
             (coordination = memory)"
        );
    }
}

/// The other inputs of a start, beside the game and the settings.
struct Around<'a> {
    folder: &'a DataFolder,
    /// The runtime of the rooms' futures.
    futures: Handle,
    /// The runtime of engines that are reached over a network.
    services: Handle,
}

/// Refuses a configuration that lets no player in, or lets everybody in by accident.
fn admit(mode: Mode, config: &Config, key: Option<&Key>) -> anyhow::Result<()> {
    let Settings { listen, .. } = config.settings;
    let guests = config.settings.shard.guests;
    if !guests && key.is_none() {
        bail!(
            "who may play? Either set a token key (WAYFARE_TOKEN_KEY, or --token-key-file FILE; \
             `token key` makes one), or let everybody in with --guests. \
             To try the game on this machine only, use `dev`"
        );
    }
    let source = config.source("listen");
    if mode == Mode::Dev && guests && !listen.ip().is_loopback() {
        if !matches!(source, Source::Flag(_)) {
            bail!(
                "`dev` lets everybody in, so it does not listen on {listen} ({source}) unless told to \
                 by --listen {listen}; --listen 127.0.0.1:{} keeps to this machine, and for players \
                 there is `serve`",
                listen.port(),
            );
        }
        tracing::warn!(%listen, "everybody who can reach this address is let in without a token");
    }
    Ok(())
}

async fn serve(
    game: Game,
    mode: Mode,
    config: &Config,
    key: Option<Key>,
    around: Around<'_>,
    ready: Option<Box<dyn FnOnce(Ready) + Send>>,
) -> anyhow::Result<()> {
    let settings = &config.settings;
    // From here on a signal stops the node in order instead of killing the process.
    let mut signals = Signals::listen()?;
    let stop = Stop::new();
    let or_next = mode == Mode::Dev;
    let (admin, office, waits) = open_office(&game, config, or_next, around.folder)?;
    let preparation = Preparation {
        settings,
        services: &around.services,
        waits: &waits,
    };
    let prepared = tokio::select! {
        prepared = preparation.prepare() => prepared?,
        signal = signals.next() => {
            tracing::info!(signal, "stopped before the start was done");
            return Ok(());
        }
    };
    // The port is opened only now, so that earlier clients get a connection error at once.
    let game_listener = listeners::listen(settings.listen, "listen", config, or_next)?;
    let listen = game_listener.local_addr()?;

    let title = game.title();
    let first_kind = game.kinds.first().map(|kind| kind.name.clone());
    let shards = start_shards(
        game.kinds,
        settings,
        key.as_ref(),
        &prepared,
        around.futures,
    )?;
    let now_ready = Ready {
        url: format!("ws://{}", reachable(listen)),
        page: game.page.map(|_| format!("http://{}", reachable(listen))),
        listen,
        admin,
        data: settings.data.clone(),
        shards: shards.clone(),
        stop: stop.clone(),
    };
    let node = Node {
        greeting: format!("{title}, a Wayfare game server. Games connect here by WebSocket.\n"),
        page: game.page.map(|files| Page {
            files,
            may_change: mode == Mode::Dev,
        }),
        game: game_listener,
        office,
        shards,
        store: prepared.store,
        handshake_time_max: settings.shard.handshake_time_max,
        stop_grace: settings.stop_grace,
    };
    let served = node.run(&stop, signals, prepared.superseded, || {
        announce(&title, mode, config, &now_ready, first_kind.as_deref());
        if let Some(ready) = ready {
            ready(now_ready);
        }
    });
    served.await?;
    if mode == Mode::Dev {
        say_goodbye(&title, settings);
    }
    Ok(())
}

/// Opens the admin API early, so that probes and operators get answers during a long start.
fn open_office(
    game: &Game,
    config: &Config,
    or_next: bool,
    folder: &DataFolder,
) -> anyhow::Result<(Option<SocketAddr>, Office, Waits)> {
    let settings = &config.settings;
    let listener = settings
        .admin
        .map(|address| listeners::listen(address, "admin", config, or_next))
        .transpose()?;
    let admin = listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let credential = settings.admin_key.as_ref();
    let metrics = Metrics::install();
    Metrics::describe(&game.name, &game.version, settings.node.as_str());
    let waits = Waits::default();
    let office = Office::open(OfficePlan {
        admin: listener,
        socket: folder.listen()?,
        credential: credential.map(Credential::new).transpose()?,
        metrics,
        kept: Arc::new(game.kinds.iter().map(kept).collect()),
        waits: waits.clone(),
    });
    Ok((admin, office, waits))
}

/// Returns a kind's name, and its durability as one word for operators.
fn kept(kind: &Kind) -> (String, &'static str) {
    let kept = match (kind.settings.durability, kind.settings.is_kept()) {
        (Durability::Durable, _) => "durable",
        (Durability::Volatile, true) => "snapshots",
        (Durability::Volatile, false) => "volatile",
    };
    (kind.name.clone(), kept)
}

fn start_shards(
    kinds: Vec<Kind>,
    settings: &Settings,
    key: Option<&Key>,
    prepared: &Prepared,
    futures: Handle,
) -> anyhow::Result<Shards> {
    let engines = prepared.store.engines().context("the store is closed")?;
    let plan = ShardPlan {
        node: settings.node.clone(),
        run: prepared.run.clone(),
        shards: settings.shards.get(),
        seed: chance::bytes()?,
        settings: settings.shard.clone(),
        slow_handler: settings.slow_handler,
        hung_handler: settings.hung_handler,
    };
    let verifier = Arc::new(Verifier::new(key));
    Shards::start(kinds, &plan, engines, verifier, futures)
        .context("the shards' threads cannot be started")
}

/// Logs one line, and in `dev` prints the next steps to the terminal.
fn announce(title: &str, mode: Mode, config: &Config, ready: &Ready, kind: Option<&str>) {
    let settings = &config.settings;
    let admin = ready.admin.map(|admin| admin.to_string());
    tracing::info!(
        listen = %ready.listen, admin = admin.as_deref().unwrap_or("off"), data = %ready.data.display(),
        shards = settings.shards, guests = settings.shard.guests, node = %settings.node,
        "{title} takes players"
    );
    if mode == Mode::Serve {
        return;
    }
    let program = std::env::args().next().unwrap_or_default();
    // A setting in the environment or a file also holds for the next command. A flag must be
    // repeated.
    let look = match config.source("data") {
        Source::Flag(_) => format!("{program} room list --data {}", ready.data.display()),
        _ => format!("{program} room list"),
    };
    let wanted = settings.listen.port();
    let steps = NextSteps {
        title,
        url: &ready.url,
        taken: (wanted != 0 && wanted != ready.listen.port()).then_some(wanted),
        page: ready.page.as_deref(),
        program: &program,
        kind,
        look: &look,
        data: keeps_data(settings).then_some(&settings.data),
    };
    if let Err(error) = say(&steps.to_string()) {
        tracing::warn!(%error, "standard output cannot be written");
    }
}

/// Tells whether something in the data folder outlives the process.
fn keeps_data(settings: &Settings) -> bool {
    settings.storage == StorageChoice::Embedded
        || settings.coordination == CoordinationChoice::Embedded
}

/// Says at the end of `dev` that it is the end, and what is left.
fn say_goodbye(title: &str, settings: &Settings) {
    let left = match keeps_data(settings) {
        true => format!("; what it keeps is in {}", settings.data.display()),
        false => String::new(),
    };
    if let Err(error) = say(&format!("{title} has stopped{left}. Goodbye!")) {
        tracing::warn!(%error, "standard output cannot be written");
    }
}

/// Returns an address at which a client on this machine can connect.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Raises the limit of open files: each player needs one, and the limit of 1024 that shells set is
/// meant for programs that use `select`.
fn raise_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => tracing::debug!(current, maximum, "the limit of open files is raised"),
        Err(error) => tracing::warn!(%error, current, "the limit of open files cannot be raised"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn an_unspecified_address_is_reached_on_this_machine() {
        let check = |listen: &str, expect: &str| {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), expect);
        };
        check("0.0.0.0:7777", "127.0.0.1:7777");
        check("[::]:7777", "[::1]:7777");
        check("10.0.0.7:7777", "10.0.0.7:7777");
    }

    #[test]
    fn dev_listens_beyond_this_machine_only_by_a_flag() {
        let check = |flags: &[(&'static str, &str)], environment: &[(&str, &str)]| {
            let flags = SettingFlags {
                values: flags
                    .iter()
                    .map(|(name, text)| (*name, Secret((*text).into())))
                    .collect(),
                ..SettingFlags::default()
            };
            let environment = environment
                .iter()
                .map(|(name, text)| ((*name).into(), (*text).into()));
            let inputs = Inputs {
                mode: Mode::Dev,
                flags: &flags,
                environment: environment.collect(),
                folder: "/nowhere".into(),
            };
            let config = Config::load(&inputs, &[]).unwrap();
            admit(Mode::Dev, &config, None).map_err(|error| error.to_string())
        };
        check(&[], &[]).unwrap();
        check(&[("listen", "0.0.0.0:7777")], &[]).unwrap();
        let refused = check(&[], &[("WAYFARE_LISTEN", "0.0.0.0:7777")]).unwrap_err();
        assert!(refused.contains("env WAYFARE_LISTEN"), "{refused}");
        assert!(refused.contains("--listen 127.0.0.1:7777"), "{refused}");
    }
}
