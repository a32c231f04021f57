//! The commands of a game's program: [`Command`].

use clap::Subcommand;
use wayfare_node::SettingFlags;
use wayfare_play::Play;

/// A command of a game's program.
///
/// A program with flags of its own for `dev` and `serve` has an enum of its own, with these two
/// commands and the rest as a flattened [`Tool`].
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run on this machine, for this machine: guests get in, nothing has to be installed or set
    Dev(SettingFlags),
    /// Run for players
    Serve(SettingFlags),
    /// A command that runs no server.
    #[command(flatten)]
    Tool(Tool),
}

/// A command of a game's program that runs no server.
#[derive(Clone, Debug, Subcommand)]
pub enum Tool {
    /// Join a room from this terminal: print its events, send what is typed
    Play(Play),
    /// An operator's command.
    #[command(flatten)]
    Node(wayfare_node::Tool),
}
