//! Tests of the guarantees of rooms at a table, with the code of production.

#![allow(
    elided_lifetimes_in_paths,
    reason = "rooms are written as a game's author writes them"
)]

mod asking;
mod audiences;
mod delivery;
mod durable;
mod entities;
mod errands;
mod failures;
mod ledger;
mod membership;
mod parts;
mod payloads;
mod probe;
mod serve;
mod state;
mod time;
