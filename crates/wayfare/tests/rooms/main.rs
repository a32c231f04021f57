//! What a room may rely on, played at a table: by the code that runs in production.

#![allow(
    elided_lifetimes_in_paths,
    reason = "rooms are written as a game's author writes them"
)]

mod audiences;
mod delivery;
mod failures;
mod membership;
mod payloads;
mod probe;
mod serve;
mod state;
mod time;
