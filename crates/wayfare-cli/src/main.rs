//! The `wayfare` binary: a node with the plaza and the relay, a terminal client, and benchmarks.

mod play;
mod stock;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rooms, and the players inside them, on one machine.
#[derive(Parser)]
#[command(name = "wayfare", version, arg_required_else_help = true)]
struct Arguments {
    /// Bring this many bots, one in four to the square [default: 11 in dev, otherwise none]
    #[arg(long, global = true)]
    bots: Option<usize>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Node(wayfare::Command),
    /// Joins a room from this terminal.
    Play(play::Play),
    /// Measures this build on this machine.
    Bench(wayfare_bench::Bench),
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(Arguments { bots, command }: Arguments) -> anyhow::Result<()> {
    match command {
        Command::Node(command) => stock::run(bots, command),
        Command::Play(play) => play::run(play),
        Command::Bench(bench) => bench.run(),
    }
}
