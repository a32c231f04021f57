//! The rooms of the stock binary: the plaza as a demo, and the relay for games without server code.

use wayfare_modules::relay::{self, Relay};

/// Executes the command. A server gets this many bots; by default a few in `dev` and none
/// otherwise.
pub(crate) fn run(bots: Option<usize>, command: wayfare::Command) -> anyhow::Result<()> {
    plaza::run_with("wayfare", bots, Some(command), |server| {
        server.room::<Relay>("relay", relay::settings)
    })
}
