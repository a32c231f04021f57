//! The client on real sockets, against a server that follows a script.

mod connecting;
mod handles;
mod playing;
mod stub_server;
