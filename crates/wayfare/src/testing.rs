//! Rooms and entities without a server: [`Table`] and [`Desk`].
//!
//! Behind both, a `driver` does for one shard what a node does for many: a `seat` is one player's
//! end of the wire, `records` are the coordination, the `store` is the storage, with what is `kept`
//! of each entity, and `futures` run when the test lets them. `watched` reads along with the state,
//! `recovery` compares it with what is stored, and the `asker` asks for a desk.

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
mod watched;

pub use desk::{Asked, Desk};
pub use desk_setup::DeskSetup;
pub use seat::Left;
pub use setup::Setup;
pub use table::{Resumed, Table};
