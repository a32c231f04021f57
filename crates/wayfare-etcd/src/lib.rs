//! Coordination on etcd v3 (3.4.23 and newer): `wayfare_engine::Coordination`, with a client that
//! distinguishes done, not done and unknown outcomes.
//!
//! Read [`Config`], then `etcd` (the engine), `calls` (choice of members, deadlines, and what an
//! answer proves), `trouble` (the meaning of etcd's errors), `member` (a connection, kept open),
//! `follower` (a watch) and [`prove`]. `docs/decisions/etcd-client.md` says why no existing client
//! is used. Nothing here depends on rooms.

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
