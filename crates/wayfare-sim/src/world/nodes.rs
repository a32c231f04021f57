//! The actions of nodes: they start, take turns, execute the outputs of their shards, and end.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use wayfare_core::game::{Player, Work};
use wayfare_core::operator::{self, Query, RoomSummary};
use wayfare_core::{ConnectionId, Output, Report};
use wayfare_protocol::frame::decode_client;
use wayfare_protocol::{EntityId, Instant, PlayerId};

use super::node::{Asker, Input};
use super::{Event, Run, World};
use crate::invariants;

impl World {
    /// Delivers an input to a shard, which handles it in its next turn.
    pub(super) fn reach(&mut self, node: usize, shard: usize, input: Input) {
        let it = &mut self.nodes[node];
        let gathers = it.chance.time(Duration::ZERO, it.gather_max);
        if let Some(shard) = it.shards.get_mut(shard) {
            shard.inbox.push_back(input);
        }
        self.turn_by(node, shard, self.now + gathers);
    }

    /// Makes the shard take a turn at this time or earlier.
    fn turn_by(&mut self, node: usize, shard: usize, at: Instant) {
        let it = &mut self.nodes[node];
        let paused = it.paused_until;
        let Some(of) = it.shards.get_mut(shard) else {
            return;
        };
        let at = at.max(paused).max(of.paused_until).max(self.now);
        if of.turn_at.is_none_or(|turn| at < turn) {
            of.turn_at = Some(at);
            self.queue.push(at, Event::Turn { node, shard });
        }
    }

    /// Runs a turn: all inputs, all due timers, and all outputs.
    pub(super) fn turn(&mut self, node: usize, shard: usize) {
        let it = &mut self.nodes[node];
        let paused = it.paused_until;
        let Some(of) = it.shards.get_mut(shard) else {
            return;
        };
        if of.turn_at != Some(self.now) {
            return;
        }
        of.turn_at = None;
        let paused = paused.max(of.paused_until);
        if paused > self.now {
            return self.turn_by(node, shard, paused);
        }
        let now = it.clock.local(self.now);
        for input in std::mem::take(&mut it.shards[shard].inbox) {
            self.take_in((node, shard), input, now);
        }
        let of = &mut self.nodes[node].shards[shard];
        if let Some((at, why)) = of.shard.poll_timeout().filter(|(at, _)| *at <= now) {
            of.shard.handle_timeout(now);
            let (at_world, name) = (self.now, &self.nodes[node].name);
            let numbers = [2, node as u64, shard as u64, at.as_nanos()];
            self.trace.step(at_world, &numbers, &[], || {
                format!("{name}.{shard} timeout: {why}")
            });
        }
        self.finish((node, shard), now);
        self.schedule_wake(node, shard);
    }

    /// Schedules the wake-up that the shard asked for.
    pub(super) fn schedule_wake(&mut self, node: usize, shard: usize) {
        let it = &self.nodes[node];
        let Some(of) = it.shards.get(shard) else {
            return;
        };
        if let Some((at, _)) = of.shard.poll_timeout() {
            let at = it.clock.world(at);
            self.turn_by(node, shard, at);
        }
    }

