//! Tests of the client with scripted servers, a reference room and arbitrary frames.

mod arbitrary;
mod exchange;
mod exchanges;
mod faults;
mod format_output;
mod losses;
mod parse_input;
mod ref_room;
mod world;
