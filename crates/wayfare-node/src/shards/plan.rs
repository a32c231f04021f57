//! The plan of a node's shards: the inputs of their start.

use std::sync::Arc;
use std::time::Duration;

use wayfare_core::cluster::Run;
use wayfare_core::game::{Documents, Player, Refusal};
use wayfare_core::{ShardConfig, ShardSettings};
use wayfare_protocol::{Instant, NodeId};

use super::documents::EngineDocuments;
use super::slow_handlers::SlowHandlers;
use super::watchdog::ShardWatch;
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
    /// The settings of each shard.
    pub settings: ShardSettings,
    /// The time beyond which a handler is named in the log.
    pub slow_handler: Duration,
    /// The time beyond which a handler that does not return ends the process; `None` for never.
    pub hung_handler: Option<Duration>,
}

impl ShardPlan {
    /// Returns the configuration for the core of one shard.
    pub(crate) fn config(
        &self,
        index: usize,
        engines: &Engines,
        watch: &Arc<ShardWatch>,
    ) -> ShardConfig {
        let documents = EngineDocuments(Arc::downgrade(&engines.storage));
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        ShardConfig {
            settings: self.settings.clone(),
            unix_origin: clock::unix().saturating_sub(clock::now().since(Instant::ORIGIN)),
            documents: Some(Documents(Arc::new(documents))),
            hook: Some(Arc::new(SlowHandlers {
                slow: self.slow_handler,
                watch: Arc::clone(watch),
            })),
            ..ShardConfig::of_run(&self.node, &self.run, (index, self.shards.max(1)))
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
