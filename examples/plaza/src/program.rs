//! The plaza as a program: a server, with bots on request.

use rust_embed::Embed;
use wayfare::{Command, Serve};

use crate::{Plaza, bots, garden, settings, square};

/// The page's files, built from `page/`; see its README.
#[derive(Embed)]
#[folder = "page/dist"]
struct Page;

/// The number of bots in `dev`.
const BOTS_IN_DEV: usize = 11;

/// Executes the command, `dev` by default. A server gets this many bots; by default a few in `dev`
/// and none otherwise.
///
/// # Errors
/// If the command fails.
pub fn run(name: &str, bots: Option<usize>, command: Option<Command>) -> wayfare::Result<()> {
    run_with(name, bots, command, |server| server)
}

/// Executes the command in a server that has more rooms than the plaza.
///
/// # Errors
/// As in [`run`].
pub fn run_with(
    name: &str,
    bots: Option<usize>,
    command: Option<Command>,
    more: impl FnOnce(Serve) -> Serve,
) -> wayfare::Result<()> {
    let bots_by_default = match command {
        None | Some(Command::Dev(_)) => BOTS_IN_DEV,
        Some(_) => 0,
    };
    let bots = bots.unwrap_or(bots_by_default);
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
            if let Err(error) = bots::run(&server.url, &parties) {
                eprintln!("the bots went home: {error:#}");
            }
        })
        .run_command(command)
}
