//! The command line of `wayfare bench`.

use std::path::PathBuf;

use anyhow::Result;

use crate::durable::Durable;
use crate::echo::Echo;
use crate::fanout::Fanout;
use crate::idle::Idle;
use crate::parts::Parts;
use crate::rooms::Rooms;
use crate::{raw_server, server};

/// Measures this server on this machine, in processes of its own, over loopback.
#[derive(Clone, Debug, clap::Args)]
pub struct Bench {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Every member of a room speaks, everybody hears it.
    Fanout(Fanout),
    /// What a silent session costs in memory.
    Idle(Idle),
    /// How fast rooms are made, and what an empty one costs in memory.
    Rooms(Rooms),
    /// From a command to its reply, at a fixed rate.
    Echo(Echo),
    /// Commands to `Durable` rooms: how many are acknowledged, how soon, and what the disk does.
    Durable(Durable),
    /// A large state in parts: what its snapshots cost the room's ticks.
    Parts(Parts),
    /// The server that is measured; ends with its standard input.
    #[command(hide = true)]
    Server {
        /// Its own, with a token key in it.
        folder: PathBuf,
        /// Flags of a node.
        #[arg(last = true)]
        settings: Vec<String>,
    },
    /// The bare server that is compared with; ends with its standard input.
    #[command(hide = true)]
    RawServer {
        /// Its own; it keeps nothing there.
        folder: PathBuf,
    },
}

impl Bench {
    /// Runs the bench and prints its figures on standard output.
    ///
    /// The servers are this program again, run as `bench server` and `bench raw-server`: whoever
    /// mounts this mounts it as `bench`.
    ///
    /// # Errors
    /// If a server or a client fails, or a message was lost, doubled or out of order.
    pub fn run(self) -> Result<()> {
        match self.command {
            Command::Fanout(fanout) => fanout.run(),
            Command::Idle(idle) => idle.run(),
            Command::Rooms(rooms) => rooms.run(),
            Command::Echo(echo) => echo.run(),
            Command::Durable(durable) => durable.run(),
            Command::Parts(parts) => parts.run(),
            Command::Server { folder, settings } => server::run(&folder, settings),
            Command::RawServer { .. } => raw_server::run(),
        }
    }
}
