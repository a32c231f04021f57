//! The world of the toy: nodes with clocks, links between them, datagrams, and one coordination.

use std::time::Duration;

use wayfare_engine::model::ModelCoordination;
use wayfare_engine::model::faults::{Delays, FaultyCoordination, Rates, Ticket};
use wayfare_protocol::Instant;
use wayfare_protocol::coordination::Outcome;

use super::one_owner::OneOwner;
use super::register::{Deed, Mistake, Output, Register};
use crate::Violation;
use crate::chance::Chance;
use crate::clock::SimClock;
use crate::queue::EventQueue;
use crate::trace::{Keep, Trace};
use crate::wire::{Pace, SimWire};

const START: Instant = Instant::from_nanos(1_000_000_000_000);
const TROUBLE: Duration = Duration::from_secs(60);
const CALM: Duration = Duration::from_secs(20);
const BAD: Rates = Rates {
    unavailable: 0.03,
    lost: 0.03,
    unanswered: 0.06,
    late: 0.06,
    refused: 0.03,
    slow: 0.2,
    ..Rates::NONE
};

enum Event {
    /// A node wakes, if it is still in this run.
    Wake(usize, u64),
    /// A message may arrive over a link.
    Link(usize, usize),
    /// A datagram arrives.
    Datagram(usize, Deed),
    Store,
    /// An answer for this run of a node.
    Answer(usize, u64, Box<Outcome>),
    Up(usize),
    Fault,
}

struct Node {
    clock: SimClock,
    run: u64,
    /// The register; `None` while the node is down.
    register: Option<Register>,
    paused_until: Instant,
    acted_at: Instant,
}

/// The world; see the module's documentation.
pub struct ToyWorld {
    now: Instant,
    queue: EventQueue<Event>,
    chance: Chance,
    nodes: Vec<Node>,
    /// The links from each node to each other, in the order of the pairs.
    links: Vec<SimWire<Deed>>,
    store: FaultyCoordination,
    asked: std::collections::BTreeMap<Ticket, (usize, u64)>,
    tickets: u64,
    owners: OneOwner,
    mistake: Option<Mistake>,
    troubled: bool,
    trace: Trace,
    deeds: u64,
}

impl ToyWorld {
    /// Makes a world with this number of nodes and this mistake.
    #[must_use]
    pub fn new(seed: u64, nodes: usize, mistake: Option<Mistake>) -> Self {
        let mut chance = Chance::new(seed, "toy");
        let pace = Pace {
            delay: Duration::from_millis(1),
            jitter: Duration::from_millis(20),
            bytes_per_second: 0,
        };
        let store = ModelCoordination::default();
        let store = FaultyCoordination::new(store, chance.any(), BAD, Delays::default());
        let mut world = Self {
            now: START,
            queue: EventQueue::default(),
            nodes: Vec::new(),
            links: vec![SimWire::new(pace); nodes * nodes],
            store,
            asked: std::collections::BTreeMap::new(),
            tickets: 0,
            owners: OneOwner::default(),
            mistake,
            troubled: true,
            trace: Trace::new(Keep::Hash),
            deeds: 0,
            chance,
        };
        // The store is not new, so its revision is informative.
        world.store.alter(|store| {
            let (key, value) = ("begun".into(), bytes::Bytes::new());
            let expect = wayfare_protocol::coordination::Expect::Absent;
            let write = wayfare_protocol::coordination::Write::Put { key, expect, value };
            drop(store.commit(vec![write]));
        });
        for node in 0..nodes {
            let drift = world.chance.below(20_000_001) as i64 - 10_000_000;
            let local = Instant::from_nanos(world.chance.below(1_000_000_000_000));
            world.nodes.push(Node {
                clock: SimClock::new(START, local, drift),
                run: 0,
                register: None,
                paused_until: START,
                acted_at: START,
            });
            world.up(node);
        }
        world.queue.push(START, Event::Fault);
        world
    }

