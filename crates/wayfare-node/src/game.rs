//! What a program brings to a node, and what it learns once the node runs.

use std::net::SocketAddr;
use std::path::PathBuf;

use wayfare_core::game::Kind;

use crate::commands::TypesOf;
use crate::server::{PageFiles, Stop};
use crate::shards::Shards;

/// A game: what there is to play.
#[derive(Debug, Default)]
pub struct Game {
    /// The program's name in its messages.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// Its kinds of room. A program without any can still be an operator's tool.
    pub kinds: Vec<Kind>,
    /// What browsers get from the address that players connect to.
    pub page: Option<PageFiles>,
    /// Writes the types of what is said in its rooms.
    pub types: TypesOf,
}

/// A node that takes connections.
#[derive(Clone)]
pub struct Ready {
    /// Where a client on this machine connects.
    pub url: String,
    /// Where a browser on this machine finds the game's page, if it has one.
    pub page: Option<String>,
    /// Where the node listens; the port is the one it got.
    pub listen: SocketAddr,
    /// Where probes and metrics answer over TCP.
    pub admin: Option<SocketAddr>,
    /// The data folder, with the operator's socket in it.
    pub data: PathBuf,
    /// For connections within this process.
    pub shards: Shards,
    /// Stops the node.
    pub stop: Stop,
}
