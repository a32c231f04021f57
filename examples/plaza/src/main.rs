//! The plaza's server. Without a command it runs on this machine, with a few bots to talk to.

use std::process::ExitCode;

use clap::Parser;
use plaza::Command;

#[derive(Parser)]
#[command(version, about = "A square where people walk and talk")]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

fn main() -> ExitCode {
    let args: Args = wayfare::arguments();
    wayfare::exit_code(plaza::run("plaza", args.command))
}
