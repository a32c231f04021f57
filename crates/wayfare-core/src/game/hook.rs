//! A hook around every call of a game's code.

use std::fmt::Debug;

use wayfare_protocol::EntityId;

/// Observes the calls of a game's code on a shard: of a room's handlers, and of the functions that
/// make, write down and restore a room.
pub trait HandlerHook: Debug + Send + Sync {
    /// Runs `call` once. It calls the function `handler` of this room or of its kind, and returns
    /// also if that panics.
    fn around(&self, entity: &EntityId, handler: &'static str, call: &mut dyn FnMut());
}
