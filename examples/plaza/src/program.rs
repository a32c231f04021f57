//! The plaza as a program: a server of it, and bots if wanted.

use rust_embed::Embed;
use wayfare::{Command, Serve};

use crate::{Plaza, bots, garden, settings, square};

/// Built from `page/`, see its README.
#[derive(Embed)]
#[folder = "page/dist"]
struct Page;

/// Bots of a server that somebody tries out.
const BOTS_IN_DEV: usize = 11;

/// Does what the command says, `dev` without one; a server gets this many bots, or, if none are
/// asked for, a few in `dev` and none otherwise.
///
/// # Errors
/// Whatever keeps the command from being done.
pub fn run(name: &str, bots: Option<usize>, command: Option<Command>) -> wayfare::Result<()> {
    run_with(name, bots, command, |server| server)
}

/// The same in a server that has more than the plaza.
///
/// # Errors
/// As [`run`].
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
        // The first is what `dev` proposes to join.
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
