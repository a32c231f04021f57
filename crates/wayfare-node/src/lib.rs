//! A node: threads, sockets, clocks, configuration and the admin API. It drives shards and makes no
//! decisions itself.
//!
//! Read [`run`] first: it executes a [`Command`] for a [`Game`]. Then `server` for the listeners
//! and the stop of a node, [`shards`] for the threads on which rooms live, `config` for the
//! settings, `token` for authentication, `store` for what outlives the process, and `admin` for
//! operators. `doctor` checks all of it from outside.

mod admin;
mod chance;
mod commands;
mod config;
mod doctor;
mod game;
mod logs;
mod server;
pub mod shards;
mod store;
mod token;

pub use commands::{
    Backup, Command, ConfigCommand, Doctor, Folder, Listing, Reach, Restore, RoomCommand,
    SessionCommand, TokenCommand, Tool, TypesCommand, TypesOf, run,
};
pub use config::SettingFlags;
pub use game::{Game, Ready};
pub use server::{PageFiles, Stop};
pub use shards::{Authenticator, Engines, ShardPlan, Shards};
