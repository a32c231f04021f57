//! Tests of the players' port.

use std::io::{Read, Write};
use std::net::TcpStream;

use wayfare_protocol::ErrorCode;
use wayfare_protocol::wire::{hello::Credential, server_frame};

use crate::http_client::door;
use crate::player::Player;
use crate::running::Running;

const UPGRADE: &str = "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[test]
fn a_browser_gets_an_explanation() {
    let node = Running::new("--admin off");
    let page = door(&node.ready, "GET /", "");
    assert_eq!(page.status, 200);
    assert!(
        page.body.starts_with("stub 1.2.3, a Wayfare game server."),
        "{}",
        page.body
    );
    assert_eq!(door(&node.ready, "GET /admin", "").status, 404);
    assert_eq!(
        door(&node.ready, "POST /", "Content-Length: 0\r\n").status,
        405
    );
    let other_version = format!("{UPGRADE}Connection: upgrade\r\nSec-WebSocket-Version: 8\r\n");
    let answer = door(&node.ready, "GET /ws", &other_version);
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (426, "only version 13 of WebSocket is spoken here\n")
    );
}

#[test]
fn an_oversized_head_is_refused() {
    let node = Running::new("--admin off");
    let header = format!("Cookie: {}\r\n", "c".repeat(17 * 1024));
    let mut stream = TcpStream::connect(node.ready.listen).unwrap();
    // The server may close before it has read everything.
    let _ = write!(stream, "GET / HTTP/1.1\r\nHost: test\r\n{header}\r\n");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
}

#[test]
fn unfinished_handshakes_delay_nobody() {
    let node = Running::new("--admin off");
    let mut unfinished = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(node.ready.listen).unwrap();
        stream.write_all(b"GET /ws HTTP/1.1\r\nHost:").unwrap();
        unfinished.push(stream);
    }
    let _player = Player::in_room(&node.ready, "plaza/main");
}

#[test]
fn an_unfinished_handshake_ends_in_time() {
    let node = Running::new("--admin off --handshake-time-max 1ms");
    let mut stream = TcpStream::connect(node.ready.listen).unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_token_of_another_key_is_refused_at_the_door() {
    let key = "k".repeat(32);
    let node = Running::new(&format!("--admin off --token-key {key}"));
    let answer = Player::connect(&node.ready).hello(Credential::Token("not.a.token".into()));
    let server_frame::Body::Ended(ended) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(ended.error.unwrap().code, ErrorCode::TokenInvalid.code());
}