    /// Runs to the end. Returns a hash of everything, and the number of actions.
    ///
    /// # Errors
    /// The first violation.
    pub fn run(&mut self) -> Result<(u64, u64), Violation> {
        self.pass(START + TROUBLE)?;
        self.troubled = false;
        self.store.set_rates(Rates::NONE);
        for index in 0..self.links.len() {
            self.links[index].let_go();
            let count = self.nodes.len();
            self.queue
                .push(self.now, Event::Link(index / count, index % count));
        }
        self.pass(START + TROUBLE + CALM)?;
        let newest = self.nodes.iter().map(|node| node.acted_at).max();
        let converged = newest.is_some_and(|at| self.now.since(at) < Duration::from_secs(1));
        if !converged {
            let what = "nobody acts, long after the last fault".to_owned();
            return Err(Violation::new("converges", Vec::new(), what));
        }
        Ok((self.trace.hash(), self.deeds))
    }

    fn pass(&mut self, end: Instant) -> Result<(), Violation> {
        while let Some((at, event)) = self.queue.pop(end) {
            self.now = at;
            match event {
                Event::Wake(node, run) => self.wake(node, run)?,
                Event::Link(from, to) => self.link(from, to)?,
                Event::Datagram(to, deed) => self.hear(to, deed)?,
                Event::Store => self.store(),
                Event::Answer(node, run, outcome) => self.answer(node, run, outcome)?,
                Event::Up(node) => self.up(node),
                Event::Fault => self.fault(),
            }
        }
        self.now = end;
        Ok(())
    }

    fn up(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        it.run += 1;
        let local = it.clock.local(self.now);
        // No two runs have the same name.
        let run = it.run;
        it.register = Some(Register::new(
            node as u64 * 1_000 + run,
            self.mistake,
            local,
        ));
        self.queue.push(self.now, Event::Wake(node, it.run));
    }

    fn wake(&mut self, node: usize, run: u64) -> Result<(), Violation> {
        let it = &mut self.nodes[node];
        let Some(register) = it.register.as_mut().filter(|_| it.run == run) else {
            return Ok(());
        };
        if it.paused_until > self.now {
            self.queue.push(it.paused_until, Event::Wake(node, run));
            return Ok(());
        }
        register.handle_timeout(it.clock.local(self.now));
        let next = it.clock.world(register.poll_timeout());
        self.queue.push(
            next.max(self.now + Duration::from_millis(1)),
            Event::Wake(node, run),
        );
        self.execute(node)
    }

    fn execute(&mut self, node: usize) -> Result<(), Violation> {
        while let Some(output) = self.nodes[node]
            .register
            .as_mut()
            .and_then(Register::poll_output)
        {
            match output {
                Output::Ask(request) => {
                    self.tickets += 1;
                    let ticket = Ticket(self.tickets);
                    self.asked.insert(ticket, (node, self.nodes[node].run));
                    self.store.handle_request(ticket, request, self.now);
                    self.schedule_store();
                }
                Output::Act(deed) => self.act(node, deed)?,
            }
        }
        Ok(())
    }

    fn act(&mut self, node: usize, deed: Deed) -> Result<(), Violation> {
        self.deeds += 1;
        self.nodes[node].acted_at = self.now;
        let numbers = [node as u64, deed.epoch, deed.number];
        self.trace.step(self.now, &numbers, &[], String::new);
        let now = self.now;
        let others = self.nodes.iter().enumerate().filter(|(other, it)| {
            let may_act = |register: &Register| register.may_act(it.clock.local(now));
            *other != node && it.register.as_ref().is_some_and(may_act)
        });
        let others: Vec<usize> = others.map(|(other, _)| other).collect();
        self.owners.acts(deed, &others)?;
        for to in (0..self.nodes.len()).filter(|to| *to != node) {
            let index = node * self.nodes.len() + to;
            let at = self.links[index].send(deed, 24, now, &mut self.chance);
            self.queue.push(at, Event::Link(node, to));
            // The same messages as datagrams: lost, duplicated and reordered.
            for _ in 0..self.chance.below(3) {
                let at = now + self.chance.millis(0, 400);
                self.queue.push(at, Event::Datagram(to, deed));
            }
        }
        Ok(())
    }

