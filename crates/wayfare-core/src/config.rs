//! The settings of a shard.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use wayfare_protocol::coordination::Revision;
use wayfare_protocol::{Address, NodeId, ShardIndex, limits};

use crate::cluster::{NodeView, Run};
use crate::game::{Documents, HandlerHook};

/// The effect of a second login of a player who has a session already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecondLogin {
    /// It takes the first one's place.
    #[default]
    Replace,
    /// It is refused.
    Refuse,
}

/// The settings that an operator may choose, the same for all shards of a node.
#[derive(Clone, Debug)]
pub struct ShardSettings {
    /// Lets clients in that have no token.
    pub guests: bool,
    /// The effect of a second login.
    pub second_login: SecondLogin,
    /// Frames a session may send per second, sustained.
    pub frames_per_second: NonZeroU32,
    /// Frames a session may send at once.
    pub frames_burst: NonZeroU32,
    /// The time for which a session outlives its connection.
    pub session_grace: Duration,
    /// A client sends something at least this often.
    pub heartbeat: Duration,
    /// A connection silent for this long is lost.
    pub silence_max: Duration,
    /// From a connection to its accepted Hello.
    pub handshake_time_max: Duration,
    /// Rooms on one shard.
    pub rooms_max: NonZeroUsize,
    /// Sessions on one shard.
    pub sessions_max: NonZeroUsize,
}

impl Default for ShardSettings {
    fn default() -> Self {
        Self {
            guests: false,
            second_login: SecondLogin::default(),
            frames_per_second: const { NonZeroU32::new(limits::FRAMES_PER_SECOND).unwrap() },
            frames_burst: const { NonZeroU32::new(limits::FRAMES_BURST).unwrap() },
            session_grace: limits::SESSION_GRACE,
            heartbeat: limits::HEARTBEAT,
            silence_max: limits::SILENCE_MAX,
            handshake_time_max: limits::HANDSHAKE_TIME_MAX,
            rooms_max: const { NonZeroUsize::new(limits::ROOMS_PER_SHARD_MAX).unwrap() },
            sessions_max: const { NonZeroUsize::new(limits::SESSIONS_PER_SHARD_MAX).unwrap() },
        }
    }
}

/// All that one shard is started with.
#[derive(Clone, Debug)]
pub struct ShardConfig {
    /// This shard.
    pub address: Address,
    /// All shards that entities may be placed on, this one included, in the same order everywhere.
    pub shards: Vec<Address>,
    /// The settings of all shards of the node.
    pub settings: ShardSettings,
    /// Signs tickets; the same on every shard that may have to honour them.
    pub ticket_key: [u8; 32],
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
    /// Runs around each call of a game's code, if there is one.
    pub hook: Option<Arc<dyn HandlerHook>>,
}

impl ShardConfig {
    /// The shard of this index among the `shards` of a node's run, with default settings, at the
    /// Unix epoch, without documents and without a hook.
    #[must_use]
    pub fn of_run(node: &NodeId, run: &Run, (index, shards): (u16, u16)) -> Self {
        let address = |shard| Address {
            node: node.clone(),
            incarnation: run.incarnation,
            shard: ShardIndex(shard),
        };
        Self {
            address: address(index),
            shards: (0..shards).map(address).collect(),
            settings: ShardSettings::default(),
            ticket_key: run.ticket_key,
            view: run.view.clone(),
            began_at: run.began_at,
            unix_origin: Duration::ZERO,
            documents: None,
            hook: None,
        }
    }
}
