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
    #[cfg(feature = "bench")]
    Bench(wayfare_bench::Bench),
    /// Measure this build on this machine (left out of this build, which says how to get it)
    #[cfg(not(feature = "bench"))]
    #[command(disable_help_flag = true)]
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        words: Vec<String>,
    },
}

fn main() -> ExitCode {
    let Arguments { command } = wayfare::arguments();
    wayfare::exit_code(match command {
        Command::Plaza(command) => stock::run(command),
        #[cfg(feature = "bench")]
        Command::Bench(bench) => bench.run(),
        #[cfg(not(feature = "bench"))]
        Command::Bench { words } => Err(anyhow::anyhow!(
            "this program was built without benchmarks, to be built quickly. \
             Run: cargo run --release -p wayfare-bench -- {}",
            words.join(" ")
        )),
    })
}
