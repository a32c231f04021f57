//! The plaza as a program: a server of it, and bots if wanted.

use wayfare::Command;

use crate::{Plaza, bots, settings};

/// Bots of a server that somebody tries out.
const BOTS_IN_DEV: usize = 8;

/// Does what the command says, `dev` without one; a server gets this many bots, or, if none are
/// asked for, a few in `dev` and none otherwise.
///
/// # Errors
/// Whatever keeps the command from being done.
pub fn run(name: &str, bots: Option<usize>, command: Option<Command>) -> wayfare::Result<()> {
    let bots_by_default = match command {
        None | Some(Command::Dev(_)) => BOTS_IN_DEV,
        Some(_) => 0,
    };
    let bots = bots.unwrap_or(bots_by_default);
    wayfare::serve()
        .name(name)
        .version(env!("CARGO_PKG_VERSION"))
        .room::<Plaza>("plaza", settings)
        .when_ready(move |server| {
            if let Err(error) = bots::run(&server.url, bots) {
                eprintln!("the bots went home: {error:#}");
            }
        })
        .run_command(command)
}
