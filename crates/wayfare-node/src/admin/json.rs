//! The JSON types of the admin API, written by the server and read by the operator's commands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The default limit of a listing: about as many rows as a person can look through.
pub(crate) const ROWS_DEFAULT: usize = 1000;

/// `GET /v1/rooms`
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RoomList {
    /// The number of all rooms; larger than the length of the list if the limit cut it.
    pub(crate) total: usize,
    /// The rooms, sorted by id.
    pub(crate) rooms: Vec<RoomRow>,
}

/// A room in a list.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RoomRow {
    pub(crate) room: String,
    pub(crate) shard: u16,
    /// All members, including those without a connection.
    pub(crate) members: usize,
    pub(crate) locked: bool,
    pub(crate) private: bool,
    pub(crate) sequence: u64,
    pub(crate) epoch: u64,
    /// The durability of its kind: `durable`, `snapshots` or `volatile`.
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

/// A member of a room.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MemberRow {
    pub(crate) player: String,
    pub(crate) connected: bool,
}

/// `GET /v1/sessions`
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SessionList {
    /// The number of all sessions; larger than the length of the list if the limit cut it.
    pub(crate) total: usize,
    /// The sessions, sorted by player.
    pub(crate) sessions: Vec<SessionRow>,
}

/// A session in a list.
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

/// `POST /v1/backup?to=…`. `to` is the absolute path, on the node's machine, of the file to write.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BackupTo {
    pub(crate) to: std::path::PathBuf,
}

/// A line of the answer to [`BackupTo`]. Every line but the last is [`BackupLine::Progress`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BackupLine {
    /// Progress: bytes copied so far, and bytes in all.
    Progress { done: u64, of: u64 },
    /// The copy is complete.
    Copied { bytes: u64, millis: u64 },
    /// The backup failed, and there is no file.
    Failed { message: String },
}

/// The body of any answer that is not a success.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failed {
    /// The error code, for programs.
    pub(crate) code: String,
    /// The error message, for people.
    pub(crate) message: String,
}

/// The query parameters of the list of sessions.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SessionPage {
    /// The maximum number of rows.
    #[serde(default = "rows_default")]
    pub(crate) limit: usize,
    /// Only players with this id or name.
    pub(crate) named: Option<String>,
}

/// The query parameters of a listing.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Page {
    /// The maximum number of rows.
    #[serde(default = "rows_default")]
    pub(crate) limit: usize,
}

fn rows_default() -> usize {
    ROWS_DEFAULT
}
