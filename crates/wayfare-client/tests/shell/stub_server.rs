//! A server that sends the frames a test asks for, on a port of its own.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};
use wayfare_client::{Builder, Client};
use wayfare_protocol::frame;
use wayfare_protocol::wire::{self, client_frame, hello, server_frame};

pub(crate) const HANDLE: u64 = 0xa;

/// Waits for the future, and fails the test after a time limit.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    let waited = timeout(Duration::from_secs(20), future).await;
    waited.expect("the awaited event did not arrive")
}

pub(crate) struct StubServer {
    listener: TcpListener,
}

impl StubServer {
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self { listener }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("ws://{}", self.listener.local_addr().expect("bound"))
    }

    pub(crate) async fn accept(&self) -> Peer {
        let (stream, _) = within(self.listener.accept()).await.expect("a connection");
        let socket = within(accept_async(stream)).await.expect("a WebSocket");
        Peer { socket }
    }

    /// Returns a welcomed client of this server.
    pub(crate) async fn client(&self) -> (Client, Peer) {
        self.client_of(Client::builder()).await
    }

    pub(crate) async fn client_of(&self, builder: Builder) -> (Client, Peer) {
        let connect = builder.endpoint(self.endpoint()).token("abc").connect();
        let serve = async {
            let mut peer = self.accept().await;
            peer.welcome(false).await;
            peer
        };
        let (client, peer) = tokio::join!(connect, serve);
        (client.expect("connected"), peer)
    }
}

/// The server's end of one connection. Dropping it cuts the connection.
pub(crate) struct Peer {
    socket: WebSocketStream<TcpStream>,
}

impl Peer {
    /// Returns the next frame, or `None` after the client has closed.
    pub(crate) async fn next_frame_or_close(&mut self) -> Option<client_frame::Body> {
        loop {
            match within(self.socket.next()).await? {
                Ok(Message::Binary(payload)) => {
                    return Some(frame::decode_client(&payload).expect("a frame"));
                }
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    pub(crate) async fn next_frame(&mut self) -> client_frame::Body {
        self.next_frame_or_close().await.expect("a frame")
    }

    pub(crate) async fn send(&mut self, body: server_frame::Body) {
        let payload = frame::split(frame::server_frame(body)).next();
        let message = Message::Binary(payload.expect("one frame"));
        self.socket.send(message).await.expect("said");
    }

    /// Welcomes the client and returns its credential.
    pub(crate) async fn welcome(&mut self, resumed: bool) -> hello::Credential {
        let client_frame::Body::Hello(hello) = self.next_frame().await else {
            panic!("no Hello");
        };
        self.send(server_frame::Body::Welcome(wire::Welcome {
            version: 1,
            session: Bytes::from_static(&[1; 16]),
            player: "ada".into(),
            ticket: Bytes::from_static(b"ticket"),
            resumed,
            time_ms: 1_700_000_000_000,
            ..wire::Welcome::default()
        }))
        .await;
        let acknowledge = self.next_frame().await;
        assert!(matches!(acknowledge, client_frame::Body::Acknowledge(_)));
        hello.credential.expect("a credential")
    }

    /// Accepts the client into the room that it joins.
    pub(crate) async fn admit(&mut self, handle: u64, view: &impl Serialize) -> wire::Join {
        let client_frame::Body::Join(join) = self.next_frame().await else {
            panic!("no Join");
        };
        self.joined(&join, handle, pack(view)).await;
        join
    }

    pub(crate) async fn joined(&mut self, join: &wire::Join, handle: u64, view: Bytes) {
        self.send(server_frame::Body::Joined(wire::Joined {
            room: join.room.clone(),
            sequence: join.sequence,
            handle,
            membership: 1,
            epoch: 1,
            position: 0,
            view,
            applied: join.sequence,
        }))
        .await;
    }

    pub(crate) async fn event(&mut self, handle: u64, sequence: u64, payload: &impl Serialize) {
        let payload = pack(payload);
        self.send(server_frame::Body::Event(wire::Event {
            handle,
            sequence,
            payload,
        }))
        .await;
    }

    pub(crate) async fn next_command(&mut self) -> wire::Command {
        match self.next_frame().await {
            client_frame::Body::Command(command) => command,
            body => panic!("{body:?} is no command"),
        }
    }

    pub(crate) async fn applied(&mut self, applied: u64) {
        let handle = HANDLE;
        self.send(server_frame::Body::Applied(wire::Applied {
            handle,
            applied,
        }))
        .await;
    }

    pub(crate) async fn next_leave(&mut self) -> wire::Leave {
        match self.next_frame().await {
            client_frame::Body::Leave(leave) => leave,
            body => panic!("{body:?} is no leave"),
        }
    }

    /// Ends the membership on the client's request.
    pub(crate) async fn end_membership(&mut self, leave: wire::Leave) {
        self.send(server_frame::Body::Left(wire::Left {
            handle: leave.handle,
            membership: leave.membership,
            reason: wire::LeaveReason::LeaveRequested.into(),
            message: String::new(),
            applied: leave.sequence,
        }))
        .await;
    }

    /// Loses the room of the first stay, which can then be joined again.
    pub(crate) async fn lose_room(&mut self) {
        self.send(server_frame::Body::Left(wire::Left {
            handle: HANDLE,
            membership: 1,
            reason: wire::LeaveReason::LeaveRoomLost.into(),
            ..wire::Left::default()
        }))
        .await;
    }

    pub(crate) async fn end(&mut self, code: u32, message: &str) {
        let error = Some(wire::Error {
            code,
            message: message.into(),
            ..wire::Error::default()
        });
        self.send(server_frame::Body::Ended(wire::Ended { error }))
            .await;
    }
}

/// Encodes a value like a room with the default codec.
pub(crate) fn pack(value: &(impl Serialize + ?Sized)) -> Bytes {
    rmp_serde::to_vec_named(value).expect("encoded").into()
}
