//! The vocabulary and the wire format of Wayfare. It does no IO and makes no decisions.
//!
//! Read [`ids`] for identifiers, [`limits`] for every limit with its reason, [`wire`] for the
//! client protocol as messages, [`frame`] for their encoding, [`error_code`] for errors,
//! [`coordination`] and [`records`] for the records of owners, [`storage`] for durable state.

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
