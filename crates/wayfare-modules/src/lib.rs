//! Ready-made rooms for games. Each is an ordinary room that uses only the public API of
//! [`wayfare`].
//!
//! - [`relay`]: a room for games without server code: properties, messages, an owner, seats.

pub mod relay;
