//! The calls of a game's code: which one runs is known to the watchdog, and one that took too long is
//! named in the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wayfare_core::game::HandlerHook;
use wayfare_protocol::EntityId;

use super::watchdog::ShardWatch;
use crate::logs::millis;

/// Times the calls of a game's code. Costs two readings of the clock and two locks that nobody else
/// wants a call.
#[derive(Debug)]
pub(crate) struct SlowHandlers {
    /// A call that takes longer is logged.
    pub(crate) slow: Duration,
    pub(crate) watch: Arc<ShardWatch>,
}

impl HandlerHook for SlowHandlers {
    fn around(&self, entity: &EntityId, handler: &'static str, call: &mut dyn FnMut()) {
        let start = Instant::now();
        let outer = self.watch.handler(Some((entity.clone(), handler)));
        call();
        self.watch.handler(outer);
        let took = start.elapsed();
        if took > self.slow {
            let room = entity.as_str();
            let took_ms = millis(took);
            tracing::warn!(room, handler, took_ms, "a handler held up its shard");
            metrics::counter!("wayfare_slow_handlers_total").increment(1);
        }
    }
}
