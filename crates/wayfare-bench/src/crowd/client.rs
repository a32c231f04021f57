//! A client of the crowd: its socket, its login, and its unsent bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use bytes::Bytes;
use mio::net::TcpStream;
use wayfare_protocol::frame::{client_payload, decode_server};
use wayfare_protocol::limits::{VERSION_MAX, VERSION_MIN};
use wayfare_protocol::wire::hello::Credential;
use wayfare_protocol::wire::{self, client_frame, server_frame};

use super::Heard;
use crate::wire::{CLOSE, event, first_frame, is_applied, put_masked, scramble};

/// The key of the handshake (RFC 6455, section 4.1). The server's answer to it is not checked.
const WEBSOCKET_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The size limit of an HTTP response.
const RESPONSE_BYTES_MAX: usize = 4096;

/// The server that the client connects to, and its room there.
#[derive(Clone, Debug)]
pub(crate) enum Speaks {
    /// A Wayfare node: a login, then a join.
    Wayfare {
        /// The player's token.
        token: String,
        /// The room to join at once. Without one, the client has arrived after its login.
        room: Option<String>,
        /// The data for creating the room.
        open: Bytes,
    },
    /// The bare server. Its URL contains the room.
    Raw {
        /// The number of the room.
        room: u32,
    },
}

/// A membership of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) handle: u64,
    pub(crate) membership: u32,
    pub(crate) epoch: u64,
    /// The room's sequence at the join.
    pub(crate) position: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    Upgrading,
    Greeting,
    Welcome,
    Joining,
    Member(Membership),
}

/// A client; see the module's documentation.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    speaks: Speaks,
    host: SocketAddr,
    stage: Stage,
    /// The sequence of the session in the room, shared by joins, commands and leaves.
    sequence: u64,
    frames_sent: u64,
    /// The beginning of a frame that has not arrived completely.
    partial: Vec<u8>,
    unsent: Vec<u8>,
}

impl Client {
    pub(super) fn new(stream: TcpStream, speaks: Speaks, host: SocketAddr) -> Self {
        Self {
            stream,
            speaks,
            host,
            stage: Stage::Connecting,
            sequence: 0,
            frames_sent: 0,
            partial: Vec::new(),
            unsent: Vec::new(),
        }
    }

    /// Returns its membership.
    pub(crate) fn membership(&self) -> Option<Membership> {
        match self.stage {
            Stage::Member(membership) => Some(membership),
            _ => None,
        }
    }

    /// Returns true if the login, and the join if there is one, are complete.
    pub(super) fn is_there(&self) -> bool {
        match (&self.stage, &self.speaks) {
            (Stage::Member(_), _) => true,
            (Stage::Welcome, Speaks::Wayfare { room, .. }) => room.is_none(),
            _ => false,
        }
    }

