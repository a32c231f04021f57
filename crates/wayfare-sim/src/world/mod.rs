//! The world: nodes, seats, streams between them, faults, and the queue of events.

mod ending;
mod engines;
mod liars;
mod node;
mod nodes;
mod seat;
mod seats;
mod startups;
mod streams;
mod trouble;
mod unvisited;

use std::collections::BTreeSet;
use std::time::Duration;

use wayfare_core::game::{Kinds, Work};
use wayfare_protocol::{EntityId, Instant};

use crate::chance::Chance;
use crate::invariants::{Judge, Violation};
use crate::plan::Plan;
use crate::queue::EventQueue;
use crate::trace::{Keep, Trace};
use crate::{stub_room, stub_tally};

use node::SimNode;
use seat::Seat;
use streams::Stream;
use unvisited::Seen;

/// The time at which a run begins.
const START: Instant = Instant::from_nanos(1_000_000_000_000);

/// An event.
enum Event {
    /// A shard has work.
    Turn {
        node: usize,
        shard: usize,
    },
    /// Messages may have arrived at the server's end, or at the client's.
    Up(usize),
    Down(usize),
    /// A connection attempt succeeds or fails.
    Reached(usize),
    /// An end learns that its connection is lost.
    ServerTold(usize),
    ClientTold(usize),
    /// A connection's backlog may have become smaller.
    Drained(usize),
    /// A client asked to be woken, or its player acts.
    SeatWakes(u32),
    SeatActs(u32),
    /// A player whose seat is gone gets a new one.
    Returns(usize),
    /// An engine of a node has work.
    Engines(usize),
    /// A future ends.
    Ran(Box<Run>),
    /// A node begins its next run, or a stopped process ends.
    NodeUp(usize),
    Stopped(usize),
    /// A start asked to be woken.
    StartupWakes {
        node: usize,
        run: u64,
    },
    /// An engine recovers from a fault.
    EngineWell {
        node: usize,
        storage: bool,
    },
    /// The next fault occurs.
    Fault,
    /// The check of the invariants that are not checked at every step.
    Look,
}

/// A future of a room.
struct Run {
    node: usize,
    /// The run of the node that started it.
    life: u64,
    shard: usize,
    entity: EntityId,
    run: u64,
    work: Option<Work>,
}

/// The behaviour of players.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// All actions of the plan.
    Wild,
    /// Chat only.
    Calm,
    /// No actions.
    Quiet,
}

/// The observation of a run, besides its seed and plan.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// The amount of trace to record.
    pub keep: Keep,
    /// The number of faults after which there are no more.
    pub faults_max: u64,
    /// The number of steps after which the run ends as successful.
    pub steps_max: u64,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            keep: Keep::Hash,
            faults_max: u64::MAX,
            steps_max: u64::MAX,
        }
    }
}

/// The numbers of events in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each counts what it is named after")]
pub struct Tally {
    pub steps: u64,
    pub simulated: Duration,
    pub faults: u64,
    pub kills: u64,
    pub connections: u64,
    pub deeds: u64,
    pub done: u64,
    pub refused: u64,
    pub unknown: u64,
    pub events: u64,
    pub resyncs: u64,
    pub fell_back: u64,
    pub recovered: u64,
    pub restarted: u64,
}

/// The world; see the module's documentation.
pub struct World {
    plan: Plan,
    now: Instant,
    queue: EventQueue<Event>,
    pub(crate) trace: Trace,
    nodes: Vec<SimNode>,
    kinds: Kinds,
    seats: Vec<Seat>,
    streams: Vec<Stream>,
    judge: Judge,
    seen: Seen,
    /// The views of the auditors at the end.
    audits: std::collections::BTreeMap<usize, (u32, crate::saying::View)>,
    violation: Option<Violation>,
    tally: Tally,
    watch: Watch,
    mood: Mood,
    troubled: bool,
    /// The number of commands so far that a room must fail on.
    panics: u64,
    /// The number of faults of nodes and engines so far.
    node_faults: u64,
    /// The players that somebody removed from a room.
    kicked: BTreeSet<(usize, usize)>,
    /// The rooms that somebody closed.
    room_has_ended: Vec<bool>,
    /// The random streams of the network, the players and the faults.
    network: Chance,
    players: Chance,
    trouble: Chance,
}

