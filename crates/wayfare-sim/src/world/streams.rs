//! Streams between seats and shards: opened, transferring, held, and broken at one end or both.

use std::time::Duration;

use bytes::Bytes;
use wayfare_core::ConnectionId;
use wayfare_protocol::Instant;
use wayfare_protocol::frame::split;

use super::node::Input;
use super::{Event, World};
use crate::wire::{Pace, SimWire};

/// The bytes that the system buffers for a sender.
const SOCKET_BYTES: usize = 16 * 1024;
/// A time beyond the end of every run.
pub(super) const FOR_EVER: Instant = Instant::from_nanos(u64::MAX);

/// An item in one direction of a stream.
#[derive(Clone, Debug)]
pub(super) enum Packet {
    /// A frame without its header.
    Frame(Bytes),
    /// Frames with their headers.
    Frames(Bytes),
    /// The end of the direction.
    End,
}

impl Packet {
    fn bytes(&self) -> usize {
        match self {
            Packet::Frame(bytes) | Packet::Frames(bytes) => bytes.len(),
            Packet::End => 0,
        }
    }
}

/// A transport connection, from the attempt to its end.
pub(super) struct Stream {
    pub(super) seat: u32,
    pub(super) node: usize,
    pub(super) shard: usize,
    connection: Option<ConnectionId>,
    pub(super) up: SimWire<Packet>,
    pub(super) down: SimWire<Packet>,
    /// The client's end is open or connecting; the server's end is open.
    pub(super) client_open: bool,
    pub(super) server_open: bool,
    /// True if the server reads from it.
    reading: bool,
    /// The backlog that was reported to the shard.
    told: usize,
}

impl World {
    // ---- the client's end

    /// Starts a connection attempt of a seat.
    pub(super) fn connect(&mut self, seat: u32) {
        let node = self.seats[seat as usize].node;
        let shard = self.network.index(usize::from(self.plan.shards));
        let pace = Pace {
            delay: self.network.millis(1, 60),
            jitter: self.network.millis(0, 30),
            bytes_per_second: 0,
        };
        let index = self.streams.len();
        self.streams.push(Stream {
            seat,
            node,
            shard,
            connection: None,
            up: SimWire::new(pace),
            down: SimWire::new(pace),
            client_open: true,
            server_open: false,
            reading: true,
            told: 0,
        });
        self.tally.connections += 1;
        self.seats[seat as usize].stream = Some(index);
        let at = self.now + pace.delay * 2;
        self.queue.push(at, Event::Reached(index));
    }

    /// Completes an attempt at the node.
    pub(super) fn reached(&mut self, index: usize) {
        let stream = &mut self.streams[index];
        if !stream.client_open {
            return;
        }
        let node = &mut self.nodes[stream.node];
        if !node.is_up() {
            return self.client_told(index);
        }
        let shard = &mut node.shards[stream.shard];
        shard.slots_made += 1;
        let free = (0..).find(|slot| !shard.streams.contains_key(slot));
        let slot = free.expect("fewer connections than numbers");
        let generation = shard.slots_made;
        let connection = ConnectionId { slot, generation };
        shard.streams.insert(slot, index);
        stream.connection = Some(connection);
        stream.server_open = true;
        let (node, shard, seat) = (stream.node, stream.shard, stream.seat);
        self.reach(node, shard, Input::Connected(connection));
        self.with_client(seat, wayfare_client_core::Client::handle_connected);
    }

    pub(super) fn send_up(&mut self, seat: u32, packet: Packet) {
        let Some(index) = self.seats[seat as usize].stream else {
            return;
        };
        let packet = match self.plan.liars {
            true => self.lie(seat, packet),
            false => packet,
        };
        let stream = &mut self.streams[index];
        let bytes = packet.bytes();
        let at = stream.up.send(packet, bytes, self.now, &mut self.network);
        self.look_up(index, at);
    }

    /// Closes the connection at the client's end.
    pub(super) fn disconnect(&mut self, seat: u32) {
        self.send_up(seat, Packet::End);
        if let Some(index) = self.seats[seat as usize].stream.take() {
            self.streams[index].client_open = false;
        }
    }

