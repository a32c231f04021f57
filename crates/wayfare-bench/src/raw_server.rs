//! The bare server that the fan-out is compared with: the cost of the system calls alone.
//!
//! It has one thread and one poll. It reads the same masked commands as a node and writes the same
//! bytes to the same members, batched per turn. It has no sessions, acknowledgements, histories or
//! limits. All members of a room get the same bytes, so it writes them from one buffer per room.
//! This was measured to be faster than copying each event into a buffer per connection.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Ipv4Addr;

use anyhow::Result;
use bytes::BytesMut;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use tungstenite::handshake::derive_accept_key;
use wayfare_protocol::frame::put_event;
use wayfare_protocol::{Handle, Sequence};

use crate::child::announce;
use crate::process::raise_open_files;

const LISTENER: Token = Token(usize::MAX);
const EVENTS_MAX: usize = 1024;
const SCRATCH_BYTES: usize = 64 * 1024;
/// The number of unread bytes after which a client is disconnected.
const UNSENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Serves until the parent process ends.
pub(crate) fn run() -> Result<()> {
    raise_open_files(1024)?;
    let mut listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    announce(listener.local_addr()?, None)?;
    let mut server = RawServer {
        poll,
        listener,
        scratch: vec![0; SCRATCH_BYTES],
        connections: Vec::new(),
        rooms: Vec::new(),
        spoken: Vec::new(),
    };
    let mut events = Events::with_capacity(EVENTS_MAX);
    loop {
        server.turn(&mut events)?;
    }
}

struct RawServer {
    poll: Poll,
    listener: TcpListener,
    scratch: Vec<u8>,
    /// The connections by token. Tokens are not reused, because clients of this server do not
    /// leave.
    connections: Vec<Option<Connection>>,
    rooms: Vec<Room>,
    /// The rooms with frames to write in this turn.
    spoken: Vec<usize>,
}

#[derive(Default)]
struct Room {
    sequence: u64,
    members: Vec<usize>,
    /// This turn's frames, the same for every member.
    bytes: BytesMut,
}

struct Connection {
    stream: TcpStream,
    room: Option<usize>,
    /// The beginning of an incomplete request or frame.
    partial: Vec<u8>,
    unsent: Vec<u8>,
}