impl World {
    /// Makes a world at its beginning.
    #[must_use]
    pub fn new(seed: u64, plan: Plan, watch: Watch) -> Self {
        let mut kinds: Vec<_> = (0..plan.rooms.len())
            .map(|room| {
                let of = &plan.rooms[room];
                stub_room::kind(&kind_name(room), of)
            })
            .collect();
        kinds.push(stub_tally::kind(&wayfare_core::game::KindSettings {
            empty_grace: Some(Duration::from_secs(3)),
            ..Default::default()
        }));
        let mut world = Self {
            judge: Judge::new(&plan),
            now: START,
            queue: EventQueue::default(),
            trace: Trace::new(watch.keep),
            nodes: Vec::new(),
            kinds: Kinds::new(kinds),
            seats: Vec::new(),
            streams: Vec::new(),
            seen: Seen::default(),
            audits: std::collections::BTreeMap::new(),
            violation: None,
            tally: Tally::default(),
            watch,
            mood: Mood::Wild,
            troubled: true,
            panics: 0,
            node_faults: 0,
            kicked: BTreeSet::new(),
            room_has_ended: vec![false; plan.rooms.len()],
            network: Chance::new(seed, "network"),
            players: Chance::new(seed, "players"),
            trouble: Chance::new(seed, "trouble"),
            plan,
        };
        world.begin(&mut Chance::new(seed, "nodes"));
        world
    }

    /// Runs to the end. Returns the numbers of events, or the violation.
    pub fn run(&mut self) -> Result<Tally, Violation> {
        let outcome = self.play();
        self.tally.steps = self.trace.steps();
        self.tally.simulated = self.now.since(START);
        outcome.map(|()| self.tally)
    }

    /// Returns the trace.
    #[must_use]
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Returns the numbers of events so far.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    fn begin(&mut self, chance: &mut Chance) {
        for node in 0..self.plan.nodes {
            let made = SimNode::new(node, &self.plan, chance, self.now);
            self.nodes.push(made);
            self.node_up(node);
        }
        for player in 0..self.plan.players {
            self.new_seat(player);
        }
        self.schedule_fault();
        self.queue.push(self.now + LOOK_EVERY, Event::Look);
    }

    /// Processes all events up to `end`.
    fn pass(&mut self, end: Instant) -> Result<(), Violation> {
        while let Some((at, event)) = self.queue.pop(end) {
            self.now = at;
            self.happen(event);
            if let Some(violation) = self.violation.take() {
                return Err(violation);
            }
            if self.trace.steps() >= self.watch.steps_max {
                return Ok(());
            }
        }
        self.now = end;
        Ok(())
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Turn { node, shard } => self.turn(node, shard),
            Event::Up(stream) => self.up(stream),
            Event::Down(stream) => self.down(stream),
            Event::Reached(stream) => self.reached(stream),
            Event::ServerTold(stream) => self.server_told(stream),
            Event::ClientTold(stream) => self.client_told(stream),
            Event::Drained(stream) => self.drained(stream),
            Event::SeatWakes(seat) => self.seat_wakes(seat),
            Event::SeatActs(seat) => self.seat_acts(seat),
            Event::Returns(player) => self.new_seat(player),
            Event::Engines(node) => self.engines(node),
            Event::Ran(run) => self.ran(*run),
            Event::NodeUp(node) => self.node_up(node),
            Event::StartupWakes { node, run } => self.startup_wakes(node, run),
            Event::Stopped(node) => self.stopped(node),
            Event::EngineWell { node, storage } => self.engine_well(node, storage),
            Event::Fault => self.fault(),
            Event::Look => self.look(),
        }
    }

    /// Records a violation. Only the first one counts.
    fn judge<T>(&mut self, outcome: Result<T, Violation>) -> Option<T> {
        match outcome {
            Ok(it) => Some(it),
            Err(violation) if self.is_own_fault(&violation) => None,
            Err(violation) => {
                self.trace.remark(|| format!("VIOLATION {violation}"));
                self.violation.get_or_insert(violation);
                None
            }
        }
    }

    fn look(&mut self) {
        self.look_at_memory();
        self.queue.push(self.now + LOOK_EVERY, Event::Look);
    }

    /// Returns the node on which a room lives.
    fn node_of(&self, room: usize) -> usize {
        room % self.nodes.len()
    }
}

/// The interval of checks that would be too expensive at every step.
const LOOK_EVERY: Duration = Duration::from_millis(500);

fn kind_name(room: usize) -> String {
    format!("room{room}")
}

fn room_id(room: usize) -> EntityId {
    EntityId::new(&kind_name(room), "main").expect("a name like that")
}
