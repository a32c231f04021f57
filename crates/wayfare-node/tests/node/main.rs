//! A whole node as a program runs it: players at its door, an operator at the other.

mod admin;
mod door;
mod http;
mod kept;
mod page;
mod player;
mod running;
mod start;
mod stop;
mod stub_room;
