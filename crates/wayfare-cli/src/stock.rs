//! The rooms of the stock binary: the plaza as a demo, and the relay for games without server code.

use wayfare_modules::relay::{self, Relay};

pub(crate) fn run(command: plaza::Command) -> anyhow::Result<()> {
    plaza::run_with("wayfare", Some(command), |server| {
        server.room::<Relay>("relay", relay::settings)
    })
}
