//! The client against scripted servers, a reference room, and nonsense.

mod arbitrary;
mod exchange;
mod exchanges;
mod faults;
mod losses;
mod ref_room;
mod says;
mod shows;
mod world;
