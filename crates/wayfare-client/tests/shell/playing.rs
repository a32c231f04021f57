//! Rooms, commands and events, also across lost connections.

use serde::{Deserialize, Serialize};
use wayfare_client::{
    Client, CommandError, End, JoinError, JoinMode, LeaveReason, Room, RoomEvent, State,
};
use wayfare_protocol::ErrorCode;
use wayfare_protocol::wire::{self, client_frame, reply, server_frame};

use crate::stub_server::{HANDLE, Peer, StubServer, pack, within};

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Step {
    x: i32,
    y: i32,
}

async fn joined(client: &Client, peer: &mut Peer) -> Room {
    let join = client.join("plaza/a", &"hat");
    let (room, _) = tokio::join!(within(join), peer.admit(HANDLE, &[1, 2]));
    room.expect("joined")
}

fn reply(command: &wire::Command, sequence: u64, result: reply::Result) -> server_frame::Body {
    server_frame::Body::Reply(wire::Reply {
        handle: command.handle,
        sequence,
        command: command.sequence,
        result: Some(result),
    })
}

#[tokio::test]
async fn a_member_gets_the_view_before_the_events() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let mut room = joined(&client, &mut peer).await;
    assert_eq!(room.id().as_str(), "plaza/a");
    assert_eq!(room.view::<Vec<u32>>(), Ok(vec![1, 2]));
    peer.event(HANDLE, 1, &Step { x: 1, y: 0 }).await;
    peer.event(HANDLE, 2, &"not a step").await;
    let event = within(room.next::<Step>()).await;
    assert_eq!(event, Some(RoomEvent::Event(Step { x: 1, y: 0 })));
    let event = within(room.next::<Step>()).await;
    assert!(matches!(event, Some(RoomEvent::Undecodable(_))));
}

#[tokio::test]
async fn a_join_sends_its_payloads_and_mode() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let builder = client.room("plaza/a").mode(JoinMode::Create).open(&7);
    let (room, join) = tokio::join!(builder.join(&"hat"), peer.admit(HANDLE, &()));
    room.expect("joined");
    assert_eq!(join.mode(), wire::JoinMode::JoinCreate);
    assert_eq!((join.open, join.payload), (pack(&7), pack("hat")));
    let error = client.join("plaza", &()).await.expect_err("no name");
    assert!(matches!(error, JoinError::InvalidRoom(_)));
}

#[tokio::test]
async fn commands_are_answered() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let room = joined(&client, &mut peer).await;

    let (sum, ()) = tokio::join!(within(room.send::<i32>(&Step { x: 1, y: 2 })), async {
        let command = peer.next_command().await;
        assert_eq!(command.payload, pack(&Step { x: 1, y: 2 }));
        let three = reply::Result::Payload(pack(&3));
        peer.send(reply(&command, 1, three)).await;
    });
    assert_eq!(sum, Ok(3));

    let (nothing, ()) = tokio::join!(within(room.send::<()>(&"quiet")), async {
        let command = peer.next_command().await;
        peer.applied(command.sequence).await;
    });
    assert_eq!(nothing, Ok(()));

    let (refused, ()) = tokio::join!(within(room.send::<()>(&"please")), async {
        let command = peer.next_command().await;
        let code = ErrorCode::Refused.code();
        let error = wire::Error {
            code,
            detail: 7,
            ..wire::Error::default()
        };
        peer.send(reply(&command, 2, reply::Result::Error(error)))
            .await;
    });
    let Err(CommandError::Refused(error)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(error.detail, 7);

    let large = vec![0u8; 1 << 20];
    let error = within(room.send_raw(large)).await.expect_err("too large");
    assert!(matches!(error, CommandError::NotTaken(_)));
}

#[tokio::test]
async fn unreliable_messages_go_both_ways() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let mut room = joined(&client, &mut peer).await;
    room.send_unreliable(&"here").expect("encoded");
    let client_frame::Body::Unreliable(unreliable) = peer.next_frame().await else {
        panic!("no unreliable message");
    };
    assert_eq!(unreliable.payload, pack("here"));
    peer.send(server_frame::Body::Unreliable(unreliable)).await;
    let event = within(room.next::<String>()).await;
    assert_eq!(event, Some(RoomEvent::Unreliable("here".into())));
}

#[tokio::test]
async fn the_application_does_not_notice_a_resume() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let mut room = joined(&client, &mut peer).await;
    peer.event(HANDLE, 1, &"one").await;
    let event = within(room.next::<String>()).await;
    assert_eq!(event, Some(RoomEvent::Event("one".into())));

    let sender = room.sender();
    let answered = tokio::spawn(async move { sender.send::<String>(&"go").await });
    peer.next_command().await;
    drop(peer);

    let mut peer = server.accept().await;
    peer.welcome(true).await;
    let client_frame::Body::Attach(attach) = peer.next_frame().await else {
        panic!("no attach");
    };
    assert_eq!((attach.handle, attach.sequence), (HANDLE, 1));
    peer.send(server_frame::Body::Attached(wire::Attached {
        handle: HANDLE,
        epoch: 2,
        from: 1,
        applied: 1,
        ..wire::Attached::default()
    }))
    .await;
    peer.event(HANDLE, 1, &"one").await;
    peer.event(HANDLE, 2, &"two").await;
    let again = peer.next_command().await;
    assert_eq!(again.sequence, 2);
    let gone = reply::Result::Payload(pack("gone"));
    peer.send(reply(&again, 3, gone)).await;

    let event = within(room.next::<String>()).await;
    assert_eq!(event, Some(RoomEvent::Event("two".into())));
    assert_eq!(within(answered).await.expect("answered"), Ok("gone".into()));
}

