//! Every decision of Wayfare, as state machines that do no IO: no clock, no thread, no socket, no
//! randomness of their own.
//!
//! Read [`Shard`] first: it hands every input to one of its machines. Its `gateway` holds sessions,
//! its `entities` hold rooms, and the two know each other only by [`peer`] messages, so that it makes
//! no difference whether they meet on one shard, on two, or on two machines. [`game`] is the
//! interface of a game, [`HandlerContext`] what a handler of a room may use.

pub mod cluster;
mod config;
mod context;
mod departed;
mod entities;
pub mod game;
mod gateway;
mod handles;
mod in_flight;
mod output;
pub mod peer;
mod records;
mod report;
mod routing;
mod shard;
mod stream;
#[cfg(test)]
mod stub_config;
mod timers;
mod wall_clock;
mod way_out;

pub use config::{SecondLogin, ShardConfig, ShardSettings};
pub use entities::room::read_stored;
pub use game::{Audience, HandlerContext, Recipients, SessionRef, TimerId};
pub use in_flight::CallId;
pub use output::{ConnectionId, Output};
pub use peer::{Change, Item, Step, operator};
pub use report::Report;
pub use shard::Shard;
pub use timers::Wake;
pub use wall_clock::ClockStep;
