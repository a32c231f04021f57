//! Routing between shards: the places of entities, and what becomes of messages that cannot be
//! delivered.

pub(crate) mod directory;
pub(crate) mod undeliverable;
