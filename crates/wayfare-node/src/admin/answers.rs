//! The JSON of the admin API, written by the server and read by the operator's commands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Rows of a listing unless asked otherwise: what a person may still look through.
pub(crate) const ROWS_DEFAULT: usize = 1000;

/// `GET /v1/rooms`
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RoomList {
    /// Rooms there are; more than are listed if the limit cut the list.
    pub(crate) total: usize,
    /// By id.
    pub(crate) rooms: Vec<RoomRow>,
}

/// One room in a list.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RoomRow {
    pub(crate) room: String,
    pub(crate) shard: u16,
    /// Those without a connection included.
    pub(crate) members: usize,
    pub(crate) locked: bool,
    pub(crate) private: bool,
    pub(crate) sequence: u64,
    pub(crate) epoch: u64,
    /// `durable`, `snapshots` or `volatile`, by its kind.
    #[serde(default)]
    pub(crate) kept: String,
}

/// `GET /v1/rooms/{kind}/{key}`
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RoomShown {
    #[serde(flatten)]
    pub(crate) row: RoomRow,
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) present: Vec<MemberRow>,
}

/// One member of a room.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MemberRow {
    pub(crate) player: String,
    pub(crate) connected: bool,
}

/// `GET /v1/sessions`
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SessionList {
    /// Sessions there are; more than are listed if the limit cut the list.
    pub(crate) total: usize,
    /// By player.
    pub(crate) sessions: Vec<SessionRow>,
}

/// One session in a list.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SessionRow {
    pub(crate) player: String,
    pub(crate) name: String,
    pub(crate) shard: u16,
    pub(crate) guest: bool,
    pub(crate) connected: bool,
    pub(crate) rooms: Vec<String>,
}

/// `DELETE /v1/rooms/{kind}/{key}`
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Closed {
    pub(crate) closed: String,
}

/// `DELETE /v1/sessions/{player}`
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kicked {
    pub(crate) kicked: String,
}

/// `POST /v1/backup?to=…`: the file to write, by its absolute name on the node's machine.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BackupTo {
    pub(crate) to: std::path::PathBuf,
}

/// One line of the answer to that; the last is no [`BackupLine::Progress`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BackupLine {
    /// So much of so much.
    Progress { done: u64, of: u64 },
    /// The file is there.
    Copied { bytes: u64, millis: u64 },
    /// There is no file.
    Failed { message: String },
}

/// Any answer that is not a success.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failed {
    /// For programs.
    pub(crate) code: String,
    /// For people.
    pub(crate) message: String,
}

/// How much of a listing is wanted.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Page {
    /// Rows at most.
    #[serde(default = "rows_default")]
    pub(crate) limit: usize,
}

fn rows_default() -> usize {
    ROWS_DEFAULT
}
