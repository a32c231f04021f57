//! `wayfare bench`: load on a server in a separate process, and the cost of the load there.
//!
//! Read [`Bench`] for the list of benchmarks. The load comes from `crowd`, thousands of clients on
//! one thread, by a `schedule` that does not wait for answers. Each client has a `receiver`, which
//! checks the received messages by its own record. `fanout` compares with `raw_server`, a bare loop
//! that reads and writes the same bytes; `server` starts a node. `durable` and `parts` measure
//! storage: `counters` reads the engine's counters, `disk` measures the bare disk.

mod child;
mod command;
mod cores;
mod counters;
mod crowd;
mod disk;
mod durable;
mod echo;
mod fanout;
mod folder;
mod idle;
mod kinds;
mod output;
mod parts;
mod process;
mod raw_server;
mod receiver;
mod rooms;
mod schedule;
mod server;
mod stamp;
mod statistics;
mod tokens;
mod usage;
mod wire;

pub use command::Bench;
