//! The plaza: a square of 1000 by 1000 steps where people walk, talk and wave.
//!
//! Read [`Plaza`], which is the whole game. [`messages`] are the messages between it and its
//! clients. [`bots`] are players like any others, on the other end of a connection.

#![allow(
    elided_lifetimes_in_paths,
    reason = "written as a game of one's own would be, without the lints of this workspace"
)]

pub mod bots;
mod company;
pub mod messages;
mod plaza;
mod program;

pub use plaza::{Plaza, garden, settings, square};
pub use program::{Command, run, run_with};
