//! Settings of the client and parameters of a join.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::{EntityId, limits, wire};

/// The identity that a client presents when it has no ticket yet.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A guest. The server assigns the identity, if it allows guests. After a lost session the
    /// client gets another guest identity.
    Guest {
        /// The preferred display name; may be empty.
        name: String,
    },
    /// A signed token; its `sub` claim is the player.
    Token(String),
}

impl Credential {
    /// A guest without a preferred name.
    #[must_use]
    pub const fn guest() -> Self {
        Self::Guest {
            name: String::new(),
        }
    }
}

/// Shows the variant only, so that no token reaches a log.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guest { name } => f.debug_struct("Guest").field("name", name).finish(),
            Self::Token(_) => f.write_str("Token(..)"),
        }
    }
}

/// A ticket: it resumes the session that it was issued for, once. A secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket(pub Bytes);

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}

/// The settings of a client.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The number of endpoints. [`crate::Output::Connect`] names one by its index.
    pub endpoints: NonZeroUsize,
    /// The credential to present when there is no ticket.
    pub credential: Credential,
    /// A ticket that an earlier client kept. The client resumes that session, if it is still alive.
    pub resume: Option<Ticket>,
    /// The name and version of the SDK, for the server's logs.
    pub sdk: String,
    /// The upper bound of the first reconnect delay. Each round over all endpoints doubles it. The
    /// delay is uniform below the bound ("full jitter", Brooker 2015), so that clients which lost
    /// the same node do not reconnect at the same moment.
    pub backoff_min: Duration,
    /// The largest upper bound of a reconnect delay.
    pub backoff_max: Duration,
    /// The longest time from the connection attempt to the Welcome.
    pub handshake_time_max: Duration,
    /// The time without a connection after which the client ends; `None` means never.
    pub give_up_after: Option<Duration>,
    /// The time for which the client retries to join a room that was lost with its server, while
    /// the refusals are temporary. The retries use the same delays as reconnects. Time without a
    /// connection does not count.
    pub rejoin_time_max: Duration,
    /// The maximum number of unacknowledged commands per room.
    pub outstanding_commands_max: usize,
    /// The maximum size of their payloads in bytes.
    pub outstanding_bytes_max: usize,
}

impl Settings {
    /// Returns the default settings for this number of endpoints and this credential.
    #[must_use]
    pub fn new(endpoints: NonZeroUsize, credential: Credential) -> Self {
        Self {
            endpoints,
            credential,
            resume: None,
            sdk: concat!("rust/", env!("CARGO_PKG_VERSION")).into(),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(10),
            handshake_time_max: limits::HANDSHAKE_TIME_MAX,
            give_up_after: None,
            // Well above the slowest take-over of a room whose server died.
            rejoin_time_max: Duration::from_secs(30),
            outstanding_commands_max: 1024,
            outstanding_bytes_max: 1024 * 1024,
        }
    }
}

/// The rule for creating the room of a join.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JoinMode {
    /// Creates the room if it does not exist.
    #[default]
    OrCreate,
    /// Fails if the room does not exist.
    Existing,
    /// Fails if the room exists.
    Create,
}

impl From<JoinMode> for wire::JoinMode {
    fn from(mode: JoinMode) -> Self {
        match mode {
            JoinMode::OrCreate => Self::JoinOrCreate,
            JoinMode::Existing => Self::JoinExisting,
            JoinMode::Create => Self::JoinCreate,
        }
    }
}

/// A request to become a member of a room. It is kept for the whole stay, because a room that was
/// lost with its server is joined again with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The room.
    pub room: EntityId,
    /// The rule for creating the room.
    pub mode: JoinMode,
    /// The payload for creating the room; used only if this join creates it.
    pub open: Bytes,
    /// The payload for the room's join handler.
    pub payload: Bytes,
}

impl Join {
    /// A join without payloads that creates the room if needed.
    #[must_use]
    pub const fn new(room: EntityId) -> Self {
        Self {
            room,
            mode: JoinMode::OrCreate,
            open: Bytes::new(),
            payload: Bytes::new(),
        }
    }
}