impl RawServer {
    fn turn(&mut self, events: &mut Events) -> Result<()> {
        match self.poll.poll(events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            outcome => outcome?,
        }
        for event in events.iter() {
            if event.token() == LISTENER {
                self.accept()?;
                continue;
            }
            let Token(index) = event.token();
            if event.is_writable() {
                self.write(index, &[]);
            }
            if event.is_readable() && self.read(index).is_err() {
                self.forget(index);
            }
        }
        self.write_rooms();
        Ok(())
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            stream.set_nodelay(true)?;
            let token = Token(self.connections.len());
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, token, both)?;
            self.connections.push(Some(Connection {
                stream,
                room: None,
                partial: Vec::new(),
                unsent: Vec::new(),
            }));
        }
    }

    fn read(&mut self, index: usize) -> io::Result<()> {
        let Some(Some(connection)) = self.connections.get_mut(index) else {
            return Ok(());
        };
        loop {
            let kept = connection.partial.len();
            self.scratch[..kept].copy_from_slice(&connection.partial);
            let read = match connection.stream.read(&mut self.scratch[kept..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let end = kept + read;
            let mut input = &mut self.scratch[..end];
            if connection.room.is_none() {
                let taken = connection.upgrade(input)?;
                input = &mut input[taken..];
                if let Some(room) = connection.room {
                    if self.rooms.len() <= room {
                        self.rooms.resize_with(room + 1, Room::default);
                    }
                    self.rooms[room].members.push(index);
                }
            }
            if let Some(number) = connection.room {
                let room = &mut self.rooms[number];
                let was_silent = room.bytes.is_empty();
                let taken = room.take(number, input)?;
                input = &mut input[taken..];
                if was_silent && !room.bytes.is_empty() {
                    self.spoken.push(number);
                }
            }
            connection.partial.clear();
            connection.partial.extend_from_slice(input);
            // A read that does not fill the buffer has emptied the socket.
            if end < SCRATCH_BYTES {
                return Ok(());
            }
        }
    }

    fn write_rooms(&mut self) {
        for number in std::mem::take(&mut self.spoken) {
            let bytes = self.rooms[number].bytes.split();
            let members = std::mem::take(&mut self.rooms[number].members);
            for member in &members {
                self.write(*member, &bytes);
            }
            let room = &mut self.rooms[number];
            room.members = members;
            room.bytes = bytes;
            room.bytes.clear();
        }
    }

    /// Writes the rest of earlier bytes, then `bytes`, and keeps what the socket does not accept.
    fn write(&mut self, index: usize, bytes: &[u8]) {
        if let Some(Some(connection)) = self.connections.get_mut(index)
            && connection.write(bytes).is_err()
        {
            self.forget(index);
        }
    }

    fn forget(&mut self, index: usize) {
        if let Some(connection) = self.connections.get_mut(index).and_then(Option::take)
            && let Some(room) = connection.room
        {
            self.rooms[room].members.retain(|member| *member != index);
        }
    }
}

impl Room {
    /// Handles whole commands, appends an event for each, and returns their length in bytes.
    fn take(&mut self, number: usize, input: &mut [u8]) -> io::Result<usize> {
        let mut taken = 0;
        while let Some([_, length, rest @ ..]) = input.get_mut(taken..) {
            let length = usize::from(*length & 0x7f);
            if length > 125 {
                return Err(ErrorKind::InvalidData.into());
            }
            let Some((key, rest)) = rest.split_first_chunk_mut::<4>() else {
                break;
            };
            let Some(payload) = rest.get_mut(..length) else {
                break;
            };
            unmask(payload, *key);
            taken += 6 + length;
            let payload = command_payload(payload).ok_or(ErrorKind::InvalidData)?;
            self.sequence += 1;
            let handle = Handle(number as u64);
            put_event(&mut self.bytes, handle, Sequence(self.sequence), payload);
        }
        Ok(taken)
    }
}

/// Finds the payload of a command in its protobuf encoding: a message in a message.
fn command_payload(frame: &[u8]) -> Option<&[u8]> {
    const COMMAND: u8 = 4 << 3 | 2;
    const PAYLOAD: u8 = 4 << 3 | 2;
    let [COMMAND, length, fields @ ..] = frame else {
        return None;
    };
    if usize::from(*length) != fields.len() {
        return None;
    }
    let mut fields = fields;
    loop {
        let (tag, rest) = fields.split_first()?;
        fields = match tag & 7 {
            0 => &rest[rest.iter().position(|byte| *byte < 0x80)? + 1..],
            1 => rest.get(8..)?,
            2 if *tag == PAYLOAD => {
                let (length, rest) = rest.split_first()?;
                return rest.get(..usize::from(*length));
            }
            _ => return None,
        };
    }
}

fn unmask(payload: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(wide.to_ne_bytes()) {
        *byte ^= key;
    }
}

impl Connection {
    /// Answers the request if it is complete, and returns its length in bytes.
    fn upgrade(&mut self, input: &[u8]) -> io::Result<usize> {
        let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(0);
        };
        let bad = || io::Error::from(ErrorKind::InvalidData);
        let request = std::str::from_utf8(&input[..end]).map_err(|_| bad())?;
        let path = request
            .strip_prefix("GET /")
            .and_then(|rest| rest.split(' ').next());
        let room: u16 = path.and_then(|path| path.parse().ok()).ok_or_else(bad)?;
        let key = request
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let accept = derive_accept_key(key.ok_or_else(bad)?.as_bytes());
        self.room = Some(usize::from(room));
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        self.write(response.as_bytes())?;
        Ok(end + 4)
    }

    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(written) => drop(self.unsent.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        while self.unsent.is_empty() && !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        if self.unsent.len() + bytes.len() > UNSENT_BYTES_MAX {
            return Err(ErrorKind::TimedOut.into());
        }
        self.unsent.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::frame::client_payload;
    use wayfare_protocol::wire::{Command, client_frame};

    use super::*;

    #[test]
    fn the_payload_of_a_command_is_found_whatever_else_it_says() {
        for (membership, sequence, epoch) in [(0, 0, 0), (1, 1, 1), (300, 1 << 40, 1 << 20)] {
            let payload = vec![7; 64].into();
            let frame = client_payload(client_frame::Body::Command(Command {
                handle: u64::MAX,
                membership,
                sequence,
                payload,
                epoch,
            }));
            assert_eq!(command_payload(&frame), Some(&[7; 64][..]));
            for end in 0..frame.len() {
                assert_eq!(command_payload(&frame[..end]), None);
            }
        }
    }
}
