//! Tests of a whole node as a program runs it, through the players' and the operator's ports.

mod admin;
mod bystander;
mod data_folder;
mod hanging;
mod http_client;
mod page_requests;
mod pauses;
mod player;
mod players_port;
mod running;
mod starting;
mod stopping;
mod stub_room;
