//! Storage on PostgreSQL, for a cluster: [`Postgres`] is a [`wayfare_engine::Storage`].
//!
//! Read [`Config`], then `postgres` (the requests), `lane` and `group` (how writes of many entities
//! become one transaction), `reader` and `upload` (what is too large for that), `session` (what is
//! asked of a server), and the SQL under `schema`, where it is decided whether a write is done.
//! Nothing here knows what a room is. Why it is so: `docs/decisions/postgres-layout.md`.

mod aside;
mod config;
mod counters;
mod error;
mod examination;
mod failure;
mod group;
mod lane;
mod lookout;
mod migrations;
mod postgres;
mod queue;
mod reader;
mod session;
mod slot;
mod statements;
mod tls;
mod upload;
mod value;
mod write;

pub use config::Config;
pub use counters::Counts;
pub use error::{ConfigError, OpenError};
pub use examination::{Examination, examine};
pub use postgres::Postgres;
