//! A node: its shards, its clock, its engines, and its inputs.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use wayfare_core::cluster::Startup;
use wayfare_core::peer::Envelope;
use wayfare_core::{CallId, ConnectionId, Shard};
use wayfare_engine::model::faults::{Delays, FaultyCoordination, FaultyStorage, Rates, Ticket};
use wayfare_engine::model::{ModelCoordination, ModelStorage};
use wayfare_protocol::{EntityId, Instant, coordination, storage};

use crate::chance::Chance;
use crate::clock::SimClock;
use crate::plan::Plan;

/// An input of a shard.
#[derive(Debug)]
pub(super) enum Input {
    Connected(ConnectionId),
    Frame(ConnectionId, Bytes),
    Disconnected(ConnectionId),
    Backlog(ConnectionId),
    Coordination(CallId, coordination::Outcome),
    Storage(CallId, storage::Outcome),
    Ran(EntityId, u64, Option<Vec<u8>>),
    Peer(Box<Envelope>),
    Began,
    Stop,
}

/// The part of a node that sends a request to an engine.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asker {
    /// The start of a run.
    Startup,
    /// A shard.
    Shard(usize, CallId),
}

/// A shard of a node, with the inputs for its next turn.
pub(super) struct SimShard {
    pub(super) shard: Shard,
    pub(super) inbox: VecDeque<Input>,
    /// The time of its next turn.
    pub(super) turn_at: Option<Instant>,
    pub(super) paused_until: Instant,
    /// The streams by the slots of their connections.
    pub(super) streams: BTreeMap<u32, usize>,
    pub(super) slots_made: u32,
}

/// The node; see the module's documentation.
pub(super) struct SimNode {
    pub(super) name: String,
    pub(super) clock: SimClock,
    pub(super) chance: Chance,
    /// The number of its runs and ends. An answer for another number is dropped.
    pub(super) run: u64,
    /// The start of a run, while it is in progress.
    pub(super) startup: Option<Startup>,
    /// The shards; none while the node is down or starting.
    pub(super) shards: Vec<SimShard>,
    pub(super) paused_until: Instant,
    pub(super) stopping: bool,
    /// The longest time for which a turn waits for more inputs.
    pub(super) gather_max: Duration,
    pub(super) coordination: FaultyCoordination,
    pub(super) storage: FaultyStorage,
    /// The run and the part that sent each request.
    pub(super) asked: BTreeMap<Ticket, (u64, Asker)>,
    pub(super) tickets: u64,
    pub(super) engines_at: Option<Instant>,
}

impl SimNode {
    pub(super) fn new(index: usize, plan: &Plan, chance: &mut Chance, now: Instant) -> Self {
        let drift = chance.below(2 * plan.drift_max + 1) as i64 - plan.drift_max as i64;
        let local = Instant::from_nanos(chance.below(1_000_000_000_000_000));
        let delays = Delays {
            way: *chance.pick(&[Duration::from_micros(200), Duration::from_millis(3)]),
            ..Delays::default()
        };
        let (first, second) = (chance.any(), chance.any());
        Self {
            name: format!("node{index}"),
            clock: SimClock::new(now, local, drift),
            run: 0,
            startup: None,
            shards: Vec::new(),
            paused_until: now,
            stopping: false,
            gather_max: *chance.pick(&[Duration::from_micros(100), Duration::from_millis(5)]),
            coordination: FaultyCoordination::new(
                ModelCoordination::default(),
                first,
                Rates::NONE,
                delays,
            ),
            storage: FaultyStorage::new(ModelStorage::default(), second, Rates::NONE, delays),
            asked: BTreeMap::new(),
            tickets: 0,
            engines_at: None,
            chance: Chance::new(chance.any(), "node"),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        !self.shards.is_empty()
    }

    /// Makes the name of the next request to an engine.
    pub(super) fn ticket(&mut self, asker: Asker) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.asked.insert(ticket, (self.run, asker));
        ticket
    }
}
