//! The settings of a shard.

use std::time::Duration;

use wayfare_protocol::coordination::Revision;
use wayfare_protocol::{Address, limits};

use crate::cluster::NodeView;
use crate::game::Documents;

/// The effect of a second login of a player who has a session already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecondLogin {
    /// It takes the first one's place.
    #[default]
    Replace,
    /// It is refused.
    Refuse,
}

/// The settings of one shard. All shards of a node share them, but for the address.
#[derive(Clone, Debug)]
pub struct ShardConfig {
    /// This shard.
    pub address: Address,
    /// All shards that entities may be placed on, this one included, in the same order everywhere.
    pub shards: Vec<Address>,
    /// Lets clients in that have no token.
    pub guests: bool,
    /// The effect of a second login.
    pub second_login: SecondLogin,
    /// Signs tickets; the same on every shard that may have to honour them.
    pub ticket_key: [u8; 32],
    /// Frames a session may send per second, sustained; at least 1.
    pub frames_per_second: u32,
    /// Frames a session may send at once.
    pub frames_burst: u32,
    /// The time for which a session outlives its connection.
    pub session_grace: Duration,
    /// A client sends something at least this often.
    pub heartbeat: Duration,
    /// A connection silent for this long is lost.
    pub silence_max: Duration,
    /// From a connection to its accepted Hello.
    pub handshake_time_max: Duration,
    /// Rooms on this shard.
    pub rooms_max: usize,
    /// Sessions on this shard.
    pub sessions_max: usize,
    /// The runs of other names that are over, as the start of this run learnt: what they own may be
    /// claimed.
    pub view: NodeView,
    /// The store's revision when this incarnation began: an epoch that is not above it was another
    /// one's.
    pub began_at: Revision,
    /// The time since the Unix epoch at [`Instant::ORIGIN`](wayfare_protocol::Instant::ORIGIN), by
    /// this machine's wall clock: only to guess for how long an entity was not there.
    pub unix_origin: Duration,
    /// Where rooms' futures find documents; `None` where there are none.
    pub documents: Option<Documents>,
}

impl ShardConfig {
    /// The defaults, for one shard that is alone.
    #[must_use]
    pub fn new(address: Address, ticket_key: [u8; 32]) -> Self {
        Self {
            shards: vec![address.clone()],
            address,
            guests: false,
            second_login: SecondLogin::default(),
            ticket_key,
            frames_per_second: limits::FRAMES_PER_SECOND,
            frames_burst: limits::FRAMES_BURST,
            session_grace: limits::SESSION_GRACE,
            heartbeat: limits::HEARTBEAT,
            silence_max: limits::SILENCE_MAX,
            handshake_time_max: limits::HANDSHAKE_TIME_MAX,
            rooms_max: limits::ROOMS_PER_SHARD_MAX,
            sessions_max: limits::SESSIONS_PER_SHARD_MAX,
            view: NodeView::default(),
            began_at: Revision::default(),
            unix_origin: Duration::ZERO,
            documents: None,
        }
    }
}
