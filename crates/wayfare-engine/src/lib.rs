//! The two services a cluster stands on, as traits with a contract: [`Coordination`], where it is
//! decided who owns what, and [`Storage`], where state that must last is kept.
//!
//! Read [`coordination`] and [`watch`], then [`storage`] with [`storage::Request`]; [`model`] has
//! both in memory, as plain state machines and behind the traits, and [`embedded`] both in one file;
//! [`contract`] is what every engine must pass. Nothing here knows what a room is, or which runtime drives it.

pub mod contract;
pub mod coordination;
pub mod embedded;
pub mod model;
mod pending;
pub mod refusal;
pub mod storage;
pub mod watch;

pub use coordination::Coordination;
pub use embedded::Embedded;
pub use pending::Pending;
pub use storage::Storage;
pub use watch::Watch;