    fn take_in(&mut self, (node, shard): (usize, usize), input: Input, now: Instant) {
        let (at, name) = (self.now, self.nodes[node].name.clone());
        let numbers = [3, node as u64, shard as u64, sort_of(&input)];
        let bytes = match &input {
            Input::Frame(_, bytes) => bytes.clone(),
            _ => Bytes::new(),
        };
        let seat = match &input {
            Input::Frame(connection, _) => self.seat_of((node, shard), *connection),
            _ => None,
        };
        self.trace.step(at, &numbers, &bytes, || {
            let seat = seat.map_or(String::new(), |seat| format!("seat{seat} -> "));
            format!("{seat}{name}.{shard} {}", in_words(&input))
        });
        let backlog = match &input {
            Input::Backlog(connection) => self.backlog_of((node, shard), *connection),
            _ => None,
        };
        let of = &mut self.nodes[node].shards[shard].shard;
        match input {
            Input::Connected(connection) => of.handle_connected(connection, now),
            Input::Frame(connection, bytes) => of.handle_frame(connection, &bytes, now),
            Input::Disconnected(connection) => of.handle_disconnected(connection, now),
            Input::Backlog(connection) => {
                if let Some(bytes) = backlog {
                    of.handle_backlog(connection, bytes, now);
                }
            }
            Input::Coordination(call, outcome) => of.handle_coordination(call, outcome, now),
            Input::Storage(call, outcome) => of.handle_storage(call, outcome, now),
            Input::Ran(entity, run, note) => of.handle_ran(&entity, run, note, now),
            Input::Peer(envelope) => of.handle_peer(*envelope, now),
            Input::Began => of.handle_began(now),
            Input::Stop => of.handle_stop(now),
        }
    }

    /// Executes the shard's outputs, as a driver does. Backlogs are reported after a flush.
    pub(super) fn finish(&mut self, at: (usize, usize), now: Instant) {
        let mut dirty = Vec::new();
        loop {
            while let Some(output) = self.nodes[at.0].shards[at.1].shard.poll_output() {
                self.execute(at, output, now, &mut dirty);
            }
            let mut any = false;
            for connection in std::mem::take(&mut dirty) {
                if let Some(bytes) = self.backlog_after_flush(at, connection) {
                    any = true;
                    let shard = &mut self.nodes[at.0].shards[at.1].shard;
                    shard.handle_backlog(connection, bytes, now);
                }
            }
            if !any {
                return;
            }
        }
    }

    fn execute(
        &mut self,
        at: (usize, usize),
        output: Output,
        now: Instant,
        dirty: &mut Vec<ConnectionId>,
    ) {
        match output {
            Output::Send { connection, bytes } => {
                self.send_down(at, connection, bytes);
                if !dirty.contains(&connection) {
                    dirty.push(connection);
                }
            }
            Output::Close {
                connection, abort, ..
            } => self.close_down(at, connection, abort),
            Output::Pause(connection) => self.set_reading(at, connection, false),
            Output::Resume(connection) => self.set_reading(at, connection, true),
            Output::Authenticate { connection, token } => {
                let id = PlayerId::new(&token).expect("players of a simulation have names");
                let name = token.into();
                let guest = false;
                let player = Player { id, name, guest };
                let shard = &mut self.nodes[at.0].shards[at.1].shard;
                shard.handle_authenticated(connection, Ok(player), now);
            }
            Output::Coordinate { call, request } => {
                self.coordinate(at.0, Asker::Shard(at.1, call), request);
            }
            Output::Store { call, request } => self.store(at.0, Asker::Shard(at.1, call), request),
            Output::Run { entity, run, work } => self.begin_run(at, entity, run, work),
            Output::Peer(envelope) => {
                let to = usize::from(envelope.to.shard.0);
                self.reach(at.0, to, Input::Peer(envelope));
            }
            Output::Operator { answer, .. } => match *answer {
                operator::Report::Rooms(rooms) => self.look_at_rooms(at, &rooms),
                operator::Report::Room(detail) => self.seen.details.extend(detail),
                operator::Report::State(state) => {
                    let state = state.and_then(Result::ok);
                    self.seen.states.extend(state.map(|state| (at.0, state)));
                }
                operator::Report::Sessions(_)
                | operator::Report::Done(_)
                | operator::Report::Counts(_) => {}
            },
            Output::Report(report) => self.report(at, &report),
        }
    }

    fn begin_run(&mut self, (node, shard): (usize, usize), entity: EntityId, run: u64, work: Work) {
        let it = &mut self.nodes[node];
        let takes = it.chance.millis(0, 3_000);
        // The future may also fail and return nothing.
        let work = (!it.chance.one_in(8)).then_some(work);
        let life = it.run;
        let run = Run {
            node,
            life,
            shard,
            entity,
            run,
            work,
        };
        self.queue.push(self.now + takes, Event::Ran(Box::new(run)));
    }

