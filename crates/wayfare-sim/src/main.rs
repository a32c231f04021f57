//! The program of the simulator: run it by `cargo xtask sim`.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "the program around the simulation has threads, files and a clock; the library has none"
)]

mod arguments;
mod many_seeds;
mod progress;
mod show;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Wish};

fn main() -> ExitCode {
    // Rooms panic on request. A panic of a shard is reported as a violation.
    std::panic::set_hook(Box::new(|_| {}));
    let arguments = Arguments::parse();
    let held = match arguments.wish() {
        Wish::Seed(seed) => show::seed(&arguments, seed),
        Wish::Seeds { .. } | Wish::Minutes(_) => many_seeds::all(&arguments),
        Wish::Find { seeds_max } => many_seeds::find(&arguments, seeds_max),
    };
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
