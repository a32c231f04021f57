//! Tests of the client on real sockets, with a scripted server.

mod connecting;
mod handles;
mod playing;
mod stub_server;
