//! Tests of storage on a real PostgreSQL: contract, schema, faults. They need an installed
//! PostgreSQL.

mod contract;
mod faults;
mod groups;
mod history;
mod proxy;
mod schema;
mod server;
mod tls_verification;
mod world;
