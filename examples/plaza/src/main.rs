//! The plaza's server. Without a command it runs on this machine, with a few bots to talk to.

use clap::Parser;
use wayfare::Command;

#[derive(Parser)]
#[command(version, about = "A square where people walk and talk")]
struct Args {
    /// Bring in this many bots, one in four to the square [default: 11 in dev, otherwise none]
    #[arg(long, global = true)]
    bots: Option<usize>,
    #[command(subcommand)]
    command: Option<Command>,
}

fn main() -> wayfare::Result<()> {
    let args = Args::parse();
    plaza::run("plaza", args.bots, args.command)
}
