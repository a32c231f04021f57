//! What may be set, and what a join takes.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::{EntityId, limits, wire};

/// Who a client says it is when it has no ticket yet.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// An identity made up by the server, where guests are allowed. A lost session comes back as
    /// another guest.
    Guest {
        /// A wish for the name shown to others; may be empty.
        name: String,
    },
    /// A signed token; its `sub` is the player.
    Token(String),
}

impl Credential {
    /// A guest without a wish for a name.
    #[must_use]
    pub const fn guest() -> Self {
        Self::Guest {
            name: String::new(),
        }
    }
}

/// Tells the sort only: a token never reaches a log.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guest { name } => f.debug_struct("Guest").field("name", name).finish(),
            Self::Token(_) => f.write_str("Token(..)"),
        }
    }
}

/// What a client may be told before it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many endpoints there are. [`crate::Output::Connect`] names one by its index.
    pub endpoints: NonZeroUsize,
    /// What to present where there is no ticket.
    pub credential: Credential,
    /// Who the client is, for the server's logs.
    pub sdk: String,
    /// The ceiling of the first delay before connecting again; each round over all endpoints
    /// doubles it. The delay itself is uniform below the ceiling ("full jitter", Brooker 2015), so
    /// that clients which lost their node together do not come back together.
    pub backoff_min: Duration,
    /// The ceiling that is not exceeded.
    pub backoff_max: Duration,
    /// From the attempt to connect to the Welcome.
    pub handshake_time_max: Duration,
    /// How long to go on without a connection before the client ends; `None` is for ever.
    pub give_up_after: Option<Duration>,
    /// How long to go on joining a room anew that was lost with its server, while it is refused
    /// for reasons that may pass, with delays like those between connections. Time without a
    /// connection does not count.
    pub rejoin_time_max: Duration,
    /// Commands of one room that wait for their acknowledgement.
    pub outstanding_commands_max: usize,
    /// Bytes of such commands' payloads.
    pub outstanding_bytes_max: usize,
}

impl Settings {
    /// The defaults, for this many endpoints and this credential.
    #[must_use]
    pub fn new(endpoints: NonZeroUsize, credential: Credential) -> Self {
        Self {
            endpoints,
            credential,
            sdk: concat!("rust/", env!("CARGO_PKG_VERSION")).into(),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(10),
            handshake_time_max: limits::HANDSHAKE_TIME_MAX,
            give_up_after: None,
            // Well beyond the slowest take-over of a room whose server died.
            rejoin_time_max: Duration::from_secs(30),
            outstanding_commands_max: 1024,
            outstanding_bytes_max: 1024 * 1024,
        }
    }
}

/// Whether a join may, must or must not create its room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JoinMode {
    /// Created if there is none.
    #[default]
    OrCreate,
    /// Refused if there is none.
    Existing,
    /// Refused if there is one.
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

/// A wish to become a member of a room. It is kept as long as the stay: a room that is lost with its
/// server is joined anew with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The room.
    pub room: EntityId,
    /// Whether it may be created.
    pub mode: JoinMode,
    /// What creating it takes; read only if this join creates it.
    pub open: Bytes,
    /// What the joiner brings.
    pub payload: Bytes,
}

impl Join {
    /// A join that brings nothing, and creates the room if there is none.
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
