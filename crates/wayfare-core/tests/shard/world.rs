//! Some shards, one store, and clients that say frames: one thread, one clock, one seed.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use wayfare_core::cluster::{self, Run, Sharing, Startup, StartupPlan};
use wayfare_core::game::{Kind, KindSettings, Kinds, Player, Refusal};
use wayfare_core::peer::Envelope;
use wayfare_core::{CallId, ConnectionId, Output, Report, Shard, ShardConfig};
use wayfare_engine::model::{ModelCoordination, ModelStorage};
use wayfare_protocol::coordination::{Commit, Failure, Key, Record, Reply, Request};
use wayfare_protocol::frame::{client_payload, decode_server, split};
use wayfare_protocol::storage;
use wayfare_protocol::wire::{self, client_frame::Body as Say, server_frame::Body};
use wayfare_protocol::{ErrorCode, Instant, NodeId, PlayerId};

use crate::stub_lounge::lounge;

/// The connection of a client, and the frames that came over it.
#[derive(Default)]
pub(crate) struct Line {
    shard: usize,
    slot: u32,
    pub(crate) heard: Vec<Body>,
    pub(crate) closed: Option<Option<ErrorCode>>,
    pub(crate) paused: bool,
    pub(crate) welcome: Option<wire::Welcome>,
}

type Make = Box<dyn Fn(&NodeId, &Run, u16, Instant) -> Shard>;

pub(crate) struct World {
    pub(crate) shards: Vec<Shard>,
    pub(crate) store: ModelCoordination,
    pub(crate) storage: ModelStorage,
    /// Makes the shards of a run.
    make: Make,
    /// The name under which the node starts next.
    pub(crate) node: NodeId,
    /// The outcomes of the next calls to storage; after them storage itself answers.
    pub(crate) storage_faults: VecDeque<Fault>,
    /// Calls to storage are kept until [`World::store_all`].
    pub(crate) storage_late: bool,
    pub(crate) stores: VecDeque<(usize, CallId, storage::Request)>,
    /// Futures that have begun: whose, and which.
    pub(crate) runs: Vec<(
        usize,
        wayfare_protocol::EntityId,
        u64,
        wayfare_core::game::Work,
    )>,
    pub(crate) now: Instant,
    pub(crate) lines: Vec<Line>,
    pub(crate) reports: Vec<Report>,
    pub(crate) trace: String,
    by_connection: BTreeMap<(usize, u32), usize>,
    /// The outcomes of the next calls to coordination; after them the store itself answers.
    pub(crate) faults: VecDeque<Fault>,
    /// Calls are kept until [`World::answer_all`].
    pub(crate) late: bool,
    pub(crate) calls: VecDeque<(usize, CallId, Request)>,
    /// Messages between shards are kept until [`World::release_peers`].
    pub(crate) hold_peers: bool,
    pub(crate) peers: VecDeque<Envelope>,
}

/// The next run of a node that has this store for itself, without faults.
fn start_up(store: &mut ModelCoordination, node: &NodeId) -> Run {
    let plan = StartupPlan {
        node: node.clone(),
        version: "test".into(),
        wall: Duration::ZERO,
        fresh_key: [9; 32],
        sharing: Sharing::Exclusive,
    };
    let mut startup = Startup::new(plan, Instant::ORIGIN);
    loop {
        match startup.poll_output().expect("a start without faults ends") {
            cluster::Output::Coordinate(request) => {
                startup.handle_coordination(store.apply(request), Instant::ORIGIN);
            }
            cluster::Output::Report(report) => panic!("{report:?}"),
            cluster::Output::Ended(outcome) => return outcome.unwrap(),
        }
    }
}

/// The fault of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It certainly did not happen.
    NotDone,
    /// It happened, and nobody was told.
    AppliedUnknown,
    /// It did not happen, and nobody was told.
    LostUnknown,
    /// It was refused, though nothing had changed.
    Refused,
    /// The stored state cannot be read.
    Corrupt,
}

/// Names a client of the world.
pub(crate) type Client = usize;

impl World {
    pub(crate) fn new(shards: u16, settings: KindSettings) -> Self {
        Self::with(shards, vec![lounge(settings)], 1, |_| {})
    }

