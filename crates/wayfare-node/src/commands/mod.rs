//! The command line of a game's program.

mod backup_command;
mod client;
mod doctor;
mod listeners;
mod next_steps;
mod operator;
mod prepare;
mod start;
mod table;
mod token;
mod types;

use std::io::{ErrorKind, Write};

use clap::Subcommand;

use crate::config::{Config, Inputs, Mode, SettingFlags};
use crate::game::{Game, Ready};

pub use backup_command::{Backup, Folder, Restore};
pub use doctor::Doctor;
pub use operator::{Listing, Reach, RoomCommand, SessionCommand};
pub use token::TokenCommand;
pub use types::{TypesCommand, TypesOf};

/// A command of a node's program.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run on this machine, for this machine: guests get in, nothing has to be installed or set
    Dev(SettingFlags),
    /// Run for players
    Serve(SettingFlags),
    /// A command that runs no node.
    #[command(flatten)]
    Tool(Tool),
}

/// A command of a node's program that runs no node.
#[derive(Clone, Debug, Subcommand)]
pub enum Tool {
    /// Write the types of the messages of the rooms, for clients in TypeScript
    Types(TypesCommand),
    /// See the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at all that a start needs, and say what to do about what is wrong
    Doctor(Doctor),
    /// Make tokens, and keys to sign them with
    #[command(subcommand)]
    Token(TokenCommand),
    /// See and close the rooms of a running node
    #[command(subcommand)]
    Room(RoomCommand),
    /// See and end the sessions of a running node
    #[command(subcommand)]
    Session(SessionCommand),
    /// Copy what a node keeps to a file, while it runs or not
    Backup(Backup),
    /// Put a backup in the place of what a stopped node keeps
    Restore(Restore),
}

/// The subcommands of `config`.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every value with where it comes from, as `serve` would see it
    Show {
        /// Show the values for `dev` instead of `serve`
        #[arg(long)]
        dev: bool,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
        /// The settings that would be on the command line.
        #[command(flatten)]
        flags: SettingFlags,
    },
}

/// Executes a command; `None` is [`Command::Dev`]. A command that runs a node blocks until the node
/// has stopped, and calls `ready` once the node accepts connections.
///
/// # Errors
/// If the command fails. The message is written for the person who typed the command.
pub fn run(
    game: Game,
    command: Option<Command>,
    ready: Option<Box<dyn FnOnce(Ready) + Send>>,
) -> anyhow::Result<()> {
    match command.unwrap_or(Command::Dev(SettingFlags::default())) {
        Command::Dev(flags) => start::start(game, Mode::Dev, &flags, ready),
        Command::Serve(flags) => start::start(game, Mode::Serve, &flags, ready),
        Command::Tool(tool) => run_tool(&game, tool),
    }
}

fn run_tool(game: &Game, tool: Tool) -> anyhow::Result<()> {
    match tool {
        Tool::Config(ConfigCommand::Show { dev, json, flags }) => {
            let mode = if dev { Mode::Dev } else { Mode::Serve };
            show_config(game, mode, &flags, json)
        }
        Tool::Doctor(command) => doctor::run(game, &command),
        Tool::Types(command) => types::run(game, &command),
        Tool::Token(command) => token::run(command),
        Tool::Room(command) => operator::rooms(command),
        Tool::Session(command) => operator::sessions(command),
        Tool::Backup(command) => backup_command::back_up(&command),
        Tool::Restore(command) => backup_command::restore(&command),
    }
}

fn show_config(game: &Game, mode: Mode, flags: &SettingFlags, json: bool) -> anyhow::Result<()> {
    let config = Config::load(&Inputs::of_process(mode, flags), &game.kinds)?;
    for warning in &config.warnings {
        eprintln!("warning: {warning}");
    }
    let shown = config.show();
    if json {
        return say(&serde_json::to_string_pretty(&shown)?);
    }
    let rows = shown.iter().map(|line| line.cells().to_vec()).collect();
    say(&table::table(&["SETTING", "VALUE", "SOURCE"], rows))
}

/// Prints lines to standard output. It is no error if the reader closes the pipe early, as in `room
/// list | head`.
fn say(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome?),
    }
}
