//! Coordination and storage of a node: requests go in, answers come when the models return them.

use std::fmt::Debug;

use wayfare_engine::model::faults::Ticket;
use wayfare_protocol::{coordination, storage};

use super::node::{Asker, Input};
use super::{Event, World};

impl World {
    pub(super) fn coordinate(&mut self, node: usize, asker: Asker, request: coordination::Request) {
        let ticket = self.asks(node, asker, &request);
        let engine = &mut self.nodes[node].coordination;
        engine.handle_request(ticket, request, self.now);
        self.schedule_engines(node);
    }

    pub(super) fn store(&mut self, node: usize, asker: Asker, request: storage::Request) {
        let ticket = self.asks(node, asker, &request);
        let engine = &mut self.nodes[node].storage;
        engine.handle_request(ticket, request, self.now);
        self.schedule_engines(node);
    }

    fn asks(&mut self, node: usize, asker: Asker, request: &impl Debug) -> Ticket {
        let it = &mut self.nodes[node];
        let name = &it.name;
        self.trace.remark(|| {
            let words: String = format!("{request:?}").chars().take(300).collect();
            format!("{name} {asker:?} asks {words}")
        });
        it.ticket(asker)
    }

    /// Executes what the engines of a node have to do by now.
    pub(super) fn engines(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        if it.engines_at.is_none_or(|at| at > self.now) {
            return;
        }
        it.engines_at = None;
        it.coordination.handle_timeout(self.now);
        it.storage.handle_timeout(self.now);
        let (mut coordinated, mut stored) = (Vec::new(), Vec::new());
        while let Some((ticket, outcome)) = it.coordination.poll_output() {
            let asked = it.asked.remove(&ticket).filter(|(run, _)| *run == it.run);
            coordinated.extend(asked.map(|(_, asker)| (asker, outcome)));
        }
        while let Some((ticket, outcome)) = it.storage.poll_output() {
            let asked = it.asked.remove(&ticket).filter(|(run, _)| *run == it.run);
            stored.extend(asked.map(|(_, asker)| (asker, outcome)));
        }
        for (asker, outcome) in coordinated {
            match asker {
                Asker::Startup => self.startup_answered(node, outcome),
                Asker::Shard(shard, call) => {
                    self.reach(node, shard, Input::Coordination(call, outcome));
                }
            }
        }
        for (asker, outcome) in stored {
            if let Asker::Shard(shard, call) = asker {
                self.reach(node, shard, Input::Storage(call, outcome));
            }
        }
        self.schedule_engines(node);
    }

    pub(super) fn schedule_engines(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        let due = [it.coordination.poll_timeout(), it.storage.poll_timeout()];
        let due = due.into_iter().flatten().map(|(at, _)| at).min();
        let Some(due) = due.map(|at| at.max(self.now)) else {
            return;
        };
        if it.engines_at.is_none_or(|at| due < at) {
            it.engines_at = Some(due);
            self.queue.push(due, Event::Engines(node));
        }
    }
}
