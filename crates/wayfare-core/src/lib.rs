//! Every decision of Wayfare, as state machines that do no IO: no clock, no thread, no socket, no
//! randomness of their own.
//!
//! Read [`Shard`] first: it composes the rest. Its `gateway` holds sessions, its `rooms` hold
//! rooms, and both know each other only by [`peer`] messages, so that it makes no difference
//! whether they meet on one shard, on two, or on two machines. [`game`] is what a room is to it,
//! [`Turn`] what a room's handler may do, [`gate`] what its effects pass before they leave.

mod calls;
mod config;
mod departed;
mod environment;
pub mod game;
pub mod gate;
mod gateway;
mod handles;
mod history;
mod image;
mod lineage;
mod members;
pub mod operator;
pub mod peer;
mod placement;
mod rate;
mod recipients;
mod releases;
mod room;
mod rooms;
mod shard;
mod step;
mod ticket;
mod timers;
mod turn;

pub use calls::CallId;
pub use config::{SecondLogin, ShardConfig};
pub use environment::{ConnectionId, Output, Report};
pub use members::SessionRef;
pub use recipients::Recipients;
pub use shard::Shard;
pub use step::{Change, Item, Step};
pub use timers::Wake;
pub use turn::{Audience, TimerId, Turn};
