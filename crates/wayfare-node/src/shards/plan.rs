//! What the shards of a node are started with.

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
    /// Who the bearer of this token is.
    ///
    /// # Errors
    /// Why the token is not accepted, without repeating it.
    fn authenticate(&self, token: &str) -> Result<Player, Refusal>;
}

/// How many shards, and what all of them share.
#[derive(Clone, Debug)]
pub struct ShardPlan {
    /// The node's name.
    pub node: NodeId,
    /// Its run, as it is written down.
    pub run: Run,
    /// Threads; at least 1.
    pub shards: u16,
    /// Chance, from the system; each shard derives its own.
    pub seed: [u8; 32],
    /// See there.
    pub settings: ShardSettings,
}

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct ShardSettings {
    /// Whether clients without a token are let in.
    pub guests: bool,
    /// What a second login of a player does.
    pub second_login: SecondLogin,
    /// Frames a session may send per second, sustained.
    pub frames_per_second: u32,
    /// Frames a session may send at once.
    pub frames_burst: u32,
    /// How long a session outlives its connection.
    pub session_grace: Duration,
    /// A client sends something at least this often.
    pub heartbeat: Duration,
    /// A connection silent for this long is lost.
    pub silence_max: Duration,
    /// From a connection to its accepted Hello.
    pub handshake_time_max: Duration,
    /// Rooms on one shard.
    pub rooms_max: usize,
    /// Sessions on one shard.
    pub sessions_max: usize,
    /// A handler that takes longer is named in the log.
    pub slow_handler: Duration,
}

impl ShardPlan {
    /// What the core of one shard is told.
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

    /// The seed of one shard: different from the others', from the same chance.
    pub(crate) fn seed(&self, index: usize) -> [u8; 32] {
        let mut seed = self.seed;
        for (byte, number) in seed.iter_mut().zip((index as u64).to_le_bytes()) {
            *byte ^= number;
        }
        seed
    }
}

/// The wall clock at the origin of a shard's time. A wall clock before 1970 guesses nothing.
fn unix_origin() -> Duration {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH);
    let up = clock::now().since(Instant::ORIGIN);
    wall.unwrap_or_default().saturating_sub(up)
}
