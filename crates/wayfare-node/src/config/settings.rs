//! Every setting of a node with its default.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU16, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use wayfare_core::ShardSettings;
use wayfare_protocol::NodeId;

use super::service_addresses::{CoordinationChoice, StorageChoice};

/// The purpose of the node. Some defaults depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Development on one machine.
    Dev,
    /// Service for players.
    Serve,
}

/// The settings of a node. Their meanings are in [`super::keys::KEYS`].
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) node: NodeId,
    pub(crate) listen: SocketAddr,
    pub(crate) admin: Option<SocketAddr>,
    pub(crate) admin_key: Option<Secret>,
    pub(crate) data: PathBuf,
    pub(crate) coordination: CoordinationChoice,
    pub(crate) coordination_password_file: Option<PathBuf>,
    pub(crate) storage: StorageChoice,
    pub(crate) storage_password_file: Option<PathBuf>,
    pub(crate) shards: NonZeroU16,
    /// The settings of each shard.
    pub(crate) shard: ShardSettings,
    pub(crate) token_key: Option<Secret>,
    pub(crate) token_key_file: Option<PathBuf>,
    pub(crate) slow_handler: Duration,
    pub(crate) hung_handler: Option<Duration>,
    pub(crate) stop_grace: Duration,
    pub(crate) log: LogFilter,
    pub(crate) log_format: LogFormat,
}

impl Mode {
    /// Every mode.
    pub(crate) const ALL: [Self; 2] = [Self::Dev, Self::Serve];
}

impl Settings {
    /// Returns the defaults for `mode`.
    pub(crate) fn of(mode: Mode) -> Self {
        let serve = Self::default();
        match mode {
            Mode::Serve => serve,
            Mode::Dev => Self {
                // Only this machine can connect, so guests are safe.
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, serve.listen.port())),
                shard: ShardSettings {
                    guests: true,
                    ..serve.shard
                },
                // The terminal is for the three lines of next steps.
                log: LogFilter("warn".into()),
                ..serve
            },
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            node: NodeId::new("local").expect("the default is a valid id"),
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 7777)),
            admin: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 7778))),
            admin_key: None,
            data: PathBuf::from("./wayfare-data"),
            coordination: CoordinationChoice::Embedded,
            coordination_password_file: None,
            storage: StorageChoice::Embedded,
            storage_password_file: None,
            shards: u16::try_from(cores)
                .ok()
                .and_then(NonZeroU16::new)
                .unwrap_or(NonZeroU16::MIN),
            shard: ShardSettings::default(),
            token_key: None,
            token_key_file: None,
            // One tick of a 20 Hz game. A slower handler delays the ticks of other rooms on its
            // shard.
            slow_handler: Duration::from_millis(50),
            // Longer than any handler that a game could want, and than clients wait for a word. The
            // shard's players are cut off meanwhile, so longer helps nobody.
            hung_handler: Some(Duration::from_secs(30)),
            // Below the 10 s after which `docker stop` kills the process.
            stop_grace: Duration::from_secs(5),
            log: LogFilter("info".into()),
            log_format: LogFormat::Human,
        }
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(set)")
    }
}

/// The log filter: a level, or directives of `tracing_subscriber`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFilter(pub(crate) String);

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Text for people, in colour on a terminal.
    Human,
    /// A JSON object per line.
    Json,
}
