//! What games expect ready-made, each an ordinary room written against the façade [`wayfare`].
//!
//! - [`relay`]: a room for games without server code: properties, messages, an owner, seats.

pub mod relay;
