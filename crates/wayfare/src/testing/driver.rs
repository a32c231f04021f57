//! The driver of a single shard and its players, in bytes and without types.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use wayfare_core::cluster::{NodeView, Run};
use wayfare_core::game::{self, Kind, Kinds, Refusal, StoredState};
use wayfare_core::operator::{self, Query, RoomDetail};
use wayfare_core::{ConnectionId, Output, Report, Shard, ShardConfig, read_stored};
use wayfare_protocol::limits::HEARTBEAT;
use wayfare_protocol::wire::{self, client_frame::Body as Say, hello::Credential};
use wayfare_protocol::{EntityId, Incarnation, Instant, NodeId, PlayerId, frame, limits};

use super::futures::{Futures, finish};
use super::records::Records;
use super::seat::Seat;
use super::store::Store;
use crate::{Documents, Expect};

/// No rate limit: a test sends in no time what a client sends in minutes.
const FRAMES_PER_SECOND: NonZeroU32 = NonZeroU32::new(1_000_000).unwrap();

/// The wall clock when a test begins: a day in November 2023.
const UNIX_ORIGIN: Duration = Duration::from_secs(1_700_000_000);

pub(super) struct Driver {
    shard: Shard,
    kinds: Kinds,
    seed: u64,
    incarnation: u64,
    records: Records,
    store: Store,
    futures: Futures,
    now: Instant,
    heartbeat: Instant,
    seats: BTreeMap<String, Seat>,
    connections: BTreeMap<ConnectionId, String>,
    connections_made: u32,
    answer: Option<operator::Report>,
    pub(super) panics: Vec<String>,
}

impl Driver {
    pub(super) fn new(kinds: Vec<Kind>, seed: u64) -> Self {
        let (records, store) = (Records::default(), Store::default());
        let kinds = Kinds::new(kinds);
        Self::begin((kinds, seed, 1), records, store, Instant::ORIGIN)
    }

    /// Starts a shard with this content of the services, which it restores.
    fn begin(
        (kinds, seed, incarnation): (Kinds, u64, u64),
        records: Records,
        store: Store,
        now: Instant,
    ) -> Self {
        let mut shard_seed = [0; 32];
        shard_seed[..8].copy_from_slice(&seed.to_be_bytes());
        // An incarnation never draws the ids of another.
        shard_seed[8..16].copy_from_slice(&(incarnation - 1).to_be_bytes());
        let config = config(incarnation, &records, &store);
        let mut driver = Self {
            shard: Shard::new(config, kinds.clone(), shard_seed, now),
            kinds,
            seed,
            incarnation,
            records,
            store,
            futures: Futures::default(),
            now,
            heartbeat: now + HEARTBEAT,
            seats: BTreeMap::new(),
            connections: BTreeMap::new(),
            connections_made: 0,
            answer: None,
            panics: Vec::new(),
        };
        driver.shard.handle_began(now);
        driver.settle();
        driver
    }

    /// Loses everything in memory. Players keep what their clients know.
    pub(super) fn crash(&mut self) {
        let mut records = self.records.clone();
        records.crash();
        let game = (self.kinds.clone(), self.seed, self.incarnation + 1);
        let mut successor = Self::begin(game, records, self.store.clone(), self.now);
        successor.seats = std::mem::take(&mut self.seats);
        for seat in successor.seats.values_mut() {
            seat.connection = None;
        }
        successor.connections_made = self.connections_made;
        let recovery = std::mem::replace(&mut successor.panics, std::mem::take(&mut self.panics));
        successor.panics.extend(recovery);
        *self = successor;
    }

