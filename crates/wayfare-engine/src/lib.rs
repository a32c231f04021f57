//! The traits of the two services of a cluster, each with a contract: [`Coordination`] records the
//! owners of entities and sessions, [`Storage`] stores durable state.
//!
//! Read [`coordination`] and [`watch`], then [`storage`] with [`storage::Request`]. [`model`]
//! implements both in memory, as plain state machines and behind the traits; [`embedded`]
//! implements both in one file; [`contract`] is the test suite of every engine. Nothing here
//! depends on rooms or on a runtime.

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
