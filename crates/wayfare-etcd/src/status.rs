//! What a member says of itself.

use std::time::Instant;

use crate::version::Version;
use crate::wire::StatusResponse;

/// A member as it was last heard of, for operators and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    /// Its `host:port`.
    pub endpoint: String,
    /// Why it cannot be asked now; `None` if it can.
    pub away: Option<String>,
    /// What it said last; `None` if it never did.
    pub said: Option<Said>,
}

/// What a member said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: Instant,
    /// Its version.
    pub version: Version,
    /// Whether it leads.
    pub is_leader: bool,
    /// Size of its database file in bytes: what counts against the quota.
    pub database_bytes: u64,
    /// How much of that is used; the rest is given back by defragmenting only.
    pub used_bytes: u64,
    /// The store's revision as it knows it.
    pub revision: u64,
    /// What is wrong with it, such as the alarm that its space is used up.
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
