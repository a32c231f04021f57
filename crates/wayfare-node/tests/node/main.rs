//! Tests of a whole node as a program runs it, through the players' and the operator's ports.

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
