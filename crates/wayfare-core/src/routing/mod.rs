//! Routing between shards: what becomes of messages that cannot be delivered.

pub(crate) mod undeliverable;
