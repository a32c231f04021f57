//! Handlers that took too long are named in the log.

use std::time::{Duration, Instant};

use wayfare_core::game::HandlerHook;
use wayfare_protocol::EntityId;

use crate::logs::millis;

/// Times the calls of a game's code. Costs two readings of the clock a call.
#[derive(Debug)]
pub(crate) struct SlowHandlers {
    /// A call that takes longer is logged.
    pub(crate) slow: Duration,
}

impl HandlerHook for SlowHandlers {
    fn around(&self, entity: &EntityId, handler: &'static str, call: &mut dyn FnMut()) {
        let start = Instant::now();
        call();
        let took = start.elapsed();
        if took > self.slow {
            let room = entity.as_str();
            let took_ms = millis(took);
            tracing::warn!(room, handler, took_ms, "a handler held up its shard");
            metrics::counter!("wayfare_slow_handlers_total").increment(1);
        }
    }
}
