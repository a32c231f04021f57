//! The plaza's server. Without a command it runs on this machine, with a few bots to talk to.

use clap::Parser;
use plaza::{Plaza, bots, settings};
use wayfare::Command;

/// Bots of a server that somebody tries out.
const BOTS_IN_DEV: usize = 8;

#[derive(Parser)]
#[command(version, about = "A square where people walk and talk")]
struct Args {
    /// Bring in this many bots [default: 8 in dev, otherwise none]
    #[arg(long)]
    bots: Option<usize>,
    #[command(subcommand)]
    command: Option<Command>,
}

fn main() -> wayfare::Result<()> {
    let args = Args::parse();
    let bots_by_default = match args.command {
        None | Some(Command::Dev(_)) => BOTS_IN_DEV,
        Some(_) => 0,
    };
    let bots = args.bots.unwrap_or(bots_by_default);
    wayfare::serve()
        .name("plaza")
        .version(env!("CARGO_PKG_VERSION"))
        .room::<Plaza>("plaza", settings)
        .when_ready(move |server| {
            if let Err(error) = bots::run(&server.url, bots) {
                eprintln!("the bots went home: {error:#}");
            }
        })
        .run_command(args.command)
}
