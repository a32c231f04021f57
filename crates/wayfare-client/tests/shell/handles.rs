//! The duties of a room handle, and handles that are dropped or not read.

use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use wayfare_client::{Client, CommandError, RoomEvent};
use wayfare_protocol::wire::client_frame;

use crate::stub_server::{HANDLE, StubServer, within};

const OTHER: u64 = 0xb;

#[tokio::test]
async fn dropping_a_room_handle_leaves_the_room() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let (room, _) = tokio::join!(client.join("plaza/a", &()), peer.admit(HANDLE, &()));
    let sender = room.expect("joined").sender();
    let leave = peer.next_leave().await;
    assert_eq!((leave.handle, leave.sequence), (HANDLE, 2));
    peer.end_membership(leave).await;
    let error = within(sender.send::<()>(&"go")).await;
    assert!(matches!(error, Err(CommandError::NotTaken(_))));
}

#[tokio::test]
async fn leave_waits_for_the_server() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let (room, _) = tokio::join!(client.join("plaza/a", &()), peer.admit(HANDLE, &()));
    let room = room.expect("joined");
    peer.event(HANDLE, 1, &"unread").await;
    let mut leaving = std::pin::pin!(room.leave());
    tokio::select! {
        biased;
        () = &mut leaving => panic!("left before the server said so"),
        leave = peer.next_leave() => peer.end_membership(leave).await,
    }
    within(leaving).await;
    let (room, join) = tokio::join!(client.join("plaza/a", &()), peer.admit(HANDLE, &()));
    room.expect("joined again");
    assert_eq!(join.sequence, 3);
}

#[tokio::test]
async fn a_cancelled_join_leaves_the_room() {
    let server = StubServer::bind().await;
    let (client, mut peer) = server.client().await;
    let join = tokio::select! {
        room = client.join("plaza/a", &()) => panic!("{room:?}"),
        join = peer.next_frame() => join,
    };
    let client_frame::Body::Join(join) = join else {
        panic!("{join:?} is no join");
    };
    peer.joined(&join, HANDLE, Bytes::new()).await;
    assert_eq!(peer.next_leave().await.handle, HANDLE);
}

#[tokio::test]
async fn a_slow_application_slows_reading_and_misses_nothing() {
    let server = StubServer::bind().await;
    let builder = Client::builder().events_max(NonZeroUsize::MIN);
    let (client, mut peer) = server.client_of(builder).await;
    let (room, _) = tokio::join!(client.join("plaza/a", &()), peer.admit(HANDLE, &()));
    let mut room = room.expect("joined");
    for sequence in 1..=20 {
        peer.event(HANDLE, sequence, &sequence).await;
    }
    for sequence in 1..=20 {
        let event = within(room.next::<u64>()).await;
        assert_eq!(event, Some(RoomEvent::Event(sequence)));
    }
}

#[tokio::test]
async fn an_unread_room_is_left_and_does_not_block_others() {
    let server = StubServer::bind().await;
    let builder = Client::builder()
        .events_max(NonZeroUsize::MIN)
        .unread_time_max(Duration::from_millis(50));
    let (client, mut peer) = server.client_of(builder).await;
    let (unread, _) = tokio::join!(client.join("plaza/a", &()), peer.admit(HANDLE, &()));
    let mut unread = unread.expect("joined");
    let (read, _) = tokio::join!(client.join("plaza/b", &()), peer.admit(OTHER, &()));
    let mut read = read.expect("joined");
    for sequence in 1..=5 {
        peer.event(HANDLE, sequence, &sequence).await;
    }
    peer.event(OTHER, 1, &"through").await;
    let event = within(read.next::<String>()).await;
    assert_eq!(event, Some(RoomEvent::Event("through".into())));
    assert_eq!(peer.next_leave().await.handle, HANDLE);
    let event = within(unread.next::<u64>()).await;
    assert_eq!(event, Some(RoomEvent::Event(1)));
    assert_eq!(within(unread.next::<u64>()).await, Some(RoomEvent::Unread));
    assert_eq!(within(unread.next::<u64>()).await, None);
}