    /// Tells the client that its connection is lost.
    pub(super) fn client_told(&mut self, index: usize) {
        let stream = &mut self.streams[index];
        if !std::mem::replace(&mut stream.client_open, false) {
            return;
        }
        let seat = stream.seat;
        self.seats[seat as usize].stream = None;
        self.trace.step(self.now, &[4, u64::from(seat)], &[], || {
            format!("seat{seat} is disconnected")
        });
        self.with_client(seat, wayfare_client_core::Client::handle_disconnected);
    }

    /// Delivers messages that have arrived at the client.
    pub(super) fn down(&mut self, index: usize) {
        if !self.streams[index].down.looks(self.now) {
            return;
        }
        loop {
            let stream = &mut self.streams[index];
            if !stream.client_open {
                return stream.down.clear();
            }
            match stream.down.receive(self.now) {
                Ok(Packet::End) => return self.client_told(index),
                Ok(Packet::Frame(frame)) => self.frames_down(index, [frame]),
                Ok(Packet::Frames(frames)) => self.frames_down(index, split(frames)),
                Err(None) => return,
                Err(Some(at)) => return self.look_down(index, at),
            }
        }
    }

    fn frames_down(&mut self, index: usize, frames: impl IntoIterator<Item = Bytes>) {
        for frame in frames {
            // The client may have closed it while handling the previous message.
            if self.streams[index].client_open {
                let seat = self.streams[index].seat;
                self.frame_down(seat, frame);
            }
        }
    }

    // ---- the server's end

    fn stream_of(&self, at: (usize, usize), connection: ConnectionId) -> Option<usize> {
        let shard = self.nodes[at.0].shards.get(at.1)?;
        let index = *shard.streams.get(&connection.slot)?;
        (self.streams[index].connection == Some(connection)).then_some(index)
    }

    pub(super) fn seat_of(&self, at: (usize, usize), connection: ConnectionId) -> Option<u32> {
        Some(self.streams[self.stream_of(at, connection)?].seat)
    }

    /// Delivers messages that have arrived at the server.
    pub(super) fn up(&mut self, index: usize) {
        if !self.streams[index].up.looks(self.now) {
            return;
        }
        loop {
            let stream = &mut self.streams[index];
            if stream.connection.is_none() || !stream.reading {
                return;
            }
            let connection = stream.connection.expect("checked");
            let (node, shard) = (stream.node, stream.shard);
            match stream.up.receive(self.now) {
                Err(None) => return,
                Err(Some(at)) => return self.look_up(index, at),
                // The server has closed this connection, and answers with a reset.
                Ok(_) if !stream.server_open => {
                    let at = self.now + stream.down.pace().delay;
                    return self.queue.push(at, Event::ClientTold(index));
                }
                Ok(Packet::Frame(bytes) | Packet::Frames(bytes)) => {
                    self.reach(node, shard, Input::Frame(connection, bytes));
                }
                Ok(Packet::End) => return self.server_told(index),
            }
        }
    }

    pub(super) fn send_down(&mut self, at: (usize, usize), connection: ConnectionId, bytes: Bytes) {
        let Some(index) = self.stream_of(at, connection) else {
            return;
        };
        // Messages that were sent together sometimes arrive separately.
        if self.network.one_in(8) {
            for frame in split(bytes) {
                self.packet_down(index, Packet::Frame(frame));
            }
        } else {
            self.packet_down(index, Packet::Frames(bytes));
        }
    }

    fn packet_down(&mut self, index: usize, packet: Packet) {
        let stream = &mut self.streams[index];
        let bytes = packet.bytes();
        let at = stream.down.send(packet, bytes, self.now, &mut self.network);
        self.look_down(index, at);
    }

    /// Plans a check for arrivals at the server, unless an earlier one is planned.
    pub(super) fn look_up(&mut self, index: usize, at: Instant) {
        if at < FOR_EVER && self.streams[index].up.look(at) {
            self.queue.push(at, Event::Up(index));
        }
    }

    /// Plans a check for arrivals at the client.
    pub(super) fn look_down(&mut self, index: usize, at: Instant) {
        if at < FOR_EVER && self.streams[index].down.look(at) {
            self.queue.push(at, Event::Down(index));
        }
    }