    /// Handles a socket that became writable: connects or sends more.
    pub(super) fn writable(&mut self) -> Result<()> {
        if self.stage == Stage::Connecting {
            if let Some(error) = self.stream.take_error()? {
                return Err(error.into());
            }
            if self.stream.peer_addr().is_err() {
                return Ok(());
            }
            self.stream.set_nodelay(true)?;
            self.stage = Stage::Upgrading;
            let path = match &self.speaks {
                Speaks::Wayfare { .. } => "/".to_owned(),
                Speaks::Raw { room } => format!("/{room}"),
            };
            let host = self.host;
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n\
                 Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: {WEBSOCKET_KEY}\r\n\r\n"
            );
            self.unsent.extend_from_slice(request.as_bytes());
        }
        self.write_unsent()
    }

    fn write_unsent(&mut self) -> Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(0) => bail!("the connection takes nothing more"),
                Ok(written) => drop(self.unsent.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads until the socket is empty. `scratch` is a shared buffer, and `epoch` the origin of the
    /// clock. All frames of one read get the same time.
    pub(super) fn read(
        &mut self,
        scratch: &mut [u8],
        epoch: Instant,
        heard: &mut impl FnMut(Duration, Heard<'_>) -> Result<()>,
    ) -> Result<()> {
        loop {
            let kept = self.partial.len();
            ensure!(kept < scratch.len(), "a frame that is too long");
            scratch[..kept].copy_from_slice(&self.partial);
            let read = match self.stream.read(&mut scratch[kept..]) {
                Ok(0) => bail!("the server has closed the connection"),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            let now = epoch.elapsed();
            let end = kept + read;
            let taken = self.take(&scratch[..end], &mut |what| heard(now, what))?;
            self.partial.clear();
            self.partial.extend_from_slice(&scratch[taken..end]);
            // A read that does not fill the buffer has emptied the socket.
            if end < scratch.len() {
                return Ok(());
            }
        }
    }

    /// Handles whole frames, and returns their length in bytes.
    fn take(
        &mut self,
        bytes: &[u8],
        heard: &mut impl FnMut(Heard<'_>) -> Result<()>,
    ) -> Result<usize> {
        let mut taken = 0;
        if matches!(self.stage, Stage::Connecting | Stage::Upgrading) {
            let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
                ensure!(bytes.len() < RESPONSE_BYTES_MAX, "an endless HTTP response");
                return Ok(0);
            };
            if !bytes.starts_with(b"HTTP/1.1 101") {
                bail!("no upgrade: {}", String::from_utf8_lossy(&bytes[..end]));
            }
            taken = end + 4;
            self.upgraded()?;
        }
        while let Some(frame) = first_frame(&bytes[taken..]) {
            taken += frame.length;
            if let Some(event) = event(frame.payload) {
                heard(Heard::Event(event))?;
            } else if frame.opcode == CLOSE {
                bail!("the server closes the connection: {:?}", frame.payload);
            } else if !is_applied(frame.payload) {
                self.frame(frame.payload, heard)?;
            }
        }
        Ok(taken)
    }

    fn upgraded(&mut self) -> Result<()> {
        match &self.speaks {
            Speaks::Raw { room } => {
                // The bare server does not read it, but it has the size of a node's commands.
                self.stage = Stage::Member(Membership {
                    handle: u64::from(*room),
                    membership: 1,
                    epoch: 1,
                    position: 0,
                });
                Ok(())
            }
            Speaks::Wayfare { token, .. } => {
                self.stage = Stage::Greeting;
                let credential = Credential::Token(token.clone());
                self.send(client_frame::Body::Hello(wire::Hello {
                    version_min: VERSION_MIN,
                    version_max: VERSION_MAX,
                    sdk: concat!("bench/", env!("CARGO_PKG_VERSION")).to_owned(),
                    credential: Some(credential),
                }))
            }
        }
    }

    /// Handles a frame that is not on the measured path.
    #[cold]
    fn frame(
        &mut self,
        payload: &[u8],
        heard: &mut impl FnMut(Heard<'_>) -> Result<()>,
    ) -> Result<()> {
        let body = decode_server(Bytes::copy_from_slice(payload))?;
        match &body {
            server_frame::Body::Welcome(_) => {
                self.stage = Stage::Welcome;
                self.send(client_frame::Body::Acknowledge(wire::Acknowledge {}))?;
                if let Speaks::Wayfare {
                    room: Some(room), ..
                } = &self.speaks
                {
                    let room = room.clone();
                    self.join(room)?;
                }
            }
            server_frame::Body::Joined(joined) => {
                self.stage = Stage::Member(Membership {
                    handle: joined.handle,
                    membership: joined.membership,
                    epoch: joined.epoch,
                    position: joined.position,
                });
            }
            server_frame::Body::Left(_) => self.stage = Stage::Welcome,
            server_frame::Body::Ended(wire::Ended { error })
            | server_frame::Body::JoinRefused(wire::JoinRefused { error, .. }) => {
                bail!("the server refuses: {error:?}");
            }
            server_frame::Body::Resync(_) => bail!("the server resyncs a client that never left"),
            _ => {}
        }
        heard(Heard::Other(body))
    }

    pub(super) fn join(&mut self, room: String) -> Result<()> {
        self.stage = Stage::Joining;
        self.sequence = 1;
        let open = match &self.speaks {
            Speaks::Wayfare { open, .. } => open.clone(),
            Speaks::Raw { .. } => Bytes::new(),
        };
        self.send(client_frame::Body::Join(wire::Join {
            room,
            sequence: self.sequence,
            open,
            ..wire::Join::default()
        }))
    }

    pub(super) fn leave(&mut self) -> Result<()> {
        let Membership {
            handle,
            membership,
            epoch,
            ..
        } = self.stay()?;
        self.sequence += 1;
        let sequence = self.sequence;
        self.send(client_frame::Body::Leave(wire::Leave {
            handle,
            membership,
            sequence,
            epoch,
        }))
    }

    pub(super) fn ping(&mut self) -> Result<()> {
        self.send(client_frame::Body::Ping(wire::Ping::default()))
    }

    /// Sends several commands in one write.
    pub(super) fn commands<'a>(&mut self, payloads: impl Iterator<Item = &'a [u8]>) -> Result<()> {
        for payload in payloads {
            self.put_command(payload)?;
        }
        self.write_unsent()
    }

    pub(super) fn command(&mut self, payload: &[u8]) -> Result<()> {
        self.put_command(payload)?;
        self.write_unsent()
    }

    /// Sends the first half of a command, and returns the rest.
    pub(super) fn command_first_half(&mut self, payload: &[u8]) -> Result<Vec<u8>> {
        ensure!(self.unsent.is_empty(), "the client is behind");
        self.put_command(payload)?;
        let rest = self.unsent.split_off(self.unsent.len() / 2);
        self.write_unsent()?;
        Ok(rest)
    }

    /// Sends bytes that are framed already.
    pub(super) fn send_framed(&mut self, bytes: &[u8]) -> Result<()> {
        self.unsent.extend_from_slice(bytes);
        self.write_unsent()
    }

    fn put_command(&mut self, payload: &[u8]) -> Result<()> {
        let Membership {
            handle,
            membership,
            epoch,
            ..
        } = self.stay()?;
        self.sequence += 1;
        self.put(client_frame::Body::Command(wire::Command {
            handle,
            membership,
            sequence: self.sequence,
            payload: Bytes::copy_from_slice(payload),
            epoch,
        }));
        Ok(())
    }

    fn stay(&self) -> Result<Membership> {
        match self.stage {
            Stage::Member(stay) => Ok(stay),
            stage => bail!("the client is no member of a room, it is {stage:?}"),
        }
    }

    fn send(&mut self, body: client_frame::Body) -> Result<()> {
        self.put(body);
        self.write_unsent()
    }

    fn put(&mut self, body: client_frame::Body) {
        self.frames_sent += 1;
        let key = (scramble(self.frames_sent) as u32).to_le_bytes();
        put_masked(&mut self.unsent, &client_payload(body), key);
    }
}