    pub(crate) fn with(
        shards: u16,
        kinds: Vec<Kind>,
        seed: u8,
        adjust: impl Fn(&mut ShardConfig) + 'static,
    ) -> Self {
        let kinds = Kinds::new(kinds);
        let now = Instant::ORIGIN + Duration::from_secs(1000);
        let make = move |node: &NodeId, run: &Run, index, now| {
            let mut config = ShardConfig::of_run(node, run, (index, shards));
            config.settings.guests = true;
            config.unix_origin = Duration::from_secs(1_700_000_000);
            adjust(&mut config);
            let mut seed = [seed ^ index as u8; 32];
            seed[0] ^= (run.incarnation.0 - 1) as u8;
            Shard::new(config, kinds.clone(), seed, now)
        };
        let node = NodeId::new("n1").unwrap();
        let mut store = ModelCoordination::default();
        let run = start_up(&mut store, &node);
        Self {
            shards: (0..shards)
                .map(|index| make(&node, &run, index, now))
                .collect(),
            store,
            storage: ModelStorage::default(),
            make: Box::new(make),
            node,
            storage_faults: VecDeque::new(),
            storage_late: false,
            stores: VecDeque::new(),
            runs: Vec::new(),
            now,
            lines: Vec::new(),
            reports: Vec::new(),
            trace: String::new(),
            by_connection: BTreeMap::new(),
            faults: VecDeque::new(),
            late: false,
            calls: VecDeque::new(),
            hold_peers: false,
            peers: VecDeque::new(),
        }
    }

    /// kill -9 and a start: every memory is lost, what was committed is not. Calls that were out
    /// happen or not, as `applied` says.
    pub(crate) fn kill(&mut self, applied: bool) {
        if applied {
            for (_, _, request) in std::mem::take(&mut self.stores) {
                drop(self.storage.apply(request));
            }
            for (_, _, request) in std::mem::take(&mut self.calls) {
                drop(self.store.apply(request));
            }
        }
        self.stores.clear();
        self.calls.clear();
        self.peers.clear();
        self.runs.clear();
        let run = start_up(&mut self.store, &self.node);
        for line in &mut self.lines {
            line.closed.get_or_insert(None);
        }
        let shards = 0..self.shards.len() as u16;
        let made = shards.map(|index| (self.make)(&self.node, &run, index, self.now));
        self.shards = made.collect();
        for shard in &mut self.shards {
            shard.handle_began(self.now);
        }
        self.settle();
    }

    /// The records of entities and sessions.
    pub(crate) fn records(&self) -> Vec<(Key, Record)> {
        let mut records = self.store.list("").records;
        records.retain(|(key, _)| !key.starts_with("node/") && !key.starts_with("cluster/"));
        records
    }

    /// Answers all calls to storage that were kept, and those that come of it.
    pub(crate) fn store_all(&mut self) {
        self.storage_late = false;
        while self.store_next() {
            self.settle();
        }
    }

    /// Answers the oldest call to storage that was kept.
    pub(crate) fn store_one(&mut self) {
        self.store_next();
        self.settle();
    }

    fn store_next(&mut self) -> bool {
        let Some((shard, call, request)) = self.stores.pop_front() else {
            return false;
        };
        let unknown = || Err(storage::Failure::Unknown("a test".into()));
        let outcome = match self.storage_faults.pop_front().unwrap_or(Fault::None) {
            Fault::None => self.storage.apply(request),
            Fault::NotDone | Fault::Refused => Err(storage::Failure::NotDone("a test".into())),
            Fault::Corrupt => Err(storage::Failure::Corrupt("a test".into())),
            Fault::LostUnknown => unknown(),
            Fault::AppliedUnknown => {
                drop(self.storage.apply(request));
                unknown()
            }
        };
        self.shards[shard].handle_storage(call, outcome, self.now);
        true
    }

    /// Ends the oldest future of an entity.
    pub(crate) fn ran(&mut self, note: Option<&[u8]>) {
        let (shard, entity, run, _) = self.runs.remove(0);
        self.shards[shard].handle_ran(&entity, run, note.map(Into::into), self.now);
        self.settle();
    }

    // ---- driving

    /// Carries out outputs until there are none.
    pub(crate) fn settle(&mut self) {
        loop {
            let mut any = false;
            for shard in 0..self.shards.len() {
                while let Some(output) = self.shards[shard].poll_output() {
                    any = true;
                    self.carry_out(shard, output);
                }
            }
            if !any {
                return;
            }
        }
    }

