//! What every part of a shard works with: its settings, the time, chance, and the way out.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use wayfare_protocol::{Address, EntityId, Epoch, ErrorCode, Instant};
use wayfare_protocol::{coordination, storage};

use crate::calls::{Asker, CallId, Calls};
use crate::config::ShardConfig;
use crate::departed::Departed;
use crate::game::{Kinds, Work};
use crate::operator;
use crate::peer::{Envelope, Message};
use crate::releases::Releases;
use crate::step::StepBuilder;
use crate::turn::Outbox;

/// A transport connection of this shard; the number is the driver's, and never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId {
    /// Where the driver keeps it: small, used again after it closed.
    pub slot: u32,
    /// Tells apart connections that used the same slot.
    pub generation: u32,
}

/// What a shard wants done.
#[derive(Debug)]
pub enum Output {
    /// Queue these whole frames on a connection.
    Send {
        /// Which.
        connection: ConnectionId,
        /// Frames with their headers.
        bytes: Bytes,
    },
    /// Close a connection. Frames queued before go out first, unless `abort`.
    Close {
        /// Which.
        connection: ConnectionId,
        /// Why; `None` if the client asked.
        code: Option<ErrorCode>,
        /// At once, dropping what is queued.
        abort: bool,
    },
    /// Read no more from a connection: its client is over its rate.
    Pause(ConnectionId),
    /// Read on.
    Resume(ConnectionId),
    /// Check a token, and answer with [`crate::Shard::handle_authenticated`].
    Authenticate {
        /// Whose.
        connection: ConnectionId,
        /// The token as the client sent it.
        token: String,
    },
    /// Ask coordination, and answer with [`crate::Shard::handle_coordination`].
    Coordinate {
        /// Names the answer.
        call: CallId,
        /// What.
        request: coordination::Request,
    },
    /// Ask storage, and answer with [`crate::Shard::handle_storage`].
    Store {
        /// Names the answer.
        call: CallId,
        /// What.
        request: storage::Request,
    },
    /// Run a future to its end, and bring what it brings with [`crate::Shard::handle_ran`]. It
    /// begins on this node and stays there, however its entity moves.
    Run {
        /// Whose.
        entity: EntityId,
        /// Names its end, among those of this entity.
        run: u64,
        /// The future.
        work: Work,
    },
    /// Bring this to another shard. Boxed: nearly all outputs are sends, and are moved by value.
    Peer(Box<Envelope>),
    /// The answer to an operator.
    Operator {
        /// Whose question.
        question: u64,
        /// The answer.
        answer: Box<operator::Answer>,
    },
    /// Something to log.
    Report(Report),
}

/// Something an operator or a game's author wants to know; nothing depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// A handler panicked.
    Panicked {
        /// The room.
        entity: EntityId,
        /// Which handler.
        handler: &'static str,
        /// What it said.
        panic: String,
    },
    /// A room started again after a panic.
    Restarted {
        /// The room.
        entity: EntityId,
    },
    /// A room opened.
    Opened {
        /// The room.
        entity: EntityId,
    },
    /// A room closed.
    Closed {
        /// The room.
        entity: EntityId,
    },
    /// Ticks that could not be run in time were left out.
    TicksSkipped {
        /// The room.
        entity: EntityId,
        /// How many.
        skipped: u64,
    },
    /// A note did not decode.
    NoteLost {
        /// The room.
        entity: EntityId,
        /// Why.
        reason: String,
    },
    /// A snapshot could not be taken; the one before is kept.
    SnapshotFailed {
        /// The room.
        entity: EntityId,
        /// Why.
        reason: String,
    },
    /// A property beyond the limit was not set.
    PropertiesFull {
        /// The room.
        entity: EntityId,
    },
    /// A session began.
    SessionOpened {
        /// Whose.
        player: wayfare_protocol::PlayerId,
    },
    /// A connection was ended by the shard.
    Refused {
        /// Why.
        code: ErrorCode,
        /// In words.
        message: String,
    },
    /// A record that does not decode.
    CorruptRecord(wayfare_protocol::records::CorruptRecord),
    /// Coordination did not do what a shard needed.
    CoordinationFailed(coordination::Failure),
    /// Storage did not do what an entity needed; it is asked again.
    StorageFailed {
        /// Whose.
        entity: EntityId,
        /// Why.
        failure: storage::Failure,
    },
    /// What is kept of an entity cannot be read. It was put aside for an operator, and the entity
    /// begins anew.
    Quarantined {
        /// Whose.
        entity: EntityId,
        /// What is wrong with it.
        reason: String,
    },
    /// A state is too large for its form, or does not encode: the step is undone.
    NotKept {
        /// Whose.
        entity: EntityId,
        /// Why.
        reason: String,
    },
    /// Records for a log of the game that is damaged: they are dropped.
    NotLogged {
        /// Whose.
        entity: EntityId,
        /// The log.
        log: String,
        /// How many.
        records: usize,
        /// What is wrong with the log.
        reason: String,
    },
    /// An entity came back from storage.
    Recovered {
        /// Which.
        entity: EntityId,
    },
    /// An idle entity was put away: storage keeps it until somebody wants it.
    PutAway {
        /// Which.
        entity: EntityId,
    },
    /// Another owner has sealed what this shard took for its own.
    Fenced {
        /// Which entity.
        entity: EntityId,
        /// The epoch of the seal.
        by: Epoch,
    },
}

