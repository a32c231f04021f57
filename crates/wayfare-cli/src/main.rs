//! The `wayfare` binary: a node with the plaza and the relay, a terminal client, and benchmarks.

mod stock;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rooms, and the players inside them, on one machine.
#[derive(Parser)]
#[command(name = "wayfare", version = env!("WAYFARE_VERSION"), arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Plaza(plaza::Command),
    /// Measure this build on this machine
    Bench(wayfare_bench::Bench),
}

fn main() -> ExitCode {
    let Arguments { command } = wayfare::arguments();
    wayfare::exit_code(match command {
        Command::Plaza(command) => stock::run(command),
        Command::Bench(bench) => bench.run(),
    })
}
