//! `wayfare bench` as a separate program, with the allocator of the shipped one.

use std::process::ExitCode;

use clap::Parser;
use wayfare_bench::Bench;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "wayfare-bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Measures this server, and a bare one for comparison.
    Bench(Bench),
}

fn main() -> ExitCode {
    let Command::Bench(bench) = Arguments::parse().command;
    wayfare::exit_code(bench.run())
}
