//! Coordination on etcd v3, 3.4.23 and newer: `wayfare_engine::Coordination` by a client of our own
//! that keeps apart what was done, what was not, and what nobody knows.
//!
//! Read [`Config`], then `etcd` (the engine), `calls` (who is asked, for how long, and what an
//! answer proves), `trouble` (what etcd's errors mean), `member` (one connection, kept), `follower`
//! (a watch) and [`prove`]. Why not an existing client: `docs/decisions/etcd-client.md`.
//! Nothing here knows what a room is.

mod calls;
mod config;
mod connection;
mod credentials;
mod etcd;
mod follower;
mod keys;
mod listing;
mod member;
mod members;
mod proof;
mod rpc;
mod status;
mod telling;
mod tls;
mod transaction;
mod trouble;
mod url;
mod version;
mod wire;

pub use config::{Config, Login, Tls};
pub use etcd::{ConnectError, Etcd};
pub use member::Unfit;
pub use proof::{Disproof, prove};
pub use status::{MemberStatus, Said};
pub use tls::TlsError;
pub use url::UrlError;
pub use version::{VERSION_MIN, Version};
