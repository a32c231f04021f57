//! Real processes, real sockets: the shipped binary as its users run it.

mod cuts;
mod first_run;
mod operators;
mod proxy;
mod server;
mod terminal;