    pub(super) fn ran(&mut self, run: Run) {
        if self.nodes[run.node].run != run.life {
            return;
        }
        let note = run.work.map(|mut work| {
            let mut context = Context::from_waker(Waker::noop());
            match work.0.as_mut().poll(&mut context) {
                Poll::Ready(note) => note,
                Poll::Pending => unreachable!("rooms of a simulation wait for nothing"),
            }
        });
        self.reach(run.node, run.shard, Input::Ran(run.entity, run.run, note));
    }

    fn report(&mut self, (node, shard): (usize, usize), report: &Report) {
        match report {
            Report::Recovered { .. } => self.tally.recovered += 1,
            Report::Restarted { .. } => self.tally.restarted += 1,
            Report::Misdirected { to } => {
                let name = format!("{}.{shard}", self.nodes[node].name);
                self.judge::<()>(Err(invariants::found_misdirected(name, to)));
            }
            _ => {}
        }
        let name = &self.nodes[node].name;
        self.trace
            .remark(|| format!("{name}.{shard} reports {report:?}"));
    }

    // ---- ends

    /// Kills a node, like kill -9: its memory is lost, and requests in flight to the engines are
    /// executed or not.
    pub(super) fn kill(&mut self, node: usize, down_for: Duration) {
        self.tally.kills += 1;
        let it = &mut self.nodes[node];
        it.shards.clear();
        // Nobody waits for the answers any more.
        it.run += 1;
        it.startup = None;
        if self.plan.server.inside {
            it.coordination.cut_power();
            it.storage.cut_power();
            it.asked.clear();
        }
        self.break_all(node);
        self.queue.push(self.now + down_for, Event::NodeUp(node));
    }

    /// Stops a node in order: clients are notified, then the process ends.
    pub(super) fn stop(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        if !it.is_up() || std::mem::replace(&mut it.stopping, true) {
            return;
        }
        for shard in 0..self.nodes[node].shards.len() {
            self.reach(node, shard, Input::Stop);
        }
    }

    // ---- looks

    pub(super) fn look_at_memory(&mut self) {
        for node in 0..self.nodes.len() {
            let now = self.nodes[node].clock.local(self.now);
            if self.nodes[node].paused_until > self.now {
                continue;
            }
            for shard in 0..self.nodes[node].shards.len() {
                let of = &mut self.nodes[node].shards[shard].shard;
                of.handle_operator(0, &Query::Rooms, now);
                self.finish((node, shard), now);
                self.schedule_wake(node, shard);
            }
        }
    }

    fn look_at_rooms(&mut self, at: (usize, usize), rooms: &[RoomSummary]) {
        let of = &self.nodes[at.0].shards[at.1];
        let backlogs = of
            .streams
            .values()
            .map(|stream| self.streams[*stream].down.backlog(self.now));
        let backlog = backlogs.max().unwrap_or(0);
        let name = format!("{}.{}", self.nodes[at.0].name, at.1);
        // Each player has one session. Those of vanished seats end after their grace.
        let sessions_max = self.plan.players + self.plan.rooms.len();
        let counts = of.shard.counts();
        let outcome = invariants::check_memory(&name, counts, (sessions_max, backlog), rooms);
        self.judge(outcome);
    }
}

fn sort_of(input: &Input) -> u64 {
    match input {
        Input::Connected(_) => 1,
        Input::Frame(..) => 2,
        Input::Disconnected(_) => 3,
        Input::Backlog(_) => 4,
        Input::Coordination(call, _) | Input::Storage(call, _) => 100 + call.0,
        Input::Ran(..) => 5,
        Input::Peer(_) => 6,
        Input::Began => 7,
        Input::Stop => 8,
    }
}

fn in_words(input: &Input) -> String {
    match input {
        Input::Frame(_, bytes) => match decode_client(bytes) {
            Ok(body) => format!("{body:?}"),
            Err(error) => format!("{error:?}"),
        },
        other => format!("{other:?}"),
    }
}
