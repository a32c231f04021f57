//! Shards and clients with queues between them: a frame is delivered when its turn comes, or lost
//! with its connection.

use std::collections::{BTreeMap, VecDeque};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use bytes::Bytes;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use wayfare_client_core::{Client, Credential, Event, Join, RoomKey, Settings};
use wayfare_core::cluster::{NodeView, Run};
use wayfare_core::game::{KindSettings, Kinds, Player};
use wayfare_core::{CallId, ConnectionId, Output, Shard, ShardConfig};
use wayfare_engine::model::{ModelCoordination, ModelStorage};
use wayfare_protocol::coordination::{Commit, Expect, Revision, Write};
use wayfare_protocol::frame::split;
use wayfare_protocol::storage;
use wayfare_protocol::{EntityId, Incarnation, Instant, NodeId, PlayerId};

use crate::account::Record;
use crate::stub_lounge::lounge;

/// A player's side: its client, its connection if any, and what is under way.
struct Seat {
    client: Client,
    connection: Option<(usize, ConnectionId)>,
    up: VecDeque<Bytes>,
    down: VecDeque<Bytes>,
    room: Option<RoomKey>,
    connects: usize,
    spoken: usize,
}

pub(crate) struct Wires {
    shards: Vec<Shard>,
    make: Box<dyn Fn(u64, Revision, u16, Instant) -> Shard>,
    incarnation: u64,
    store: ModelCoordination,
    storage: ModelStorage,
    /// Calls to storage that were not answered.
    stores: VecDeque<(usize, CallId, storage::Request)>,
    pub(crate) kills: usize,
    panics: usize,
    now: Instant,
    seats: Vec<Seat>,
    pub(crate) records: Vec<Record>,
    by_connection: BTreeMap<(usize, u32), usize>,
    connections_made: u32,
    pub(crate) cuts: usize,
    log: Vec<String>,
}

impl Wires {
    pub(crate) fn new(shards: u16, players: usize, settings: KindSettings, seed: u64) -> Self {
        let now = Instant::ORIGIN + Duration::from_secs(1);
        let kinds = Kinds::new(vec![lounge(settings)]);
        let make = move |incarnation, began_at, index, now| {
            let run = Run {
                incarnation: Incarnation(incarnation),
                ticket_key: [9; 32],
                began_at,
                view: NodeView::default(),
            };
            let node = NodeId::new("n1").unwrap();
            let mut config = ShardConfig::of_run(&node, &run, (index, shards));
            config.settings.frames_per_second = NonZeroU32::new(1_000_000).unwrap();
            config.settings.frames_burst = NonZeroU32::new(1_000_000).unwrap();
            config.settings.session_grace = Duration::from_secs(3600);
            let mut seed = [index as u8; 32];
            seed[..8].copy_from_slice(&u64::to_le_bytes(incarnation));
            Shard::new(config, kinds.clone(), seed, now)
        };
        let first = (0..shards).map(|index| make(1, Revision(0), index, now));
        let mut wires = Self {
            shards: first.collect(),
            make: Box::new(make),
            incarnation: 1,
            store: ModelCoordination::default(),
            storage: ModelStorage::default(),
            stores: VecDeque::new(),
            kills: 0,
            panics: 0,
            now,
            seats: Vec::new(),
            records: Vec::new(),
            by_connection: BTreeMap::new(),
            connections_made: 0,
            cuts: 0,
            log: Vec::new(),
        };
        for player in 0..players {
            wires.seat(player, seed);
        }
        wires
    }

    fn seat(&mut self, player: usize, seed: u64) {
        let name = format!("p{player}");
        let credential = Credential::Token(name.clone());
        let settings = Settings::new(NonZeroUsize::MIN, credential);
        let mut client = Client::new(settings, seed ^ player as u64, self.now);
        let join = Join::new(EntityId::new("lounge", "a").unwrap());
        let room = client.join(join, self.now).unwrap();
        self.seats.push(Seat {
            client,
            connection: None,
            up: VecDeque::new(),
            down: VecDeque::new(),
            room: Some(room),
            connects: player,
            spoken: 0,
        });
        self.records.push(Record {
            name,
            ..Record::default()
        });
        self.follow(player);
    }

    // ---- what the seed does

    pub(crate) fn speak(&mut self, player: usize, chance: &mut ChaCha8Rng) {
        let Some(room) = self.seats[player].room else {
            return;
        };
        let verbs = ["say", "say", "echo", "quiet", "others"];
        let verb = match chance.next_u64() % 100 {
            // A room that fails more than five times a minute ends, and a command that it failed on
            // comes again if the server is killed before that is written.
            0 if self.kills > 0 && self.panics < 2 => {
                self.panics += 1;
                "panic"
            }
            other => verbs[(other % 5) as usize],
        };
        let (now, seat) = (self.now, &mut self.seats[player]);
        seat.spoken += 1;
        let text = format!("{verb} p{player}-{}", seat.spoken);
        // Before it is a member, or with too much outstanding, the player holds its tongue.
        if let Ok(id) = seat.client.command(room, text.clone().into(), now) {
            self.records[player].given.push((id, text));
        }
        self.follow(player);
    }

