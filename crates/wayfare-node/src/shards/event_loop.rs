//! The loop of a shard's thread. It feeds events, mail and time to the core, and flushes the frames
//! once a turn.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant as Deadline};

use bytes::Bytes;
use mio::{Events, Poll};
use tokio::sync::oneshot;
use wayfare_core::game::Kinds;
use wayfare_core::operator::Report;
use wayfare_core::peer::Envelope;
use wayfare_core::{ConnectionId, Output, Report as CoreReport, Shard};
use wayfare_protocol::limits::FRAME_BYTES_MAX;
use wayfare_protocol::{Address, ErrorCode, Instant};
use wayfare_transport::memory::ShardEnd;
use wayfare_transport::{Connection, Flush, WebSocket};

use super::answers::Answers;
use super::asking::Answer as EngineAnswer;
use super::connections::Connections;
use super::mailbox::{Mail, Mailbox, shard_of};
use super::plan::ShardPlan;
use super::reports::Reports;
use super::tally::Tally;
use super::watchdog::ShardWatch;
use super::{NodeServices, clock};

/// The events taken from the system at once: enough for a turn, so that no connection waits for
/// long.
pub(super) const EVENTS_MAX: usize = 1024;
/// The bytes read from one connection in one turn, beside the limit on its frames that
/// `Connection::read` has.
const SCRATCH_BYTES: usize = FRAME_BYTES_MAX;
/// The time limit for a close to reach the client.
pub(super) const LINGER: Duration = Duration::from_secs(5);
/// The offset of WebSocket close codes: error codes begin at 1000, WebSocket's private range at
/// 4000.
const CLOSE_CODE_BASE: u32 = 3000;

/// The time that clients get at a stop to read the close frame, if they do not answer it.
const STOP_LINGER: Duration = Duration::from_secs(1);

struct Stopping {
    since: Deadline,
    deadline: Deadline,
}

pub(crate) struct EventLoop {
    pub(super) shard: Shard,
    address: Address,
    pub(super) poll: Poll,
    pub(super) connections: Connections,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) services: Arc<NodeServices>,
    pub(super) answers: Answers<EngineAnswer>,
    watch: Arc<ShardWatch>,
    pub(super) scratch: Vec<u8>,
    /// The number of this turn.
    pub(super) turns: u64,
    mail: Vec<Mail>,
    /// Connections to flush at the end of this turn.
    dirty: Vec<ConnectionId>,
    /// Connections to read again in the next turn, even without an event.
    pub(super) unread: Vec<ConnectionId>,
    /// Connections that are closing, oldest first.
    pub(super) lingering: VecDeque<(Instant, ConnectionId)>,
    memory: BTreeMap<u64, ConnectionId>,
    /// Messages for each shard, sent at the end of this turn.
    outgoing: Vec<Vec<Envelope>>,
    questions: BTreeMap<u64, oneshot::Sender<Report>>,
    questions_asked: u64,
    stopping: Option<Stopping>,
    pub(super) tally: Tally,
    reports: Reports,
    /// When the wall clock is read again.
    wall_clock_at: Instant,
}

impl EventLoop {
    pub(crate) fn new(
        index: usize,
        poll: Poll,
        kinds: Kinds,
        plan: &ShardPlan,
        services: Arc<NodeServices>,
    ) -> Self {
        let watch = Arc::clone(&services.watches[index]);
        let config = plan.config(index, &services.engines, &watch);
        let address = config.address.clone();
        let shard = Shard::new(config, kinds, plan.seed(index), clock::now());
        let mailbox = Arc::clone(&services.mailboxes[index]);
        let bell = Arc::clone(&mailbox);
        Self {
            shard,
            address,
            poll,
            connections: Connections::default(),
            mailbox,
            answers: Answers::new(move || bell.ring()),
            watch,
            outgoing: services.mailboxes.iter().map(|_| Vec::new()).collect(),
            services,
            scratch: vec![0; SCRATCH_BYTES],
            turns: 0,
            mail: Vec::new(),
            dirty: Vec::new(),
            unread: Vec::new(),
            lingering: VecDeque::new(),
            memory: BTreeMap::new(),
            questions: BTreeMap::new(),
            questions_asked: 0,
            stopping: None,
            tally: Tally::of_shard(index),
            reports: Reports::default(),
            wall_clock_at: clock::now() + clock::WALL_CLOCK_EVERY,
        }
    }

