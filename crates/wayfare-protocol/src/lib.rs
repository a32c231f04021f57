//! The vocabulary and the wire of Wayfare. It does no IO and decides nothing.
//!
//! Read [`ids`] for the names of things, [`limits`] for every bound with its reason, [`wire`] for
//! the client protocol as messages, [`frame`] for how a message becomes bytes, [`error_code`] for
//! what can go wrong, [`coordination`] and [`records`] for who owns what, [`storage`] for what must
//! last.

pub mod coordination;
pub mod error_code;
pub mod frame;
pub mod ids;
pub mod limits;
pub mod records;
pub mod storage;
pub mod time;
pub mod wire;

pub use error_code::ErrorCode;
pub use ids::{
    Address, EntityId, Epoch, Handle, Incarnation, InvalidId, Membership, NodeId, PlayerId,
    Sequence, SessionId, ShardIndex,
};
pub use time::Instant;