    fn link(&mut self, from: usize, to: usize) -> Result<(), Violation> {
        let index = from * self.nodes.len() + to;
        loop {
            match self.links[index].receive(self.now) {
                Ok(deed) => self.hear(to, deed)?,
                Err(Some(at)) => {
                    self.queue.push(at, Event::Link(from, to));
                    return Ok(());
                }
                Err(None) => return Ok(()),
            }
        }
    }

    fn hear(&mut self, to: usize, deed: Deed) -> Result<(), Violation> {
        let it = &mut self.nodes[to];
        let run = it.run;
        let heard = it
            .register
            .as_mut()
            .is_some_and(|register| register.handle_deed(deed));
        match heard {
            true => self.owners.hears(to, run, deed),
            false => Ok(()),
        }
    }

    fn store(&mut self) {
        self.store.handle_timeout(self.now);
        while let Some((ticket, outcome)) = self.store.poll_output() {
            if let Some((node, run)) = self.asked.remove(&ticket) {
                let answer = Event::Answer(node, run, Box::new(outcome));
                self.queue.push(self.now, answer);
            }
        }
        self.schedule_store();
    }

    /// Delivers an answer, later if the node is paused.
    fn answer(&mut self, node: usize, run: u64, outcome: Box<Outcome>) -> Result<(), Violation> {
        let it = &mut self.nodes[node];
        if it.paused_until > self.now {
            let answer = Event::Answer(node, run, outcome);
            self.queue.push(it.paused_until, answer);
            return Ok(());
        }
        let local = it.clock.local(self.now);
        if let Some(register) = it.register.as_mut().filter(|_| it.run == run) {
            register.handle_outcome(*outcome, local);
            return self.execute(node);
        }
        Ok(())
    }

    fn schedule_store(&mut self) {
        if let Some((at, _)) = self.store.poll_timeout() {
            self.queue.push(at.max(self.now), Event::Store);
        }
    }

    fn fault(&mut self) {
        if !self.troubled {
            return;
        }
        let next = self.now + self.chance.millis(50, 3_000);
        self.queue.push(next, Event::Fault);
        let node = self.chance.index(self.nodes.len());
        let link = self.chance.index(self.links.len());
        let until = self.now + self.chance.millis(100, 6_000);
        // Clocks do not jump here, because a lease depends on similar rates.
        match self.chance.below(5) {
            0 => self.nodes[node].paused_until = until,
            1 => {
                self.nodes[node].register = None;
                self.queue.push(until, Event::Up(node));
            }
            // One direction only: the other one continues.
            2 => self.links[link].hold(until),
            3 => self.links[link].clear(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_through_pauses_crashes_partitions_and_clocks() {
        let mut deeds = 0;
        for seed in 0..200 {
            let mut world = ToyWorld::new(seed, 3 + seed as usize % 3, None);
            match world.run() {
                Ok((_, done)) => deeds += done,
                Err(violation) => panic!("seed {seed}: {violation}"),
            }
        }
        assert!(deeds > 50_000, "{deeds}");
    }

    #[test]
    fn the_same_seed_is_the_same_run() {
        let run = || ToyWorld::new(7, 4, None).run();
        assert_eq!(run(), run());
    }

    #[test]
    fn every_mistake_is_found() {
        for mistake in [
            Mistake::LeaseFromAnswer,
            Mistake::UnknownIsDone,
            Mistake::NoFence,
            Mistake::ImpatientClaim,
            Mistake::NoLease,
        ] {
            let found = (0..400).find(|seed| ToyWorld::new(*seed, 4, Some(mistake)).run().is_err());
            assert!(found.is_some(), "{mistake:?} was not found");
        }
    }
}
