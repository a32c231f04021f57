//! The plan of a node's shards: the inputs of their start.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wayfare_core::cluster::Run;
use wayfare_core::game::{Documents, Player, Refusal};
use wayfare_core::{SecondLogin, ShardConfig};
use wayfare_protocol::{Address, Instant, NodeId, ShardIndex};

use super::documents::EngineDocuments;
use super::{Engines, clock};

/// Checks tokens. Called on a shard's thread: it must not block.
pub trait Authenticator: Send + Sync {
    /// Returns the player that this token belongs to.
    ///
    /// # Errors
    /// If the token is not accepted. The refusal does not repeat the token.
    fn authenticate(&self, token: &str) -> Result<Player, Refusal>;
}

/// The number of shards, and what all of them share.
#[derive(Clone, Debug)]
pub struct ShardPlan {
    /// The node's name.
    pub node: NodeId,
    /// The number of the node's run, as recorded in coordination.
    pub run: Run,
    /// The number of threads; at least 1.
    pub shards: u16,
    /// A random seed from the system. Each shard derives its own seed from it.
    pub seed: [u8; 32],
    /// The settings; see [`ShardSettings`].
    pub settings: ShardSettings,
}

/// The settings of shards that an operator may change.
#[derive(Clone, Debug)]
pub struct ShardSettings {
    /// Lets clients in that have no token.
    pub guests: bool,
    /// The effect of a second login of a player.
    pub second_login: SecondLogin,
    /// Frames a session may send per second, sustained.
    pub frames_per_second: u32,
    /// Frames a session may send at once.
    pub frames_burst: u32,
    /// The time for which a session outlives its connection.
    pub session_grace: Duration,
    /// The interval of heartbeats: a client sends something at least this often.
    pub heartbeat: Duration,
    /// A connection silent for this long is lost.
    pub silence_max: Duration,
    /// The time limit from a connection to its accepted Hello.
    pub handshake_time_max: Duration,
    /// The maximum number of rooms on one shard.
    pub rooms_max: usize,
    /// The maximum number of sessions on one shard.
    pub sessions_max: usize,
    /// The time beyond which a handler is named in the log.
    pub slow_handler: Duration,
}

impl ShardPlan {
    /// Returns the configuration for the core of one shard.
    pub(crate) fn config(&self, index: usize, engines: &Engines) -> ShardConfig {
        let address = |index| self.address(index);
        let settings = &self.settings;
        ShardConfig {
            address: address(index),
            shards: (0..self.shards.max(1).into()).map(address).collect(),
            guests: settings.guests,
            second_login: settings.second_login,
            ticket_key: self.run.ticket_key,
            frames_per_second: settings.frames_per_second,
            frames_burst: settings.frames_burst,
            session_grace: settings.session_grace,
            heartbeat: settings.heartbeat,
            silence_max: settings.silence_max,
            handshake_time_max: settings.handshake_time_max,
            rooms_max: settings.rooms_max,
            sessions_max: settings.sessions_max,
            view: self.run.view.clone(),
            began_at: self.run.began_at,
            unix_origin: unix_origin(),
            documents: Some(Documents(Arc::new(EngineDocuments(Arc::downgrade(
                &engines.storage,
            ))))),
        }
    }

    /// The address of one shard.
    pub(super) fn address(&self, index: usize) -> Address {
        Address {
            node: self.node.clone(),
            incarnation: self.run.incarnation,
            shard: ShardIndex(u16::try_from(index).unwrap_or(u16::MAX)),
        }
    }

    /// Derives the seed of one shard. The seeds of a node's shards differ.
    pub(crate) fn seed(&self, index: usize) -> [u8; 32] {
        let mut seed = self.seed;
        for (byte, number) in seed.iter_mut().zip((index as u64).to_le_bytes()) {
            *byte ^= number;
        }
        seed
    }
}

/// Returns the wall-clock time at the origin of the shards' clock. A wall clock before 1970 counts
/// as 1970.
fn unix_origin() -> Duration {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH);
    let up = clock::now().since(Instant::ORIGIN);
    wall.unwrap_or_default().saturating_sub(up)
}