    pub(crate) fn deliver_up(&mut self, player: usize) {
        let seat = &mut self.seats[player];
        if let (Some((shard, connection)), Some(frame)) = (seat.connection, seat.up.pop_front()) {
            self.shards[shard].handle_frame(connection, &frame, self.now);
            self.settle();
        }
    }

    pub(crate) fn deliver_down(&mut self, player: usize) {
        let seat = &mut self.seats[player];
        if let Some(frame) = seat.down.pop_front() {
            seat.client.handle_frame(frame, self.now);
            self.follow(player);
        }
    }

    /// The connection breaks: what is under way either way is lost.
    pub(crate) fn cut(&mut self, player: usize) {
        if self.seats[player].connection.is_none() {
            return;
        }
        self.cuts += 1;
        self.break_connection(player, true);
        self.seats[player].client.handle_disconnected(self.now);
        self.follow(player);
        self.settle();
    }

    /// Storage answers the oldest call: it is done, or not, or nobody knows.
    pub(crate) fn deliver_store(&mut self, chance: &mut ChaCha8Rng) {
        let Some((shard, call, request)) = self.stores.pop_front() else {
            return;
        };
        let unknown = || Err(storage::Failure::Unknown("lost".into()));
        let outcome = match chance.next_u64() % 20 {
            0 => Err(storage::Failure::NotDone("busy".into())),
            1 => unknown(),
            2 => {
                drop(self.storage.apply(request));
                unknown()
            }
            _ => self.storage.apply(request),
        };
        self.shards[shard].handle_storage(call, outcome, self.now);
        self.settle();
    }

    /// kill -9 and a start. Of what was on its way to storage, some got there.
    pub(crate) fn kill(&mut self, chance: &mut ChaCha8Rng) {
        self.kills += 1;
        self.incarnation += 1;
        for (_, _, request) in std::mem::take(&mut self.stores) {
            if chance.next_u64().is_multiple_of(2) {
                drop(self.storage.apply(request));
            }
        }
        let value = Bytes::new();
        let key = format!("node/{}", self.incarnation).into();
        let expect = Expect::Absent;
        let began = self.store.commit(vec![Write::Put { key, expect, value }]);
        let Ok(Commit::Done(began_at)) = began else {
            panic!("{began:?}");
        };
        let shards = 0..self.shards.len() as u16;
        let made = shards.map(|index| (self.make)(self.incarnation, began_at, index, self.now));
        self.shards = made.collect();
        for shard in &mut self.shards {
            shard.handle_began(self.now);
        }
        for player in 0..self.seats.len() {
            if self.seats[player].connection.is_some() {
                self.break_connection(player, false);
                self.seats[player].client.handle_disconnected(self.now);
                self.follow(player);
            }
        }
        self.settle();
    }

    pub(crate) fn advance(&mut self, time: Duration) {
        self.now = self.now + time;
        for shard in &mut self.shards {
            shard.handle_timeout(self.now);
        }
        self.settle();
        for player in 0..self.seats.len() {
            self.seats[player].client.handle_timeout(self.now);
            self.follow(player);
        }
    }

    /// No more cuts and no more talk: everything under way arrives.
    pub(crate) fn quiet(&mut self) {
        for _ in 0..400 {
            while let Some((shard, call, request)) = self.stores.pop_front() {
                let outcome = self.storage.apply(request);
                self.shards[shard].handle_storage(call, outcome, self.now);
                self.settle();
            }
            for player in 0..self.seats.len() {
                while !self.seats[player].up.is_empty() || !self.seats[player].down.is_empty() {
                    self.deliver_up(player);
                    self.deliver_down(player);
                }
            }
            self.advance(Duration::from_millis(100));
        }
        self.log = self.read_log();
    }

    // ---- carrying out

    fn follow(&mut self, player: usize) {
        while let Some(output) = self.seats[player].client.poll_output() {
            match output {
                wayfare_client_core::Output::Connect { .. } => self.connect(player),
                wayfare_client_core::Output::Send(frame) => self.seats[player].up.push_back(frame),
                wayfare_client_core::Output::Disconnect => self.break_connection(player, true),
                wayfare_client_core::Output::Event(event) => self.note(player, event),
            }
        }
    }

    fn connect(&mut self, player: usize) {
        let seat = &mut self.seats[player];
        seat.connects += 1;
        let shard = seat.connects % self.shards.len();
        self.connections_made += 1;
        let connection = ConnectionId {
            slot: self.connections_made,
            generation: 1,
        };
        seat.connection = Some((shard, connection));
        self.by_connection.insert((shard, connection.slot), player);
        self.shards[shard].handle_connected(connection, self.now);
        self.seats[player].client.handle_connected(self.now);
        self.settle();
    }

