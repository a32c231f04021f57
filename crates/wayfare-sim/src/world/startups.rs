//! The starts of nodes: the core's own machine, with its requests under the faults of coordination.

use std::num::NonZeroU32;
use std::time::Duration;

use wayfare_core::cluster::{self, Output, Sharing, Startup, StartupPlan};
use wayfare_core::{Shard, ShardConfig, ShardSettings};
use wayfare_protocol::NodeId;
use wayfare_protocol::coordination::Outcome;

use super::node::{Asker, Input, SimShard};
use super::{Event, World};

/// The time after which a process whose start failed is started again.
const START_AGAIN: Duration = Duration::from_secs(1);

impl World {
    /// Begins the next run of a node.
    pub(super) fn node_up(&mut self, node: usize) {
        let sharing = match self.plan.server.inside {
            true => Sharing::Exclusive,
            false => Sharing::Shared,
        };
        let it = &mut self.nodes[node];
        it.run += 1;
        it.stopping = false;
        it.paused_until = self.now;
        // The wall clock of a machine may be set back.
        let wall = Duration::from_secs(1_700_000_000 + it.chance.below(10_000));
        let plan = StartupPlan {
            node: NodeId::new(&it.name).expect("a name like that"),
            version: "sim".into(),
            wall,
            fresh_key: it.chance.bytes(),
            sharing,
        };
        it.startup = Some(Startup::new(plan, it.clock.local(self.now)));
        self.go_on_starting(node);
    }

    /// Handles the answer to a request of a start.
    pub(super) fn startup_answered(&mut self, node: usize, outcome: Outcome) {
        let it = &mut self.nodes[node];
        if let Some(startup) = &mut it.startup {
            startup.handle_coordination(outcome, it.clock.local(self.now));
            self.go_on_starting(node);
        }
    }

    /// Wakes a start.
    pub(super) fn startup_wakes(&mut self, node: usize, run: u64) {
        let it = &mut self.nodes[node];
        if it.run != run {
            return;
        }
        if let Some(startup) = &mut it.startup {
            startup.handle_timeout(it.clock.local(self.now));
            self.go_on_starting(node);
        }
    }

    fn go_on_starting(&mut self, node: usize) {
        loop {
            let it = &mut self.nodes[node];
            let Some(startup) = &mut it.startup else {
                return;
            };
            let Some(output) = startup.poll_output() else {
                if let Some((at, _)) = startup.poll_timeout() {
                    let (at, run) = (it.clock.world(at).max(self.now), it.run);
                    self.queue.push(at, Event::StartupWakes { node, run });
                }
                return;
            };
            match output {
                Output::Coordinate(request) => {
                    self.coordinate(node, Asker::Startup, request);
                }
                Output::Report(report) => {
                    let name = &it.name;
                    self.trace
                        .remark(|| format!("{name} reports at its start {report:?}"));
                }
                Output::Ended(Ok(run)) => self.started(node, &run),
                Output::Ended(Err(error)) => {
                    it.startup = None;
                    let name = &it.name;
                    self.trace
                        .remark(|| format!("{name} does not start: {error}"));
                    let at = self.now + START_AGAIN;
                    self.queue.push(at, Event::NodeUp(node));
                }
            }
        }
    }

    /// Starts the shards after the run is recorded.
    fn started(&mut self, node: usize, run: &cluster::Run) {
        let it = &mut self.nodes[node];
        it.startup = None;
        let name = NodeId::new(&it.name).expect("a name like that");
        let local = it.clock.local(self.now);
        let server = self.plan.server;
        let mut shards = Vec::new();
        for index in 0..self.plan.shards {
            let mut config = ShardConfig::of_run(&name, run, (index, self.plan.shards));
            config.settings = ShardSettings {
                second_login: server.second_login,
                session_grace: server.session_grace,
                heartbeat: server.heartbeat,
                silence_max: server.heartbeat * 5 / 2,
                handshake_time_max: Duration::from_secs(5),
                ..ShardSettings::default()
            };
            if let Some((a_second, at_once)) = server.frames {
                let limit = |frames| NonZeroU32::new(frames).expect("a limit of a plan");
                config.settings.frames_per_second = limit(a_second);
                config.settings.frames_burst = limit(at_once);
            }
            config.unix_origin = Duration::from_secs(1_700_000_000 + it.chance.below(10_000));
            let seed = it.chance.bytes();
            shards.push(SimShard {
                shard: Shard::new(config, self.kinds.clone(), seed, local),
                inbox: std::collections::VecDeque::new(),
                turn_at: None,
                paused_until: self.now,
                streams: std::collections::BTreeMap::new(),
                slots_made: 0,
            });
        }
        it.shards = shards;
        let (at, name) = (self.now, it.name.clone());
        let numbers = [1, node as u64, run.incarnation.0];
        self.trace.step(at, &numbers, &[], || {
            format!("{name} begins run {}", run.incarnation.0)
        });
        for shard in 0..usize::from(self.plan.shards) {
            self.reach(node, shard, Input::Began);
        }
    }
}
