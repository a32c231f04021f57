//! What the stock binary serves: the plaza, to look at, and the relay, for games without server code.

use plaza::Plaza;
use wayfare_modules::relay::{self, Relay};

/// Bots of a server that somebody tries out.
const BOTS_IN_DEV: usize = 8;

/// Does what the command says; a server gets this many bots, or, if none are asked for, a few in
/// `dev` and none otherwise.
pub(crate) fn run(bots: Option<usize>, command: wayfare::Command) -> anyhow::Result<()> {
    let bots_by_default = match command {
        wayfare::Command::Dev(_) => BOTS_IN_DEV,
        _ => 0,
    };
    let bots = bots.unwrap_or(bots_by_default);
    wayfare::serve()
        .name("wayfare")
        .version(env!("CARGO_PKG_VERSION"))
        // The first is what `dev` proposes to join.
        .room::<Plaza>("plaza", plaza::settings)
        .room::<Relay>("relay", relay::settings)
        .when_ready(move |server| {
            if let Err(error) = plaza::bots::run(&server.url, bots) {
                eprintln!("the bots went home: {error:#}");
            }
        })
        .run_command(Some(command))
}
