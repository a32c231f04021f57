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

/// Measures this server on this machine over loopback. The servers are separate processes.
#[derive(Clone, Debug, clap::Args)]
pub struct Bench {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Every member of a room sends, and every member receives it.
    Fanout(Fanout),
    /// The memory and the processor time of a silent session.
    Idle(Idle),
    /// The time to create rooms, and the memory of an empty one.
    Rooms(Rooms),
    /// The time from a command to its reply, at a fixed rate.
    Echo(Echo),
    /// Commands to `Durable` rooms: throughput, latency, and the work of the disk.
    Durable(Durable),
    /// A large state in parts: the effect of its snapshots on the room's ticks.
    Parts(Parts),
    /// The measured server; ends with its standard input.
    #[command(hide = true)]
    Server {
        /// The server's folder, with a token key in it.
        folder: PathBuf,
        /// Flags of a node.
        #[arg(last = true)]
        settings: Vec<String>,
    },
    /// The bare server for comparison; ends with its standard input.
    #[command(hide = true)]
    RawServer {
        /// The server's folder. Nothing is stored in it.
        folder: PathBuf,
    },
}

impl Bench {
    /// Runs the benchmark and prints its figures on standard output.
    ///
    /// The servers are this program, run as `bench server` and `bench raw-server`, so a program
    /// must mount this command as `bench`.
    ///
    /// # Errors
    /// If a server or a client fails, or a message was lost, duplicated or reordered.
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
