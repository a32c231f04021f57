//! Tests of the stop of a node.

use std::net::TcpStream;

use wayfare_protocol::ErrorCode;
use wayfare_protocol::wire::server_frame;

use crate::http_client::local;
use crate::player::Player;
use crate::running::{Folder, Running};
use crate::stub_room::held_game;

#[test]
fn a_stop_notifies_players_and_removes_the_socket() {
    let folder = Folder::new();
    let node = Running::on(&folder, "--admin off").unwrap();
    let socket = node.ready.data.join("admin.sock");
    assert!(socket.exists());
    let mut player = Player::in_room(&node.ready, "plaza/main");
    let reading = std::thread::spawn(move || {
        let ended = player.until(|body| matches!(body, server_frame::Body::Ended(_)));
        (ended, player.next())
    });
    node.stopped().unwrap();
    let (ended, behind) = reading.join().unwrap();
    let server_frame::Body::Ended(ended) = ended else {
        unreachable!()
    };
    assert_eq!(ended.error.unwrap().code, ErrorCode::ShuttingDown.code());
    assert_eq!(behind, None);
    assert!(!socket.exists());
}

#[test]
fn a_stopping_node_is_not_ready_and_accepts_nobody() {
    let folder = Folder::new();
    let (game, hold) = held_game();
    let node = Running::playing(game, &folder, "--admin off").unwrap();
    let (mut player, joined) = Player::joined(&node.ready, "plaza/main");
    assert_eq!(local(&node.ready, "GET /readyz").status, 200);
    // The room's shard cannot stop before this command returns.
    player.command(&joined);
    hold.began();
    node.ready.stop.stop();
    while local(&node.ready, "GET /readyz").status == 200 {}
    let answer = local(&node.ready, "GET /readyz");
    assert_eq!((answer.status, answer.body.as_str()), (503, "stopping\n"));
    assert_eq!(local(&node.ready, "GET /healthz").status, 200);
    while TcpStream::connect(node.ready.listen).is_ok() {}
    drop((hold, player));
    node.stopped().unwrap();
}
