//! Tests of the guarantees of rooms at a table, with the code of production.

#![allow(
    elided_lifetimes_in_paths,
    reason = "rooms are written as a game's author writes them"
)]

mod asks;
mod audiences;
mod delivery;
mod durable;
mod entities;
mod errands;
mod failures;
mod invalid_games;
mod large_states;
mod ledger;
mod membership;
mod payloads;
mod probe;
mod snapshots;
mod time;
mod views;
