//! Storage on a real PostgreSQL: the contract, the schema, faults. Needs PostgreSQL to be installed.

mod contract;
mod faults;
mod groups;
mod history;
mod proxy;
mod schema;
mod server;
mod tls;
mod world;
