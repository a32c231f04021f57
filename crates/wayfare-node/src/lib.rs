//! A node: threads, sockets, clocks, configuration and the operator's door. It drives shards and
//! decides nothing.
//!
//! Read [`run`] for what a program does with a [`Game`] and a [`Command`]; then `server` for a
//! node's doors and how it stops, [`shards`] for the threads that rooms live on, `config` for the
//! settings, `token` for who players are, `store` for what outlives the process, and `admin` for
//! what an operator sees; `doctor` looks at all of it from outside.

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
    SessionCommand, TokenCommand, TypesCommand, TypesOf, main, run,
};
pub use config::SettingFlags;
pub use game::{Game, Ready};
pub use server::{PageFiles, Stop};
pub use shards::{Authenticator, Engines, ShardPlan, ShardSettings, Shards};
