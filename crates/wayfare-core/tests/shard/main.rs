//! Whole shards against raw frames, in memory: what DESIGN sections 4 and 5 promise on one node.

mod charges;
mod delays;
mod deliveries;
mod determinism;
mod durable;
mod entities;
mod faults;
mod forms;
mod hostile;
mod limits;
mod releases;
mod resume;
mod reviewed;
mod rooms;
mod sessions;
mod stub_desk;
mod stub_lounge;
mod stub_vault;
mod time;
mod told;
mod warm_reads;
mod world;
