//! The status of a member.

use std::time::Instant;

use crate::version::Version;
use crate::wire::StatusResponse;

/// The last known status of a member, for operators and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    /// Its `host:port`.
    pub endpoint: String,
    /// The reason why it is unavailable; `None` if it is available.
    pub away: Option<String>,
    /// Its last report; `None` if there was none.
    pub said: Option<Said>,
}

/// The report of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The time of the report.
    pub at: Instant,
    /// Its version.
    pub version: Version,
    /// True if it is the leader.
    pub is_leader: bool,
    /// The size of its database file in bytes, which counts against the quota.
    pub database_bytes: u64,
    /// The used bytes of the database. Only defragmentation releases the rest.
    pub used_bytes: u64,
    /// The store's revision at this member.
    pub revision: u64,
    /// Its problems, such as the alarm that its space is used up.
    pub errors: Vec<String>,
}

impl Said {
    pub(crate) fn new(version: Version, at: Instant, status: StatusResponse) -> Self {
        let header = status.header.unwrap_or_default();
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        Self {
            at,
            version,
            is_leader: header.member_id == status.leader,
            database_bytes: count(status.db_size),
            used_bytes: count(status.db_size_in_use),
            revision: count(header.revision),
            errors: status.errors,
        }
    }
}
