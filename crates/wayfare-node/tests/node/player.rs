//! A test player: tungstenite's WebSocket and a minimum of the protocol.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use tungstenite::{Message, WebSocket};
use wayfare_node::Ready;
use wayfare_protocol::frame::{client_payload, decode_server};
use wayfare_protocol::wire::{self, client_frame, hello::Credential, server_frame};

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Player(WebSocket<TcpStream>);

impl Player {
    pub(crate) fn connect(ready: &Ready) -> Self {
        Self::connect_at(ready, "/ws")
    }

    /// Connects at a path, as a page behind a proxy may have it.
    pub(crate) fn connect_at(ready: &Ready, path: &str) -> Self {
        Self::connect_to(ready.listen, path)
    }

    /// Connects to a node that may be in another process.
    pub(crate) fn connect_to(listen: SocketAddr, path: &str) -> Self {
        let stream = TcpStream::connect(listen).unwrap();
        // A fault must fail the test, not block it.
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(format!("ws://{listen}{path}"), stream).unwrap();
        Self(socket)
    }

    /// Connects a guest.
    pub(crate) fn guest(listen: SocketAddr) -> Self {
        let mut player = Self::connect_to(listen, "/ws");
        let welcome = player.hello(Credential::Guest(wire::Guest { name: "Ada".into() }));
        assert!(
            matches!(welcome, server_frame::Body::Welcome(_)),
            "{welcome:?}"
        );
        player
    }

    /// Takes the stream, to send bytes that are no frames of the protocol.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.0.get_ref().try_clone().unwrap()
    }

    pub(crate) fn ping(&mut self, nonce: u64) {
        self.send(client_frame::Body::Ping(wire::Ping { nonce }));
    }

    /// Reads until nothing has arrived for this time.
    pub(crate) fn until_silence(&mut self, time: Duration) {
        self.0.get_ref().set_read_timeout(Some(time)).unwrap();
        while self.0.read().is_ok() {}
        self.0.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
    }

    /// Reads until the answer to a ping.
    pub(crate) fn until_pong(&mut self, nonce: u64) {
        self.until(|body| matches!(body, server_frame::Body::Pong(pong) if pong.nonce == nonce));
    }

    pub(crate) fn send(&mut self, body: client_frame::Body) {
        self.0.send(Message::Binary(client_payload(body))).unwrap();
    }

    /// Returns the next frame; `None` once the server has closed.
    pub(crate) fn next(&mut self) -> Option<server_frame::Body> {
        loop {
            match self.0.read() {
                Ok(Message::Binary(bytes)) => return Some(decode_server(bytes).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Sends a Hello and returns the first answer.
    pub(crate) fn hello(&mut self, credential: Credential) -> server_frame::Body {
        self.send(client_frame::Body::Hello(wire::Hello {
            version_min: 1,
            version_max: 1,
            sdk: "test".into(),
            credential: Some(credential),
        }));
        self.next().expect("an answer")
    }

    /// Connects a guest and joins a room.
    pub(crate) fn in_room(ready: &Ready, room: &str) -> Self {
        Self::joined(ready, room).0
    }

    /// Connects a guest, joins a room and returns the answer, too.
    pub(crate) fn joined(ready: &Ready, room: &str) -> (Self, wire::Joined) {
        let mut player = Self::guest(ready.listen);
        player.send(client_frame::Body::Join(wire::Join {
            room: room.into(),
            sequence: 1,
            ..wire::Join::default()
        }));
        let joined = player.until(|body| matches!(body, server_frame::Body::Joined(_)));
        let server_frame::Body::Joined(joined) = joined else {
            unreachable!()
        };
        (player, joined)
    }

    /// Sends the first command behind this join.
    pub(crate) fn command(&mut self, joined: &wire::Joined) {
        self.send(client_frame::Body::Command(wire::Command {
            handle: joined.handle,
            membership: joined.membership,
            sequence: 2,
            epoch: joined.epoch,
            ..wire::Command::default()
        }));
    }

    /// Reads until a frame matches.
    pub(crate) fn until(
        &mut self,
        wanted: impl Fn(&server_frame::Body) -> bool,
    ) -> server_frame::Body {
        loop {
            let body = self.next().expect("the connection lasts");
            if wanted(&body) {
                return body;
            }
        }
    }
}
