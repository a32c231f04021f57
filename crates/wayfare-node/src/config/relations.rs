//! Relations between settings. Each message names both settings, their values and their sources.

use std::time::Duration;

use wayfare_core::game::OnLoss;
use wayfare_protocol::limits;

use super::layers::{Config, KindConfig};
use super::problem::Problem;
use super::service_addresses::{Address, Login};
use super::source::Source;
use super::value::{Size, Value, show_duration};

/// Returns every relation that does not hold.
pub(crate) fn check(config: &Config) -> Vec<Problem> {
    let node = [
        pace(config),
        silence(config),
        grace(config),
        burst(config),
        hang(config),
        doors(config),
        key(config),
        password(config, Service::Coordination),
        password(config, Service::Storage),
    ];
    let kinds = config.kinds.iter().flat_map(|kind| {
        [
            stay(config, kind),
            replay(kind),
            snapshots(kind),
            loss(kind),
        ]
    });
    let complaints = node.into_iter().chain(kinds).flatten();
    complaints.map(Problem::Relation).collect()
}

/// The shortest heartbeat. Below it clients would send little else.
const HEARTBEAT_MIN: Duration = Duration::from_millis(100);

/// The shortest bound on a handler: the log has named it by then.
const HUNG_HANDLER_MIN: Duration = Duration::from_secs(1);

fn pace(config: &Config) -> Option<String> {
    let heartbeat = config.settings.shard.heartbeat;
    (heartbeat < HEARTBEAT_MIN).then(|| {
        format!(
            "{} must be at least {}",
            value(config, "heartbeat", &heartbeat),
            show_duration(HEARTBEAT_MIN),
        )
    })
}

/// Checks that two heartbeats may be lost; see [`limits::SILENCE_MAX`].
fn silence(config: &Config) -> Option<String> {
    let settings = &config.settings.shard;
    let least = 2 * settings.heartbeat;
    (settings.silence_max <= least).then(|| {
        format!(
            "{} must be more than twice {}: raise silence_max above {} or lower heartbeat",
            value(config, "silence_max", &settings.silence_max),
            value(config, "heartbeat", &settings.heartbeat),
            show_duration(least),
        )
    })
}

/// Checks that a lost connection is noticed, and can be resumed, before the session ends.
fn grace(config: &Config) -> Option<String> {
    let settings = &config.settings.shard;
    (settings.session_grace <= settings.silence_max).then(|| {
        format!(
            "{} must be longer than {}, or a client that lost its connection comes back too late",
            value(config, "session_grace", &settings.session_grace),
            value(config, "silence_max", &settings.silence_max),
        )
    })
}

fn burst(config: &Config) -> Option<String> {
    let burst = config.settings.shard.frames_burst;
    (burst.get() < limits::JOIN_COST).then(|| {
        format!(
            "{} must be at least {}, which is what a join is charged as",
            value(config, "frames_burst", &burst),
            limits::JOIN_COST,
        )
    })
}

/// Checks that a handler that is only slow does not end the process.
fn hang(config: &Config) -> Option<String> {
    let settings = &config.settings;
    let bound = settings.hung_handler?;
    let least = settings.slow_handler.max(HUNG_HANDLER_MIN);
    (bound <= least).then(|| {
        format!(
            "{} must be more than {} and slow_handler, or off",
            value(config, "hung_handler", &bound),
            show_duration(HUNG_HANDLER_MIN),
        )
    })
}

fn doors(config: &Config) -> Option<String> {
    let settings = &config.settings;
    let admin = settings.admin?;
    let same = admin == settings.listen && admin.port() != 0;
    same.then(|| {
        format!(
            "{} and {} must differ",
            value(config, "admin", &admin),
            value(config, "listen", &settings.listen),
        )
    })
}

fn key(config: &Config) -> Option<String> {
    let both = config.settings.token_key.is_some() && config.settings.token_key_file.is_some();
    both.then(|| {
        format!(
            "token_key ({}) and token_key_file ({}) are both set: keep one of them",
            config.source("token_key"),
            config.source("token_key_file"),
        )
    })
}

#[derive(Clone, Copy)]
enum Service {
    Coordination,
    Storage,
}