    /// Runs turns until the shard is asked to stop.
    pub(crate) fn run(mut self) {
        let runtime = self.services.runtime.clone();
        // Engines that are reached over a network use the runtime's reactor.
        let _entered = runtime.enter();
        let mut events = Events::with_capacity(EVENTS_MAX);
        while !self.is_over() {
            let timeout = match self.answers.may_sleep() {
                true => self.timeout(),
                false => Some(Duration::ZERO),
            };
            if let Err(error) = self.poll.poll(&mut events, timeout)
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "the event queue failed");
            }
            self.watch.turn();
            self.answers.woke();
            self.turn(&mut events);
            self.watch.turn();
        }
        self.mailbox.close();
    }

    /// Returns true if the shard is stopping, and either every client was notified or the deadline
    /// passed. A client that does not answer the close is given only a moment to read it.
    fn is_over(&self) -> bool {
        self.stopping.as_ref().is_some_and(|stopping| {
            let now = Deadline::now();
            let told = now >= stopping.since + STOP_LINGER && self.connections.are_flushed();
            self.connections.len() == 0 || told || now >= stopping.deadline
        })
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.unread.is_empty() {
            return Some(Duration::ZERO);
        }
        let due = self.shard.poll_timeout().map(|(at, _)| at);
        let linger = self.lingering.front().map(|(at, _)| *at);
        let now = clock::now();
        let wall_clock = [self.wall_clock_at].into_iter();
        let sooner = wall_clock
            .chain(due)
            .chain(linger)
            .min()
            .map(|at| at.since(now));
        let stop = self.stopping.as_ref().map(|_| STOP_LINGER / 10);
        sooner.into_iter().chain(stop).min()
    }

    fn turn(&mut self, events: &mut Events) {
        let now = clock::now();
        if self.wall_clock_at <= now {
            self.wall_clock_at = now + clock::WALL_CLOCK_EVERY;
            self.shard.handle_wall_clock(clock::unix(), now);
        }
        self.turns += 1;
        self.take_events(events, now);
        for id in std::mem::take(&mut self.unread) {
            if let Some(entry) = self.connections.get_mut(id) {
                entry.unread = false;
                if entry.more {
                    self.read(id, now);
                }
            }
        }
        let is_due = |shard: &Shard| shard.poll_timeout().is_some_and(|(at, _)| at <= now);
        if is_due(&self.shard) {
            self.catch_up(events, now);
        }
        self.take_mail(now);
        self.take_answers(now);
        if is_due(&self.shard) {
            self.shard.handle_timeout(now);
        }
        self.end_lingering(now);
        self.finish(now);
        self.tally.flush();
    }

    // ---- in

    fn take_mail(&mut self, now: Instant) {
        let mut mail = std::mem::take(&mut self.mail);
        self.mailbox.take(&mut mail);
        for mail in mail.drain(..) {
            match mail {
                Mail::Connect(stream, early) => self.connect(stream, early, now),
                Mail::ConnectMemory(key, end) => self.connect_memory(key, end, now),
                Mail::MemoryReady(key) => {
                    if let Some(id) = self.memory.get(&key).copied() {
                        self.writable(id);
                        self.read(id, now);
                    }
                }
                Mail::Peers(envelopes) => {
                    for envelope in envelopes {
                        self.shard.handle_peer(envelope, now);
                    }
                }
                Mail::Began => self.shard.handle_began(now),
                Mail::Ran(entity, run, note) => self.shard.handle_ran(&entity, run, note, now),
                Mail::Ask(question, reply) => {
                    self.questions_asked += 1;
                    self.questions.insert(self.questions_asked, reply);
                    self.shard
                        .handle_operator(self.questions_asked, &question, now);
                }
                Mail::Stop(deadline) => {
                    let since = Deadline::now();
                    self.stopping = Some(Stopping { since, deadline });
                    self.shard.handle_stop(now);
                }
            }
        }
        self.mail = mail;
    }

    fn connect(&mut self, stream: std::net::TcpStream, early: Bytes, now: Instant) {
        let stream = mio::net::TcpStream::from_std(stream);
        let socket = WebSocket::server(stream, early, FRAME_BYTES_MAX);
        let id = self.connections.insert(Connection::from(socket));
        if let Err(error) = self.connections.register(id, self.poll.registry()) {
            tracing::error!(%error, "a connection could not be registered");
            return self.drop_connection(id);
        }
        self.shard.handle_connected(id, now);
        self.read(id, now);
    }

    fn connect_memory(&mut self, key: u64, end: ShardEnd, now: Instant) {
        let id = self.connections.insert(Connection::from(end));
        self.memory.insert(key, id);
        self.shard.handle_connected(id, now);
        self.read(id, now);
    }

    // ---- out

    /// Executes the shard's outputs and flushes queued frames, until there are no more.
    fn finish(&mut self, now: Instant) {
        loop {
            while let Some(output) = self.shard.poll_output() {
                self.execute(output, now);
            }
            if self.dirty.is_empty() && !self.take_answers(now) {
                break;
            }
            let mut dirty = std::mem::take(&mut self.dirty);
            for id in dirty.drain(..) {
                self.flush(id, now);
            }
            if self.dirty.is_empty() {
                self.dirty = dirty;
            }
        }
        for (index, envelopes) in self.outgoing.iter_mut().enumerate() {
            if !envelopes.is_empty() {
                let envelopes = std::mem::take(envelopes);
                self.services.mailboxes[index].post(Mail::Peers(envelopes));
            }
        }
    }

    fn execute(&mut self, output: Output, now: Instant) {
        match output {
            Output::Send { connection, bytes } => {
                if let Some(entry) = self.connections.get_mut(connection) {
                    self.tally.queued(bytes.len());
                    entry.connection.queue(bytes);
                    self.mark_dirty(connection);
                }
            }
            Output::Close {
                connection,
                code,
                abort,
            } => self.close(connection, code, abort, now),
            Output::Pause(connection) => {
                if let Some(entry) = self.connections.get_mut(connection) {
                    entry.paused = true;
                }
            }
            Output::Resume(connection) => {
                if let Some(entry) = self.connections.get_mut(connection)
                    && std::mem::replace(&mut entry.paused, false)
                    && entry.more
                {
                    self.mark_unread(connection);
                }
            }
            Output::Authenticate { connection, token } => {
                let outcome = self.services.authenticator.authenticate(&token);
                self.shard.handle_authenticated(connection, outcome, now);
            }
            Output::Coordinate { call, request } => self.coordinate(call, request, now),
            Output::Store { call, request } => self.store(call, request, now),
            Output::Run { entity, run, work } => self.run_work(entity, run, work),
            Output::Peer(envelope) => {
                let shard = shard_of(&self.address, &envelope.to);
                match shard.and_then(|shard| self.outgoing.get_mut(shard)) {
                    Some(outgoing) => outgoing.push(*envelope),
                    // Links to other nodes do not exist yet.
                    None => {
                        let to = Box::new(envelope.to);
                        self.reports.tell(&CoreReport::Misdirected { to }, now);
                    }
                }
            }
            Output::Operator { question, answer } => {
                if let Some(reply) = self.questions.remove(&question) {
                    // The operator may have disconnected.
                    drop(reply.send(*answer));
                }
            }
            Output::Report(report) => self.reports.tell(&report, now),
        }
    }

    pub(super) fn mark_dirty(&mut self, id: ConnectionId) {
        if let Some(entry) = self.connections.get_mut(id)
            && !std::mem::replace(&mut entry.dirty, true)
        {
            self.dirty.push(id);
        }
    }

    fn flush(&mut self, id: ConnectionId, now: Instant) {
        let Some(entry) = self.connections.get_mut(id) else {
            return;
        };
        entry.dirty = false;
        // A blocked connection is not flushed again before it is writable.
        let flushed = match entry.blocked {
            true => Flush::Blocked,
            false => entry.connection.flush(),
        };
        match flushed {
            Flush::Drained => {
                if std::mem::replace(&mut entry.behind, false) && !entry.closing {
                    self.shard.handle_backlog(id, 0, now);
                }
            }
            Flush::Blocked => {
                entry.blocked = true;
                entry.behind = true;
                if !entry.closing {
                    let bytes = entry.connection.queued_bytes();
                    self.shard.handle_backlog(id, bytes, now);
                }
            }
            Flush::Closed(closed) => self.ended(id, closed, now),
        }
    }

    fn close(&mut self, id: ConnectionId, code: Option<ErrorCode>, abort: bool, now: Instant) {
        let Some(entry) = self.connections.get_mut(id) else {
            return;
        };
        if abort {
            return self.drop_connection(id);
        }
        entry.closing = true;
        let (code, reason) = match code {
            None => (1000, String::new()),
            Some(code) => (CLOSE_CODE_BASE + code.code(), format!("{code:?}")),
        };
        entry
            .connection
            .begin_close(u16::try_from(code).unwrap_or(1011), &reason);
        if std::mem::replace(&mut entry.paused, false) && entry.more {
            self.mark_unread(id);
        }
        self.lingering.push_back((now + LINGER, id));
        self.mark_dirty(id);
    }

    fn end_lingering(&mut self, now: Instant) {
        while self.lingering.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, id)) = self.lingering.pop_front() {
                self.drop_connection(id);
            }
        }
    }

    pub(super) fn drop_connection(&mut self, id: ConnectionId) {
        let Some(mut entry) = self.connections.remove(id) else {
            return;
        };
        if let Connection::Memory(_) = entry.connection {
            self.memory.retain(|_, known| *known != id);
        }
        if let Err(error) = entry.connection.deregister(self.poll.registry()) {
            tracing::debug!(%error, "a connection could not be deregistered");
        }
        self.mailbox.disconnected();
        if !entry.closing {
            self.shard.handle_disconnected(id, clock::now());
        }
    }
}