/// Builders kept for the next turn: as many as rooms are busy at once, on a busy shard.
const BUILDERS_MAX: usize = 256;

/// Boxed: an idle room keeps a word for the builder it does not have.
pub(crate) type Builder = Box<StepBuilder>;

/// See the module's words.
pub(crate) struct Environment {
    pub(crate) config: ShardConfig,
    pub(crate) kinds: Kinds,
    pub(crate) now: Instant,
    pub(crate) rng: RefCell<ChaCha8Rng>,
    pub(crate) outbox: RefCell<Outbox>,
    /// Where a handler's reply is written.
    pub(crate) reply: Vec<u8>,
    pub(crate) outputs: VecDeque<Output>,
    /// Messages of this shard to itself.
    pub(crate) local: VecDeque<Message>,
    pub(crate) calls: Calls,
    pub(crate) departed: Departed,
    pub(crate) releases: Releases,
    builders: Vec<Builder>,
}

impl Environment {
    pub(crate) fn new(config: ShardConfig, kinds: Kinds, rng: ChaCha8Rng, now: Instant) -> Self {
        Self {
            config,
            kinds,
            now,
            rng: RefCell::new(rng),
            outbox: RefCell::default(),
            reply: Vec::new(),
            outputs: VecDeque::new(),
            local: VecDeque::new(),
            calls: Calls::default(),
            departed: Departed::default(),
            releases: Releases::default(),
            builders: Vec::new(),
        }
    }

    pub(crate) fn is_here(&self, address: &Address) -> bool {
        *address == self.config.address
    }

    /// Whether this is an earlier incarnation of this node: what it had is lost or left.
    pub(crate) fn is_former(&self, address: &Address) -> bool {
        let here = &self.config.address;
        if self.config.alone {
            return (&address.node, address.incarnation) != (&here.node, here.incarnation);
        }
        address.node == here.node && address.incarnation < here.incarnation
    }

    /// Whether this is a shard that may be told something, and not this one.
    pub(crate) fn is_elsewhere(&self, address: &Address) -> bool {
        !self.is_here(address) && !self.is_former(address)
    }

    /// Brings a message to a shard, this one included.
    pub(crate) fn post(&mut self, to: Address, message: Message) {
        if self.is_here(&to) {
            self.local.push_back(message);
        } else {
            let from = self.config.address.clone();
            let envelope = Box::new(Envelope { to, from, message });
            self.outputs.push_back(Output::Peer(envelope));
        }
    }

    /// Asks coordination on behalf of `asker`.
    pub(crate) fn ask(&mut self, asker: Asker, request: coordination::Request) {
        let call = self.calls.begin(asker);
        self.outputs.push_back(Output::Coordinate { call, request });
    }

    /// Asks storage on behalf of `asker`.
    pub(crate) fn store(&mut self, asker: Asker, request: storage::Request) {
        let call = self.calls.begin(asker);
        self.outputs.push_back(Output::Store { call, request });
    }

    /// The wall clock, as a guess.
    pub(crate) fn unix(&self) -> Duration {
        self.config.unix_origin + self.now.since(Instant::ORIGIN)
    }

    pub(crate) fn report(&mut self, report: Report) {
        self.outputs.push_back(Output::Report(report));
    }

    pub(crate) fn random_u64(&mut self) -> u64 {
        self.rng.get_mut().next_u64()
    }

    pub(crate) fn random_u128(&mut self) -> u128 {
        u128::from(self.random_u64()) << 64 | u128::from(self.random_u64())
    }

    pub(crate) fn take_builder(&mut self) -> Builder {
        self.builders.pop().unwrap_or_default()
    }

    pub(crate) fn return_builder(&mut self, builder: Builder) {
        if self.builders.len() < BUILDERS_MAX {
            self.builders.push(builder);
        }
    }
}