    pub(super) fn document<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let document = finish(self.documents().get(name));
        let document = document.unwrap_or_else(|error| panic!("{name}: {error}"));
        document.map(|document| document.value)
    }

    pub(super) fn put_document<T: Serialize>(&mut self, name: &str, value: &T) {
        let documents = self.documents();
        let found = finish(documents.get::<IgnoredAny>(name));
        let expect = match found {
            Ok(Some(found)) => Expect::Revision(found.revision),
            Ok(None) | Err(_) => Expect::Absent,
        };
        if let Err(error) = finish(documents.put(name, value, expect)) {
            panic!("{name}: {error}");
        }
    }

    pub(super) fn log<T: DeserializeOwned>(&self, log: &str) -> Vec<T> {
        let documents = self.documents();
        let mut records = Vec::new();
        loop {
            let page = finish(documents.read_log(log, records.len() as u64 + 1));
            let page = page.unwrap_or_else(|error| panic!("log {log}: {error}"));
            if page.is_empty() {
                return records;
            }
            records.extend(page.into_iter().map(|logged| logged.record));
        }
    }

    fn documents(&self) -> Documents {
        Documents::new(self.store.documents())
    }

    /// Loses all futures in flight.
    pub(super) fn lose_futures(&mut self) {
        for (entity, run) in self.futures.lose() {
            self.shard.handle_ran(&entity, run, None, self.now);
            self.settle();
        }
    }

    /// Runs all futures as far as possible, and delivers their results.
    pub(super) fn run_futures(&mut self) {
        while let Some((entity, run, note)) = self.futures.poll() {
            self.shard.handle_ran(&entity, run, note, self.now);
            self.settle();
        }
    }

    /// Returns the player's seat, or makes a new one.
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
        match self.query(&Query::Room(room.clone())) {
            Some(operator::Report::Room(detail)) => detail,
            answer => unreachable!("the shard was asked for a room and answered {answer:?}"),
        }
    }

    /// Returns the state of an entity as it is in memory; `None` if it is not there.
    ///
    /// # Panics
    /// If it cannot be encoded.
    pub(super) fn state(&mut self, entity: &EntityId) -> Option<StoredState> {
        match self.query(&Query::State(entity.clone())) {
            Some(operator::Report::State(state)) => {
                state.map(|state| state.unwrap_or_else(|refusal| panic!("{refusal}")))
            }
            answer => unreachable!("the shard was asked for a state and answered {answer:?}"),
        }
    }

    /// Returns the state of an entity as storage has it; `None` if nothing is stored.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub(super) fn stored(&self, entity: &EntityId) -> Result<Option<StoredState>, String> {
        let read_part = |part| self.store.part(entity, part);
        read_stored((entity, &self.kinds), &self.store.load(entity)?, read_part)
    }

    fn query(&mut self, query: &Query) -> Option<operator::Report> {
        self.shard.handle_operator(0, query, self.now);
        self.settle();
        self.answer.take()
    }

    /// Advances from one due event to the next, including those at the end.
    pub(super) fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        self.run_futures();
        while let Some(next) = self.next_due().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            if self.heartbeat <= self.now {
                self.heartbeat = self.now + HEARTBEAT;
                self.ping();
            }
            self.shard.handle_timeout(self.now);
            self.settle();
            self.run_futures();
        }
        self.now = end;
    }

    fn next_due(&self) -> Option<Instant> {
        let shard = self.shard.poll_timeout().map(|(at, _)| at);
        shard.into_iter().chain([self.heartbeat]).min()
    }

    /// Sends a ping of each idle client.
    fn ping(&mut self) {
        let ping = frame::client_payload(Say::Ping(wire::Ping { nonce: 0 }));
        for connection in self.connections.keys() {
            self.shard.handle_frame(*connection, &ping, self.now);
        }
        self.settle();
    }

    /// Executes the shard's outputs until there are no more.
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
                Output::Store { call, request } => {
                    let outcome = self.store.answer(request);
                    self.shard.handle_storage(call, outcome, self.now);
                }
                Output::Run { entity, run, work } => self.futures.add(entity, run, work),
                Output::Operator { answer, .. } => self.answer = Some(*answer),
                Output::Report(Report::Panicked { handler, panic, .. }) => {
                    self.panics.push(format!("{handler}: {panic}"));
                }
                Output::Report(Report::NotKept { reason, .. }) => {
                    self.panics.push(format!("state: {reason}"));
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

fn config(incarnation: u64, records: &Records, store: &Store) -> ShardConfig {
    let node = NodeId::new("table").unwrap_or_else(|_| unreachable!("it is a name"));
    let run = Run {
        incarnation: Incarnation(incarnation),
        ticket_key: [0; 32],
        began_at: records.revision(),
        view: NodeView::default(),
    };
    let mut config = ShardConfig::of_run(&node, &run, (0, 1));
    config.unix_origin = UNIX_ORIGIN;
    config.documents = Some(store.documents());
    config.settings.guests = true;
    config.settings.frames_per_second = FRAMES_PER_SECOND;
    config.settings.frames_burst = FRAMES_PER_SECOND;
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