    fn carry_out(&mut self, shard: usize, output: Output) {
        writeln!(self.trace, "{} {shard} {output:?}", self.now.as_nanos()).unwrap();
        let now = self.now;
        match output {
            Output::Send { connection, bytes } => self.hear(shard, connection, bytes),
            Output::Close {
                connection, code, ..
            } => {
                let line = self.line(shard, connection);
                self.lines[line].closed = Some(code);
            }
            Output::Pause(connection) => {
                let line = self.line(shard, connection);
                self.lines[line].paused = true;
            }
            Output::Resume(connection) => {
                let line = self.line(shard, connection);
                self.lines[line].paused = false;
            }
            Output::Authenticate { connection, token } => {
                let outcome = check_token(&token);
                self.shards[shard].handle_authenticated(connection, outcome, now);
            }
            Output::Coordinate { call, request } => {
                self.calls.push_back((shard, call, request));
                if !self.late {
                    self.answer_next();
                }
            }
            Output::Store { call, request } => {
                self.stores.push_back((shard, call, request));
                if !self.storage_late {
                    self.store_next();
                }
            }
            Output::Run { entity, run, work } => self.runs.push((shard, entity, run, work)),
            Output::Peer(envelope) if self.hold_peers => self.peers.push_back(*envelope),
            Output::Peer(envelope) => {
                let to = usize::from(envelope.to.shard.0);
                self.shards[to].handle_peer(*envelope, now);
            }
            Output::Operator { .. } => {}
            Output::Report(report) => self.reports.push(report),
        }
    }

    /// Answers all calls that were kept, and those that come of it; from now on at once.
    pub(crate) fn answer_all(&mut self) {
        self.late = false;
        while !self.calls.is_empty() {
            self.answer_one();
        }
    }

    /// Answers the oldest call that was kept.
    pub(crate) fn answer_one(&mut self) {
        self.answer_next();
        self.settle();
    }

    /// The store does what the oldest call asks, and the answer is lost.
    pub(crate) fn answer_one_unknown(&mut self) {
        self.faults.push_front(Fault::AppliedUnknown);
        self.answer_one();
    }

    /// Closes a room by an operator's order, on whichever shard it is.
    pub(crate) fn close(&mut self, room: &str) {
        let order = wayfare_core::operator::Query::CloseRoom(room.parse().unwrap());
        for shard in &mut self.shards {
            shard.handle_operator(0, &order, self.now);
        }
        self.settle();
    }

    /// The number of rooms on all shards.
    pub(crate) fn rooms(&self) -> usize {
        self.shards.iter().map(|shard| shard.counts().rooms).sum()
    }

    pub(crate) fn calls_kept(&self) -> usize {
        self.calls.len()
    }

    /// Delivers the messages that were kept, in order.
    pub(crate) fn release_peers(&mut self) {
        self.hold_peers = false;
        while let Some(envelope) = self.peers.pop_front() {
            let to = usize::from(envelope.to.shard.0);
            self.shards[to].handle_peer(envelope, self.now);
            self.settle();
        }
    }

    fn answer_next(&mut self) {
        let Some((shard, call, request)) = self.calls.pop_front() else {
            return;
        };
        let unknown = || Err(Failure::Unknown("a test".into()));
        let commit = matches!(request, Request::Commit(_) | Request::CommitLazily(_));
        let outcome = match self.faults.pop_front().unwrap_or(Fault::None) {
            Fault::None => self.store.apply(request),
            Fault::NotDone | Fault::Corrupt => Err(Failure::NotDone("a test".into())),
            Fault::LostUnknown => unknown(),
            Fault::AppliedUnknown => {
                drop(self.store.apply(request));
                unknown()
            }
            Fault::Refused if commit => Ok(Reply::Committed(Commit::Refused)),
            Fault::Refused => self.store.apply(request),
        };
        self.shards[shard].handle_coordination(call, outcome, self.now);
    }

    fn line(&self, shard: usize, connection: ConnectionId) -> usize {
        self.by_connection[&(shard, connection.slot)]
    }

    fn hear(&mut self, shard: usize, connection: ConnectionId, bytes: Bytes) {
        let line = self.line(shard, connection);
        for payload in split(bytes) {
            let body = decode_server(payload).unwrap();
            if let Body::Welcome(welcome) = &body {
                self.lines[line].welcome = Some(welcome.clone());
            }
            self.lines[line].heard.push(body);
        }
    }

