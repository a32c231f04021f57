//! Several nodes that share a coordination and are linked, with a toy in place of shards: what the
//! world can do between nodes, proven before nodes can link.
//!
//! [`Register`] is the toy: a leased register with one owner, who tells the others what it does.
//! [`ToyWorld`] runs it under clocks of different rates, pauses, crashes, one-way partitions, lost
//! and doubled datagrams and faults of coordination. [`Mistake`] are the ways to get it wrong that
//! the world has to find.

mod one_owner;
mod register;
mod world;

pub use register::{Mistake, Register};
pub use world::ToyWorld;
