//! The table of all settings of a node: name, meaning, form and value of each.

use super::settings::Settings;
use super::value::Value;

/// A setting.
pub(crate) struct Key {
    /// The name in the file. The forms `--…` and `WAYFARE_…` are made from it.
    pub(crate) name: &'static str,
    /// The heading under which `--help` lists it.
    pub(crate) group: &'static str,
    /// The meaning, for `--help`.
    pub(crate) about: &'static str,
    /// The placeholder of its value in `--help`.
    pub(crate) value_name: &'static str,
    /// The expected form; continues "is not …".
    pub(crate) expected: &'static str,
    /// Quotes a refused text for a message, without secrets.
    pub(crate) repeat: fn(Option<&str>) -> String,
    /// Explains a refused text further, if possible.
    pub(crate) wrong: fn(&str) -> Option<String>,
    /// Sets the value, or returns `None` if the text is not a valid value.
    pub(crate) set: fn(&mut Settings, &str) -> Option<()>,
    /// Returns the value as `config show` prints it.
    pub(crate) show: fn(&Settings) -> serde_json::Value,
}

impl Key {
    /// The name as a flag: `session-grace`.
    pub(crate) fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// The name as a variable: `WAYFARE_SESSION_GRACE`.
    pub(crate) fn variable(&self) -> String {
        format!("WAYFARE_{}", self.name.to_uppercase())
    }

    /// Finds the setting with this name.
    pub(crate) fn named(name: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.name == name)
    }
}

const fn value_name<T: Value>(_: fn(&Settings) -> &T) -> &'static str {
    T::NAME
}

const fn expected<T: Value>(_: fn(&Settings) -> &T) -> &'static str {
    T::EXPECTED
}

const fn repeat<T: Value>(_: fn(&Settings) -> &T) -> fn(Option<&str>) -> String {
    T::repeat
}

const fn wrong<T: Value>(_: fn(&Settings) -> &T) -> fn(&str) -> Option<String> {
    T::wrong
}

macro_rules! key {
    ($group:ident: $name:ident, $about:literal) => {
        key!($group [$name] $name, $about)
    };
    ($group:ident: shard.$name:ident, $about:literal) => {
        key!($group [shard.$name] $name, $about)
    };
    ($group:ident [$($place:tt)+] $name:ident, $about:literal) => {
        Key {
            name: stringify!($name),
            group: $group,
            about: $about,
            value_name: value_name(|settings| &settings.$($place)+),
            expected: expected(|settings| &settings.$($place)+),
            repeat: repeat(|settings| &settings.$($place)+),
            wrong: wrong(|settings| &settings.$($place)+),
            set: |settings, text| {
                settings.$($place)+ = Value::parse(text)?;
                Some(())
            },
            show: |settings| Value::show(&settings.$($place)+),
        }
    };
}

const NODE: &str = "The node";
const STATE: &str = "What is kept";
const PLAYERS: &str = "Players";
const CONNECTIONS: &str = "Connections";
const LOAD: &str = "Load";
const LOGS: &str = "Logs";

/// Every setting, in the order of `config show`.
pub(crate) const KEYS: &[Key] = &[
    key!(NODE: node, "The name of this node, in logs and in its records"),
    key!(NODE: listen, "Where clients connect"),
    key!(
        NODE: admin,
        "Where probes, metrics and, with an admin_key, the admin API answer over TCP"
    ),
    key!(
        NODE: admin_key,
        "The credential of the admin API over TCP; without it only /healthz, /readyz and /metrics answer there"
    ),
    key!(
        STATE: data,
        "The folder of this node, with its storage and the socket that operator commands use; one node at a time"
    ),
    key!(
        STATE: coordination,
        "Where it is kept who owns what: embedded, in the data folder; memory, forgotten when the node ends; or etcd, with the name of the cluster behind its members"
    ),
    key!(
        STATE: coordination_password_file,
        "A file that holds the password of the user that etcd's URL names"
    ),
    key!(
        STATE: storage,
        "Where rooms, logs and documents are kept: embedded, in the data folder; memory, forgotten when the node ends; or a PostgreSQL database"
    ),
    key!(
        STATE: storage_password_file,
        "A file that holds the password of the user that PostgreSQL's URL names"
    ),
    key!(LOAD: shards, "Threads that rooms and sessions live on, by default one for each core"),
    key!(PLAYERS: shard.guests, "Let in clients without a token"),
    key!(
        PLAYERS: token_key,
        "The secret that tokens are signed with (HS256), at least 32 bytes; as a flag others on this machine can see it"
    ),
    key!(PLAYERS: token_key_file, "A file that holds the token key instead"),
    key!(
        PLAYERS: shard.second_login,
        "What a second login of a player does: replace the first, or be refused"
    ),
    key!(
        PLAYERS: shard.session_grace,
        "How long a session outlives its connection"
    ),
    key!(
        CONNECTIONS: shard.heartbeat,
        "A client says something at least this often"
    ),
    key!(
        CONNECTIONS: shard.silence_max,
        "A connection that is silent for this long is lost"
    ),
    key!(
        CONNECTIONS: shard.handshake_time_max,
        "From a connection to its WebSocket, and from there to an accepted login"
    ),
    key!(
        CONNECTIONS: shard.frames_per_second,
        "Frames a session may send per second, sustained"
    ),
    key!(CONNECTIONS: shard.frames_burst, "Frames a session may send at once"),
    key!(LOAD: shard.rooms_max, "Rooms on each shard"),
    key!(
        LOAD: shard.sessions_max,
        "Sessions on each shard, those without a connection included"
    ),
    key!(
        LOAD: slow_handler,
        "A room's handler that takes longer is named in the log"
    ),
    key!(
        LOAD: hung_handler,
        "A shard whose handler does not return for this long ends the process, so that its supervisor starts it again"
    ),
    key!(
        NODE: stop_grace,
        "How long a stopping node takes at most to tell its clients"
    ),
    key!(
        LOGS: log,
        "What is logged: error, warn, info, debug, trace, or directives"
    ),
    key!(
        LOGS: log_format,
        "How it is logged: for people, or one JSON object a line"
    ),
];