    /// Lets time pass; every shard wakes exactly when it asked to.
    pub(crate) fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        self.settle();
        loop {
            let due = self
                .shards
                .iter()
                .filter_map(wayfare_core::Shard::poll_timeout)
                .min();
            match due.filter(|(at, _)| *at <= end) {
                Some((at, _)) => self.now = self.now.max(at),
                None => break,
            }
            for shard in &mut self.shards {
                if shard.poll_timeout().is_some_and(|(at, _)| at <= self.now) {
                    shard.handle_timeout(self.now);
                }
            }
            self.settle();
        }
        self.now = end;
    }

    // ---- clients

    /// A connection to a shard, without a Hello.
    pub(crate) fn connect(&mut self, shard: usize) -> Client {
        let slot = self.lines.len() as u32;
        self.lines.push(Line {
            shard,
            slot,
            ..Line::default()
        });
        self.by_connection
            .insert((shard, slot), self.lines.len() - 1);
        self.shards[shard].handle_connected(
            ConnectionId {
                slot,
                generation: 1,
            },
            self.now,
        );
        self.settle();
        self.lines.len() - 1
    }

    fn id(&self, client: Client) -> (usize, ConnectionId) {
        let line = &self.lines[client];
        (
            line.shard,
            ConnectionId {
                slot: line.slot,
                generation: 1,
            },
        )
    }

    /// Says a frame without letting anything happen behind it.
    pub(crate) fn say_only(&mut self, client: Client, body: Say) {
        let (shard, connection) = self.id(client);
        let payload = client_payload(body);
        self.shards[shard].handle_frame(connection, &payload, self.now);
    }

    pub(crate) fn say(&mut self, client: Client, body: Say) {
        self.say_only(client, body);
        self.settle();
    }

    pub(crate) fn say_raw(&mut self, client: Client, payload: &[u8]) {
        let (shard, connection) = self.id(client);
        self.shards[shard].handle_frame(connection, payload, self.now);
        self.settle();
    }

    pub(crate) fn overhead(&mut self, client: Client, frames: u32) {
        let (shard, connection) = self.id(client);
        self.shards[shard].handle_overhead(connection, frames, self.now);
        self.settle();
    }

    pub(crate) fn drop_connection(&mut self, client: Client) {
        let (shard, connection) = self.id(client);
        self.shards[shard].handle_disconnected(connection, self.now);
        self.settle();
    }

    pub(crate) fn backlog(&mut self, client: Client, bytes: usize) {
        let (shard, connection) = self.id(client);
        self.shards[shard].handle_backlog(connection, bytes, self.now);
        self.settle();
    }

    pub(crate) fn hello(&mut self, client: Client, credential: wire::hello::Credential) {
        self.say(client, hello(1, 1, Some(credential)));
    }

    /// A player with a token, welcome on this shard.
    pub(crate) fn login(&mut self, shard: usize, name: &str) -> Client {
        let client = self.connect(shard);
        self.hello(client, wire::hello::Credential::Token(name.into()));
        client
    }

    /// The same session over a new connection.
    pub(crate) fn resume(&mut self, shard: usize, former: Client) -> Client {
        let ticket = self.lines[former]
            .welcome
            .as_ref()
            .expect("welcome")
            .ticket
            .clone();
        let client = self.connect(shard);
        self.hello(client, wire::hello::Credential::Ticket(ticket));
        client
    }

    pub(crate) fn join_with(&mut self, client: Client, join: wire::Join) -> Option<wire::Joined> {
        self.say(client, Say::Join(join));
        self.lines[client]
            .heard
            .iter()
            .rev()
            .find_map(|body| match body {
                Body::Joined(joined) => Some(joined.clone()),
                _ => None,
            })
    }

    pub(crate) fn join(&mut self, client: Client, room: &str) -> wire::Joined {
        self.join_with(client, join(room)).expect("joined")
    }

    pub(crate) fn command(
        &mut self,
        client: Client,
        stay: &wire::Joined,
        sequence: u64,
        text: &str,
    ) {
        self.say(client, command(stay, sequence, text));
    }

    /// The frames that the client received since the last call, a line each.
    pub(crate) fn heard(&mut self, client: Client) -> Vec<String> {
        std::mem::take(&mut self.lines[client].heard)
            .iter()
            .map(line_of)
            .collect()
    }

    /// The reason for which the client's connection was ended.
    pub(crate) fn ended(&self, client: Client) -> Option<wire::Error> {
        let mut heard = self.lines[client].heard.iter().rev();
        heard.find_map(|body| match body {
            Body::Ended(ended) => ended.error.clone(),
            _ => None,
        })
    }

    pub(crate) fn forget_heard(&mut self) {
        for line in &mut self.lines {
            line.heard.clear();
        }
    }
}

