//! A simulation of several linked nodes with a shared coordination, and a toy in place of shards.
//! It proves that the world can find mistakes between nodes before real nodes can be linked.
//!
//! [`Register`] is the toy: a register with one owner, which holds a lease and reports its actions
//! to the others. [`ToyWorld`] runs it with clocks of different rates, pauses, crashes, one-way
//! partitions, lost and duplicated datagrams and faults of coordination. [`Mistake`] lists the
//! errors that the world must find.

mod one_owner;
mod register;
mod world;

pub use register::{Mistake, Register};
pub use world::ToyWorld;
