//! The description of a game that a program gives to a node, and of a node once it runs.

use std::net::SocketAddr;
use std::path::PathBuf;

use wayfare_core::game::Kind;

use crate::commands::TypesOf;
use crate::server::{PageFiles, Stop};
use crate::shards::Shards;

/// A game: its name, rooms, page and types.
#[derive(Debug, Default)]
pub struct Game {
    /// The program's name in its messages.
    pub name: String,
    /// The program's version; empty if it has none.
    pub version: String,
    /// The kinds of room. A program without kinds can still be an operator's tool.
    pub kinds: Vec<Kind>,
    /// The page that browsers get at the address to which players connect.
    pub page: Option<PageFiles>,
    /// The types of its messages, for clients in TypeScript.
    pub types: TypesOf,
}

impl Game {
    /// Returns the name with the version, if there is one.
    pub(crate) fn title(&self) -> String {
        match self.version.as_str() {
            "" => self.name.clone(),
            version => format!("{} {version}", self.name),
        }
    }
}

/// A node that accepts connections.
#[derive(Clone)]
pub struct Ready {
    /// The URL to which a client on this machine connects.
    pub url: String,
    /// The URL of the game's page for a browser on this machine, if it has one.
    pub page: Option<String>,
    /// The address on which the node listens, with the port that it got.
    pub listen: SocketAddr,
    /// The address of probes and metrics over TCP.
    pub admin: Option<SocketAddr>,
    /// The data folder, with the operator's socket in it.
    pub data: PathBuf,
    /// The shards, for connections within this process.
    pub shards: Shards,
    /// A handle that stops the node.
    pub stop: Stop,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_game_without_a_version_has_a_title() {
        let check = |version: &str, expect: &str| {
            let game = Game {
                name: "chess".into(),
                version: version.into(),
                ..Game::default()
            };
            assert_eq!(game.title(), expect);
        };
        check("", "chess");
        check("1.2", "chess 1.2");
    }
}