pub(crate) fn hello(min: u32, max: u32, credential: Option<wire::hello::Credential>) -> Say {
    Say::Hello(wire::Hello {
        version_min: min,
        version_max: max,
        sdk: "test".into(),
        credential,
    })
}

pub(crate) fn join(room: &str) -> wire::Join {
    wire::Join {
        room: room.into(),
        sequence: 1,
        ..wire::Join::default()
    }
}

pub(crate) fn command(stay: &wire::Joined, sequence: u64, text: &str) -> Say {
    Say::Command(wire::Command {
        handle: stay.handle,
        membership: stay.membership,
        sequence,
        payload: text.as_bytes().to_vec().into(),
        epoch: stay.epoch,
    })
}

pub(crate) fn attach(stay: &wire::Joined, sequence: u64) -> Say {
    Say::Attach(wire::Attach {
        room: stay.room.clone(),
        handle: stay.handle,
        membership: stay.membership,
        epoch: stay.epoch,
        sequence,
    })
}

pub(crate) fn leave(stay: &wire::Joined, sequence: u64) -> Say {
    Say::Leave(wire::Leave {
        handle: stay.handle,
        membership: stay.membership,
        sequence,
        epoch: stay.epoch,
    })
}

fn check_token(token: &str) -> Result<Player, Refusal> {
    if token == "bad" {
        return Err(Refusal::with_code(ErrorCode::TokenInvalid, "no"));
    }
    Ok(Player {
        id: PlayerId::new(token).unwrap(),
        name: token.into(),
        guest: false,
    })
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).replace('\n', " | ")
}

fn code(error: Option<&wire::Error>) -> String {
    let code = error.and_then(|error| ErrorCode::from_code(error.code));
    code.map_or("?".into(), |code| format!("{code:?}"))
}

fn line_of(body: &Body) -> String {
    match body {
        Body::Welcome(welcome) => format!("welcome resumed={}", welcome.resumed),
        Body::Ended(ended) => format!("ended {}", code(ended.error.as_ref())),
        Body::Joined(joined) => format!("joined @{} [{}]", joined.position, text(&joined.view)),
        Body::JoinRefused(refused) => format!("join refused {}", code(refused.error.as_ref())),
        Body::Event(event) => format!("{} {}", event.sequence, text(&event.payload)),
        Body::Reply(reply) => match &reply.result {
            Some(wire::reply::Result::Payload(payload)) => {
                format!(
                    "{} reply {}: {}",
                    reply.sequence,
                    reply.command,
                    text(payload)
                )
            }
            Some(wire::reply::Result::Error(error)) => {
                format!(
                    "{} reply {}: {}",
                    reply.sequence,
                    reply.command,
                    code(Some(error))
                )
            }
            None => "reply?".into(),
        },
        Body::Applied(applied) => format!("applied {}", applied.applied),
        Body::Position(position) => format!("position {}", position.sequence),
        Body::Attached(attached) => {
            format!(
                "attached from={} applied={}",
                attached.from, attached.applied
            )
        }
        Body::Resync(resync) => {
            format!(
                "resync @{} applied={} [{}]",
                resync.position,
                resync.applied,
                text(&resync.view)
            )
        }
        Body::Left(left) => format!("left {:?} applied={}", left.reason(), left.applied),
        Body::Unreliable(unreliable) => format!("~ {}", text(&unreliable.payload)),
        Body::Pong(pong) => format!("pong {}", pong.nonce),
        Body::Listing(listing) => {
            let rooms: Vec<String> = listing
                .rooms
                .iter()
                .map(|r| format!("{}:{}", r.room, r.members))
                .collect();
            let error = listing
                .error
                .as_ref()
                .map(|error| format!(" {}", code(Some(error))));
            let more = if listing.truncated { " +" } else { "" };
            format!(
                "listing {}{more}{}",
                rooms.join(" "),
                error.unwrap_or_default()
            )
        }
    }
}
