//! Tests of rooms and entities without a server: [`Table`] and [`Desk`].
//!
//! Both have a `driver`, which does for one shard what a node does for many. A `seat` is a player's
//! end of the connection, `records` is coordination, `store` is storage, and `futures` run when the
//! test lets them. `recovery` compares the state in memory with the stored one, and the `asker`
//! sends the requests of a desk.

mod asker;
mod desk;
mod desk_setup;
mod driver;
mod futures;
mod records;
mod recovery;
mod seat;
mod setup;
mod state;
mod store;
mod table;

pub use desk::{Asked, Desk};
pub use desk_setup::DeskSetup;
pub use seat::Left;
pub use setup::Setup;
pub use table::{Resumed, Table};
