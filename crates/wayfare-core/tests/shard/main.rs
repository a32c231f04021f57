//! Whole shards against raw frames, in memory: what DESIGN sections 4 and 5 promise on one node.

mod delays;
mod delivery;
mod determinism;
mod faults;
mod hostile;
mod limits;
mod resume;
mod rooms;
mod sessions;
mod stub_lounge;
mod time;
mod world;
