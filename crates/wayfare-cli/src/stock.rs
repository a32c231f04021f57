//! What the stock binary serves: the plaza, to look at, and the relay, for games without server code.

use wayfare_modules::relay::{self, Relay};

/// Does what the command says; a server gets this many bots, or, if none are asked for, a few in
/// `dev` and none otherwise.
pub(crate) fn run(bots: Option<usize>, command: wayfare::Command) -> anyhow::Result<()> {
    plaza::run_with("wayfare", bots, Some(command), |server| {
        server.room::<Relay>("relay", relay::settings)
    })
}
