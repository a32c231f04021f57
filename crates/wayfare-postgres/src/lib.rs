//! Storage on PostgreSQL, for a cluster. [`Postgres`] implements [`wayfare_engine::Storage`].
//!
//! Read [`Config`], then `postgres` (requests), `lane` and `group` (grouping of many entities'
//! writes into one transaction), `reader` and `upload` (large values), `session` (checks of a
//! server), and the SQL under `schema`, which decides whether a write is done. Nothing here depends
//! on rooms. `docs/decisions/postgres-layout.md` gives the reasons.

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
