//! Rooms without a server: [`Table`].
//!
//! Behind it, a `driver` does for one shard what a node does for many, a `seat` is one player's end
//! of the wire, `watched` reads along with the room's state, and `records` are the coordination.

mod driver;
mod records;
mod seat;
mod setup;
mod table;
mod watched;

pub use seat::Left;
pub use setup::Setup;
pub use table::{Resumed, Table};
