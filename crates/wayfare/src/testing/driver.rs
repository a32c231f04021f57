//! Drives one shard that is alone, and the players at it: bytes, time, no types.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wayfare_core::game::{self, Kind, Kinds, Refusal};
use wayfare_core::operator::{Answer, Question, RoomDetail};
use wayfare_core::{ConnectionId, Output, Report, Shard, ShardConfig};
use wayfare_protocol::limits::HEARTBEAT;
use wayfare_protocol::wire::{self, client_frame::Body as Say, hello::Credential};
use wayfare_protocol::{
    Address, EntityId, Incarnation, Instant, NodeId, PlayerId, ShardIndex, frame, limits,
};

use super::records::Records;
use super::seat::Seat;

/// No rate limit: a test says in no time what a client says in minutes.
const FRAMES_PER_SECOND: u32 = 1_000_000;

pub(super) struct Driver {
    shard: Shard,
    records: Records,
    now: Instant,
    heartbeat: Instant,
    seats: BTreeMap<String, Seat>,
    connections: BTreeMap<ConnectionId, String>,
    connections_made: u32,
    answer: Option<Answer>,
    pub(super) panics: Vec<String>,
}

impl Driver {
    pub(super) fn new(kind: Kind, seed: u64) -> Self {
        let mut shard_seed = [0; 32];
        shard_seed[..8].copy_from_slice(&seed.to_be_bytes());
        let now = Instant::ORIGIN;
        Self {
            shard: Shard::new(config(), Kinds::new(vec![kind]), shard_seed, now),
            records: Records::default(),
            now,
            heartbeat: now + HEARTBEAT,
            seats: BTreeMap::new(),
            connections: BTreeMap::new(),
            connections_made: 0,
            answer: None,
            panics: Vec::new(),
        }
    }

    /// The player's seat; a new one if there is none.
    pub(super) fn take_seat(&mut self, player: &str) -> &mut Seat {
        self.seats.entry(player.to_owned()).or_default()
    }

    pub(super) fn seat(&mut self, player: &str) -> &mut Seat {
        match self.seats.get_mut(player) {
            Some(seat) => seat,
            None => panic!("nobody is called {player:?}: `join` first"),
        }
    }

    pub(super) fn connect(&mut self, player: &str, credential: Credential) {
        let connection = ConnectionId {
            slot: self.connections_made,
            generation: 0,
        };
        self.connections_made += 1;
        self.connections.insert(connection, player.to_owned());
        self.seat(player).connection = Some(connection);
        self.shard.handle_connected(connection, self.now);
        let hello = wire::Hello {
            version_min: limits::VERSION_MIN,
            version_max: limits::VERSION_MAX,
            sdk: "table".to_owned(),
            credential: Some(credential),
        };
        self.say(player, Say::Hello(hello));
        if self.seat(player).connection.is_some() {
            self.say(player, Say::Acknowledge(wire::Acknowledge {}));
        }
    }

    pub(super) fn disconnect(&mut self, player: &str) {
        if let Some(connection) = self.seat(player).connection.take() {
            self.connections.remove(&connection);
            self.shard.handle_disconnected(connection, self.now);
            self.settle();
        }
    }

    pub(super) fn say(&mut self, player: &str, body: Say) {
        let Some(connection) = self.seat(player).connection else {
            panic!("{player} has no connection: `resume` first");
        };
        let payload = frame::client_payload(body);
        self.shard.handle_frame(connection, &payload, self.now);
        self.settle();
    }

    pub(super) fn room(&mut self, room: &EntityId) -> Option<RoomDetail> {
        let question = Question::Room(room.clone());
        self.shard.handle_operator(0, &question, self.now);
        self.settle();
        match self.answer.take() {
            Some(Answer::Room(detail)) => detail,
            answer => unreachable!("the shard was asked for a room and answered {answer:?}"),
        }
    }

    /// Goes from one thing that is due to the next, up to and with those at the end.
    pub(super) fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.next_due().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            if self.heartbeat <= self.now {
                self.heartbeat = self.now + HEARTBEAT;
                self.ping();
            }
            self.shard.handle_timeout(self.now);
            self.settle();
        }
        self.now = end;
    }

    fn next_due(&self) -> Option<Instant> {
        let shard = self.shard.poll_timeout().map(|(at, _)| at);
        shard.into_iter().chain([self.heartbeat]).min()
    }

    /// What a client says when it has nothing to say.
    fn ping(&mut self) {
        let ping = frame::client_payload(Say::Ping(wire::Ping { nonce: 0 }));
        for connection in self.connections.keys() {
            self.shard.handle_frame(*connection, &ping, self.now);
        }
        self.settle();
    }

    /// Does what the shard wants done, until it wants nothing more.
    fn settle(&mut self) {
        while let Some(output) = self.shard.poll_output() {
            match output {
                Output::Send { connection, bytes } => self.hear(connection, bytes),
                Output::Close { connection, .. } => self.hang_up(connection),
                Output::Authenticate { connection, token } => {
                    let player = authenticated(&token);
                    self.shard
                        .handle_authenticated(connection, player, self.now);
                }
                Output::Coordinate { call, request } => {
                    let outcome = self.records.answer(request);
                    self.shard.handle_coordination(call, outcome, self.now);
                }
                Output::Operator { answer, .. } => self.answer = Some(*answer),
                Output::Report(Report::Panicked { handler, panic, .. }) => {
                    self.panics.push(format!("{handler}: {panic}"));
                }
                Output::Report(_) | Output::Pause(_) | Output::Resume(_) => {}
                Output::Peer(envelope) => unreachable!("a shard that is alone sent {envelope:?}"),
            }
        }
    }

    fn hear(&mut self, connection: ConnectionId, bytes: Bytes) {
        let player = self.connections.get(&connection);
        let Some(seat) = player.and_then(|player| self.seats.get_mut(player)) else {
            return;
        };
        for payload in frame::split(bytes) {
            match frame::decode_server(payload) {
                Ok(body) => seat.hear(body),
                Err(bad) => panic!("the shard sent a bad frame: {bad}"),
            }
        }
    }

    fn hang_up(&mut self, connection: ConnectionId) {
        let player = self.connections.remove(&connection);
        if let Some(seat) = player.and_then(|player| self.seats.get_mut(&player)) {
            seat.connection = None;
        }
        self.shard.handle_disconnected(connection, self.now);
    }
}

fn config() -> ShardConfig {
    let address = Address {
        node: NodeId::new("table").unwrap_or_else(|_| unreachable!("it is a name")),
        incarnation: Incarnation(1),
        shard: ShardIndex(0),
    };
    let mut config = ShardConfig::new(address, [0; 32]);
    config.guests = true;
    config.frames_per_second = FRAMES_PER_SECOND;
    config.frames_burst = FRAMES_PER_SECOND;
    config
}

/// The token of a test is the player's name.
fn authenticated(token: &str) -> Result<game::Player, Refusal> {
    let id = PlayerId::new(token).map_err(|invalid| Refusal::new(invalid.to_string()))?;
    Ok(game::Player {
        id,
        name: Arc::from(token),
        guest: false,
    })
}