    fn break_connection(&mut self, player: usize, tell_shard: bool) {
        let seat = &mut self.seats[player];
        seat.up.clear();
        seat.down.clear();
        if let Some((shard, connection)) = seat.connection.take() {
            self.by_connection.remove(&(shard, connection.slot));
            if tell_shard {
                self.shards[shard].handle_disconnected(connection, self.now);
            }
        }
    }

    fn note(&mut self, player: usize, event: Event) {
        if let Event::JoinRefused { .. } = &event {
            // Storage was away: it is worth another attempt.
            let join = Join::new(EntityId::new("lounge", "a").unwrap());
            let now = self.now;
            self.seats[player].room = Some(self.seats[player].client.join(join, now).unwrap());
            return;
        }
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let record = &mut self.records[player];
        match event {
            Event::Joined { position, view, .. } => {
                record.joined_at = position.0;
                record.view = text(&view);
            }
            Event::Event {
                sequence, payload, ..
            } => {
                record.events.push((sequence.0, text(&payload)));
            }
            Event::Reply {
                command, result, ..
            } => {
                let answer = result.map(|payload| text(&payload));
                record.answers.entry(command).or_default().push(answer);
            }
            Event::Resync { fell_back, .. } => {
                assert!(!fell_back, "nothing was undone");
                record.resyncs += 1;
            }
            Event::Connected { .. } | Event::Interrupted { .. } | Event::Unreliable { .. } => {}
            other => panic!("{}: {other:?}", record.name),
        }
    }

    fn settle(&mut self) {
        let mut any = true;
        while std::mem::take(&mut any) {
            for shard in 0..self.shards.len() {
                while let Some(output) = self.shards[shard].poll_output() {
                    any = true;
                    self.carry_out(shard, output);
                }
            }
        }
    }

    fn carry_out(&mut self, shard: usize, output: Output) {
        let now = self.now;
        match output {
            Output::Send { connection, bytes } => {
                if let Some(player) = self.by_connection.get(&(shard, connection.slot)) {
                    self.seats[*player].down.extend(split(bytes));
                }
            }
            Output::Close { connection, .. } => {
                // What was sent before still arrives; then the client notices.
                if let Some(player) = self.by_connection.get(&(shard, connection.slot)).copied() {
                    while let Some(frame) = self.seats[player].down.pop_front() {
                        self.seats[player].client.handle_frame(frame, now);
                    }
                    self.break_connection(player, false);
                    self.seats[player].client.handle_disconnected(now);
                    self.follow(player);
                }
            }
            Output::Authenticate { connection, token } => {
                let id = PlayerId::new(&token).unwrap();
                let player = Player {
                    name: token.into(),
                    id,
                    guest: false,
                };
                self.shards[shard].handle_authenticated(connection, Ok(player), now);
            }
            Output::Coordinate { call, request } => {
                let outcome = self.store.apply(request);
                self.shards[shard].handle_coordination(call, outcome, now);
            }
            Output::Store { call, request } => self.stores.push_back((shard, call, request)),
            Output::Run { .. } => unreachable!("the lounge runs nothing"),
            Output::Peer(envelope) => {
                let to = usize::from(envelope.to.shard.0);
                self.shards[to].handle_peer(*envelope, now);
            }
            Output::Operator { .. } | Output::Report(_) | Output::Pause(_) | Output::Resume(_) => {}
        }
    }

    // ---- what came of it

    /// The room's own log, as a newcomer is shown it.
    fn read_log(&mut self) -> Vec<String> {
        let auditor = self.seats.len();
        self.seat(auditor, 0);
        for _ in 0..100 {
            while let Some((shard, call, request)) = self.stores.pop_front() {
                let outcome = self.storage.apply(request);
                self.shards[shard].handle_storage(call, outcome, self.now);
                self.settle();
            }
            self.deliver_up(auditor);
            self.deliver_down(auditor);
        }
        self.seats.pop();
        let record = self.records.pop().unwrap_or_default();
        record.view.lines().map(str::to_owned).collect()
    }

    pub(crate) fn room_log(&self) -> Vec<String> {
        self.log.clone()
    }

    /// Every event to everyone reaches everyone who was there, in one order.
    pub(crate) fn check_everybody_heard_the_same(&self, seed: u64) {
        let everyone = |record: &Record, from: u64| -> Vec<(u64, String)> {
            let to_all =
                |text: &String| self.log.iter().any(|l| l.ends_with(&format!("say {text}")));
            let events = record.events.iter();
            events
                .filter(|(s, text)| *s > from && to_all(text))
                .cloned()
                .collect()
        };
        let from = self
            .records
            .iter()
            .map(|record| record.joined_at)
            .max()
            .unwrap_or(0);
        let first = everyone(&self.records[0], from);
        for record in &self.records[1..] {
            assert_eq!(everyone(record, from), first, "seed {seed} {}", record.name);
        }
    }
}
