//! `play`: joins a room of any game from a terminal, prints its events, and sends typed lines.
//!
//! Read [`run`] first. `target` finds out which server and room are meant, `line` what a typed line
//! means, `print` and `names` how events look, and `screen` is the terminal.

mod conversation;
mod line;
mod names;
mod play;
mod print;
mod record;
mod screen;
mod target;

pub use play::{Play, run};
