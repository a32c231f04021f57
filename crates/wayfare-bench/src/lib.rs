//! `wayfare bench`: load on a server in a process of its own, and what it cost that process.
//!
//! Read [`Bench`] for what there is to run. The load comes from `crowd`, thousands of clients on one
//! thread, by a `schedule` that does not wait for answers; each client's `receiver` judges what it
//! heard from its own records. `fanout` compares with `raw_server`, a bare loop that reads and
//! writes the same bytes; `server` is ours. `durable` and `parts` measure what lives in storage:
//! `counters` says what the engine counted meanwhile, `disk` what the disk can do by itself.

mod child;
mod command;
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