/// Checks that each user has exactly one password.
fn password(config: &Config, service: Service) -> Option<String> {
    let settings = &config.settings;
    let (name, file_name, file, address) = match service {
        Service::Coordination => (
            "coordination",
            "coordination_password_file",
            &settings.coordination_password_file,
            settings.coordination.address(),
        ),
        Service::Storage => (
            "storage",
            "storage_password_file",
            &settings.storage_password_file,
            settings.storage.address(),
        ),
    };
    let has_file = file.is_some();
    let what = match address.map(Address::login) {
        Some(Login::User) if !has_file && matches!(service, Service::Coordination) => {
            "names a user without a password: write user:password@, or set coordination_password_file"
        }
        Some(Login::Whole) if has_file => "has a password already: keep one of them",
        Some(Login::None) if has_file => {
            "names no user that it could be the password of: write user@"
        }
        None if has_file => "is at no URL, and so needs no password: leave it out",
        _ => return None,
    };
    let place = config.source(name);
    Some(match has_file {
        true => {
            let file_place = config.source(file_name);
            format!("{file_name} ({file_place}) is set, and {name} ({place}) {what}")
        }
        false => format!("{name} ({place}) {what}"),
    })
}

/// Checks that a session does not end before its memberships.
fn stay(config: &Config, kind: &KindConfig) -> Option<String> {
    let session_grace = config.settings.shard.session_grace;
    (kind.settings.member_grace > session_grace).then(|| {
        format!(
            "{} must not be longer than {}: a member cannot outstay its session",
            kind_value(kind, "grace", &kind.settings.member_grace),
            value(config, "session_grace", &session_grace),
        )
    })
}

/// Checks that a view and a whole replay fit into an empty queue, so that a resume does not cut its
/// own connection.
fn replay(kind: &KindConfig) -> Option<String> {
    let bytes_max = limits::BACKLOG_BYTES_MAX - limits::VIEW_BYTES_MAX;
    (kind.settings.history.bytes_max >= bytes_max).then(|| {
        format!(
            "{} must be less than {}, so that a whole replay fits into a client's queue",
            kind_value(
                kind,
                "history_bytes",
                &Size(kind.settings.history.bytes_max)
            ),
            plain(&Size(bytes_max)),
        )
    })
}

/// The shortest time between snapshots. Below it a room would do little else than write them.
const SNAPSHOT_EVERY_MIN: Duration = Duration::from_millis(100);

fn snapshots(kind: &KindConfig) -> Option<String> {
    let every = kind.settings.snapshot_every;
    every
        .is_some_and(|every| every < SNAPSHOT_EVERY_MIN)
        .then(|| {
            format!(
                "{} must be at least {}, or off",
                kind_value(kind, "snapshots_every", &every),
                show_duration(SNAPSHOT_EVERY_MIN),
            )
        })
}

/// Checks `on_loss`: a room that is stored is restored after a loss, so `gone` would have no
/// effect. The game's code may still set it, for operators who make the kind `volatile`; an
/// operator who sets it has made a mistake.
fn loss(kind: &KindConfig) -> Option<String> {
    let settings = &kind.settings;
    let means_nothing = settings.on_loss == OnLoss::Gone && settings.is_kept();
    if !means_nothing || kind.source("on_loss") == Source::Game {
        return None;
    }
    let on_loss = kind_value(kind, "on_loss", &settings.on_loss);
    let durability = kind_value(kind, "durability", &settings.durability);
    let every = kind_value(kind, "snapshots_every", &settings.snapshot_every);
    Some(format!(
        "{on_loss} is for rooms of which nothing is kept: set durability = volatile and \
         snapshots_every = off, which are {durability} and {every}, or leave it out",
    ))
}

fn value(config: &Config, name: &str, value: &impl Value) -> String {
    format!("{name} = {} ({})", plain(value), config.source(name))
}

fn kind_value(kind: &KindConfig, name: &str, value: &impl Value) -> String {
    format!(
        "kind.{}.{name} = {} ({})",
        kind.name,
        plain(value),
        kind.source(name)
    )
}

fn plain(value: &impl Value) -> String {
    super::show::plain(&value.show())
}
