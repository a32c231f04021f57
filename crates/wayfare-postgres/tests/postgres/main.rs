//! Storage on a real PostgreSQL: the contract, the schema, faults. Needs PostgreSQL to be installed.

mod contract;
mod faults;
mod history;
mod proxy;
mod server;
mod world;
