//! Tests of the shipped binary, with real processes and sockets.

mod backup;
mod command_line;
mod cuts;
mod deploy;
mod engines;
#[allow(dead_code, reason = "the tests of etcd use the rest")]
#[path = "../../crates/wayfare-etcd/tests/etcd/etcd_process.rs"]
mod etcd;
mod first_run;
mod kills;
mod operators;
mod play;
#[allow(dead_code, reason = "the tests of PostgreSQL use the rest")]
#[path = "../../crates/wayfare-postgres/tests/postgres/server.rs"]
mod postgres;
mod proxy;
mod relay;
mod reverse_proxies;
mod server;
mod services;
mod terminal;
mod types;
