//! The plaza as a program: a server, with bots on request.

use clap::Subcommand;
use rust_embed::Embed;
use wayfare::{Serve, SettingFlags};

use crate::{Plaza, bots, garden, settings, square};

/// The page's files, built from `page/`; see its README.
#[derive(Embed)]
#[folder = "page/dist"]
struct Page;

/// The number of bots in `dev`.
const BOTS_IN_DEV: usize = 11;

/// A command of a program with the plaza in it.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run on this machine, for this machine: guests get in, nothing has to be installed or set
    Dev {
        /// Bring in this many bots, one in four to the square
        #[arg(long, default_value_t = BOTS_IN_DEV)]
        bots: usize,
        /// The settings on the command line.
        #[command(flatten)]
        settings: SettingFlags,
    },
    /// Run for players
    Serve {
        /// Bring in this many bots, one in four to the square
        #[arg(long, default_value_t = 0)]
        bots: usize,
        /// The settings on the command line.
        #[command(flatten)]
        settings: SettingFlags,
    },
    /// A command that runs no server.
    #[command(flatten)]
    Tool(wayfare::Tool),
}

/// Executes the command, `dev` by default.
///
/// # Errors
/// If the command fails.
pub fn run(name: &str, command: Option<Command>) -> wayfare::Result<()> {
    run_with(name, command, |server| server)
}

/// Executes the command in a server that has more rooms than the plaza.
///
/// # Errors
/// As in [`run`].
pub fn run_with(
    name: &str,
    command: Option<Command>,
    more: impl FnOnce(Serve) -> Serve,
) -> wayfare::Result<()> {
    let (bots, command) = match command {
        None => (BOTS_IN_DEV, None),
        Some(Command::Dev { bots, settings }) => (bots, Some(wayfare::Command::Dev(settings))),
        Some(Command::Serve { bots, settings }) => (bots, Some(wayfare::Command::Serve(settings))),
        Some(Command::Tool(tool)) => (0, Some(wayfare::Command::Tool(tool))),
    };
    let server = wayfare::serve()
        .name(name)
        .version(env!("CARGO_PKG_VERSION"))
        // `dev` suggests the first kind for joining.
        .room::<Plaza>("plaza", settings)
        .room::<Plaza>("garden", garden)
        .room::<Plaza>("square", square);
    more(server)
        .page::<Page>()
        .when_ready(move |server| {
            let on_square = bots / 4;
            let parties = [("plaza/main", bots - on_square), ("square/main", on_square)];
            let tickets = server.data.join("bots");
            if let Err(error) = bots::run(&server.url, &parties, &tickets) {
                eprintln!("the bots went home: {error:#}");
            }
        })
        .run_command(command)
}