#[tokio::test]
async fn a_resync_replaces_the_view() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let mut room = joined(&client, &mut peer).await;
    peer.send(server_frame::Body::Resync(wire::Resync {
        handle: HANDLE,
        epoch: 2,
        position: 90,
        applied: 1,
        view: pack(&vec![9]),
        ..wire::Resync::default()
    }))
    .await;
    let Some(RoomEvent::Resync(resync)) = within(room.next::<()>()).await else {
        panic!("no resync");
    };
    assert_eq!(resync.view.decode::<Vec<u32>>(), Ok(vec![9]));
    assert_eq!(room.view::<Vec<u32>>(), Ok(vec![9]));
}

#[tokio::test]
async fn a_lost_room_is_joined_again_by_the_same_handle() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let mut room = joined(&client, &mut peer).await;
    let sender = room.sender();
    let unanswered = tokio::spawn(async move { sender.send::<()>(&"go").await });
    peer.next_command().await;
    peer.lose_room().await;
    let unanswered = within(unanswered).await.expect("answered");
    assert_eq!(unanswered, Err(CommandError::RoomLost));
    let sender = room.sender();
    let waits = tokio::spawn(async move { sender.send::<String>(&"again").await });

    let join = peer.admit(HANDLE, &vec![9]).await;
    assert_eq!(join.sequence, 3);
    let Some(RoomEvent::Resync(resync)) = within(room.next::<()>()).await else {
        panic!("no resync");
    };
    assert!(resync.fell_back);
    assert_eq!(room.view::<Vec<u32>>(), Ok(vec![9]));
    let command = peer.next_command().await;
    let done = reply::Result::Payload(pack("done"));
    peer.send(reply(&command, 1, done)).await;
    assert_eq!(within(waits).await.expect("answered"), Ok("done".into()));
}

#[tokio::test]
async fn a_refused_rejoin_ends_the_stay() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let mut room = joined(&client, &mut peer).await;
    peer.lose_room().await;
    let client_frame::Body::Join(join) = peer.next_frame().await else {
        panic!("no Join");
    };
    let error = wire::Error {
        code: ErrorCode::Refused.code(),
        message: "not today".into(),
        ..wire::Error::default()
    };
    peer.send(server_frame::Body::JoinRefused(wire::JoinRefused {
        room: join.room,
        sequence: join.sequence,
        error: Some(error),
    }))
    .await;
    let left = RoomEvent::Left {
        reason: LeaveReason::RoomGone,
        message: "not today (Refused, 1400)".into(),
    };
    assert_eq!(within(room.next::<()>()).await, Some(left));
    assert_eq!(within(room.next::<()>()).await, None);
}

#[tokio::test]
async fn a_permanent_end_reaches_every_handle() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let mut room = joined(&client, &mut peer).await;
    let sender = room.sender();
    let unanswered = tokio::spawn(async move { sender.send::<()>(&"go").await });
    peer.next_command().await;
    peer.end(ErrorCode::SessionKicked.code(), "out").await;
    let event = within(room.next::<()>()).await;
    assert!(matches!(
        event,
        Some(RoomEvent::Left {
            reason: LeaveReason::Ended,
            ..
        })
    ));
    assert_eq!(within(room.next::<()>()).await, None);
    let unanswered = within(unanswered).await.expect("answered");
    assert_eq!(unanswered, Err(CommandError::Unknown));
    let mut states = client.states();
    let ended = |state: &State| matches!(state, State::Ended(End::Refused(_)));
    within(states.wait_for(ended)).await.expect("output");
    let error = within(client.join("plaza/b", &())).await;
    assert!(matches!(error, Err(JoinError::Closed)));
    assert_eq!(within(room.cast(&"go")).await, Err(CommandError::Closed));
}

#[tokio::test]
async fn rooms_are_listed() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let (listing, ()) = tokio::join!(within(client.list("plaza", &[("map", "desert")])), async {
        let client_frame::Body::List(list) = peer.next_frame().await else {
            panic!("no list");
        };
        assert_eq!(
            list.properties.get("map").map(String::as_str),
            Some("desert")
        );
        let room = wire::ListedRoom {
            room: "plaza/a".into(),
            members: 3,
            ..Default::default()
        };
        peer.send(server_frame::Body::Listing(wire::Listing {
            request: list.request,
            rooms: vec![room],
            truncated: false,
            error: None,
        }))
        .await;
    });
    let listing = listing.expect("listed");
    assert_eq!(listing.rooms[0].room.as_str(), "plaza/a");
}