    /// Closes the connection at the server's end.
    pub(super) fn close_down(&mut self, at: (usize, usize), connection: ConnectionId, abort: bool) {
        let Some(index) = self.stream_of(at, connection) else {
            return;
        };
        self.forget_connection(index);
        if abort {
            self.streams[index].down.clear();
        }
        self.packet_down(index, Packet::End);
    }

    /// Tells the server that a connection is lost.
    pub(super) fn server_told(&mut self, index: usize) {
        let stream = &self.streams[index];
        let (node, shard) = (stream.node, stream.shard);
        if let (true, Some(connection)) = (stream.server_open, stream.connection) {
            self.forget_connection(index);
            self.reach(node, shard, Input::Disconnected(connection));
        }
    }

    fn forget_connection(&mut self, index: usize) {
        let (stream, now) = (&mut self.streams[index], self.now);
        if std::mem::replace(&mut stream.server_open, false) {
            let seat = &mut self.seats[stream.seat as usize];
            seat.unserved_since.get_or_insert(now);
        }
        let shard = self.nodes[stream.node].shards.get_mut(stream.shard);
        if let (Some(shard), Some(connection)) = (shard, stream.connection) {
            shard.streams.remove(&connection.slot);
        }
    }

    pub(super) fn set_reading(
        &mut self,
        at: (usize, usize),
        connection: ConnectionId,
        reading: bool,
    ) {
        if let Some(index) = self.stream_of(at, connection) {
            self.streams[index].reading = reading;
            if reading {
                self.look_up(index, self.now);
            }
        }
    }

    // ---- backlogs

    /// Returns the backlog to report to the shard after a flush, if it must be reported.
    pub(super) fn backlog_after_flush(
        &mut self,
        at: (usize, usize),
        connection: ConnectionId,
    ) -> Option<usize> {
        let index = self.stream_of(at, connection)?;
        let stream = &mut self.streams[index];
        let backlog = stream.down.backlog(self.now).saturating_sub(SOCKET_BYTES);
        if backlog == 0 && stream.told == 0 {
            return None;
        }
        let first = stream.told == 0;
        stream.told = backlog;
        if first {
            self.schedule_drained(index);
        }
        Some(backlog)
    }

    pub(super) fn backlog_of(
        &mut self,
        at: (usize, usize),
        connection: ConnectionId,
    ) -> Option<usize> {
        let index = self.stream_of(at, connection)?;
        let stream = &mut self.streams[index];
        stream.told = stream.down.backlog(self.now).saturating_sub(SOCKET_BYTES);
        Some(stream.told)
    }

    pub(super) fn drained(&mut self, index: usize) {
        let stream = &self.streams[index];
        let (node, shard) = (stream.node, stream.shard);
        if let (true, Some(connection)) = (stream.server_open && stream.told > 0, stream.connection)
        {
            self.reach(node, shard, Input::Backlog(connection));
            self.schedule_drained(index);
        }
    }

    fn schedule_drained(&mut self, index: usize) {
        let drains = self.streams[index].down.drains_at(self.now);
        // Also in between; otherwise a slow reader's backlog is reported only when it is gone.
        let at = self.now + Duration::from_millis(50);
        if let Some(drains) = drains.filter(|drains| *drains < FOR_EVER) {
            self.queue.push(drains.min(at), Event::Drained(index));
        }
    }

    // ---- breaks

    /// Breaks all connections of a dead node. Not every client notices.
    pub(super) fn break_all(&mut self, node: usize) {
        for index in 0..self.streams.len() {
            let stream = &mut self.streams[index];
            if stream.node != node || !(stream.server_open || stream.client_open) {
                continue;
            }
            stream.server_open = false;
            if stream.connection.is_none() {
                continue;
            }
            if self.network.one_in(2) {
                stream.down.clear();
            }
            if self.network.one_in(4) {
                stream.down.hold(FOR_EVER);
                stream.up.hold(FOR_EVER);
            } else {
                let at = self.now + self.network.millis(0, 1_500);
                self.queue.push(at, Event::ClientTold(index));
            }
        }
    }
}
