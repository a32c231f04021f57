//! Real processes, real sockets: the shipped binary as its users run it.

mod backup;
mod cuts;
mod first_run;
mod kills;
mod operators;
mod proxy;
mod relay;
mod server;
mod terminal;
mod types;
