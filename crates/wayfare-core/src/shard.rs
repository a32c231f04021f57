//! The shard: sessions and rooms of one thread, composed. Inputs by `handle_…`, effects by
//! [`Shard::poll_output`].

use std::time::Duration;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use wayfare_protocol::coordination::Outcome;
use wayfare_protocol::{EntityId, Instant, storage};

use crate::config::ShardConfig;
use crate::context::Context;
use crate::entities::Entities;
use crate::game::{Kinds, Player, Refusal};
use crate::gateway::{Gateway, GatewayTurn};
use crate::in_flight::{Call, CallId};
use crate::output::{ConnectionId, Output};
use crate::peer::operator::{Counts, Query, Report};
use crate::peer::{Envelope, Message, ToEntity, ToGateway};
use crate::report;
use crate::routing::directory::Directory;
use crate::timers::{Wake, earlier};

/// A shard: everything it decides, and nothing it does.
///
/// The driver hands in what happened, then takes outputs until there are none: that is one turn.
/// What rooms do within a turn goes out together. The same inputs at the same times with the same
/// seed give the same outputs.
pub struct Shard {
    context: Context,
    gateway: Gateway,
    entities: Entities,
    directory: Directory,
}

impl Shard {
    /// A shard without connections or rooms.
    #[must_use]
    pub fn new(config: ShardConfig, kinds: Kinds, seed: [u8; 32], now: Instant) -> Self {
        let rng = ChaCha8Rng::from_seed(seed);
        let context = Context::new(config, kinds, rng, now);
        Self {
            gateway: Gateway::new(&context),
            entities: Entities::default(),
            directory: Directory::default(),
            context,
        }
    }

    /// A transport connection was accepted. The driver never uses an id twice.
    pub fn handle_connected(&mut self, connection: ConnectionId, now: Instant) {
        self.at(now);
        self.gateway().handle_connected(connection);
    }

    /// Accepts a whole frame, without its header, from a client.
    pub fn handle_frame(&mut self, connection: ConnectionId, payload: &[u8], now: Instant) {
        self.at(now);
        self.gateway().handle_frame(connection, payload);
        self.deliver_local();
    }

    /// Accepts the number of frames of a connection that completed no message: pings and pongs of
    /// its transport, and fragments. The client pays for them like for any other.
    pub fn handle_overhead(&mut self, connection: ConnectionId, frames: u32, now: Instant) {
        self.at(now);
        self.gateway().handle_overhead(connection, frames);
    }

    /// A transport connection is gone, by whoever's doing.
    pub fn handle_disconnected(&mut self, connection: ConnectionId, now: Instant) {
        self.at(now);
        self.gateway().handle_disconnected(connection);
    }

    /// After a flush: this many bytes are still queued. To be told whenever it is not zero, and
    /// when it becomes zero again.
    pub fn handle_backlog(&mut self, connection: ConnectionId, bytes: usize, now: Instant) {
        self.at(now);
        self.gateway().handle_backlog(connection, bytes);
    }

    /// The answer to [`Output::Authenticate`].
    pub fn handle_authenticated(
        &mut self,
        connection: ConnectionId,
        outcome: Result<Player, Refusal>,
        now: Instant,
    ) {
        self.at(now);
        self.gateway().authenticated(connection, outcome);
    }

    /// The answer to [`Output::Coordinate`]. An answer that was given before is ignored.
    pub fn handle_coordination(&mut self, call: CallId, outcome: Outcome, now: Instant) {
        self.at(now);
        let (gateway, entities) = (&mut self.gateway, &mut self.entities);
        let context = &mut self.context;
        match context.calls.end(call) {
            Some(Call::Login(login)) => {
                GatewayTurn::new(gateway, context).login_outcome(login, outcome);
            }
            Some(Call::Acknowledge { session, epoch }) => {
                GatewayTurn::new(gateway, context).acknowledged((session, epoch), outcome);
            }
            Some(Call::Claim { entity, id }) => entities.claimed((&entity, id), outcome, context),
            Some(Call::Find(entity)) => entities.found(&entity, outcome, context),
            Some(Call::Leftovers) => entities.handle_leftovers(outcome, context),
            Some(Call::SessionLeftovers) => {
                GatewayTurn::new(gateway, context).handle_leftovers(outcome);
            }
            Some(Call::Release(key)) => {
                let is_used = || gateway.is_held_here(&key) || entities.is_held_here(&key);
                context.released(key.clone(), outcome, is_used);
            }
            // These ask storage.
            Some(Call::Load { .. } | Call::Room { .. } | Call::Nobody) | None => {}
        }
        self.deliver_local();
    }

    /// The answer to [`Output::Store`]. An answer that was given before is ignored.
    pub fn handle_storage(&mut self, call: CallId, outcome: storage::Outcome, now: Instant) {
        self.at(now);
        if let Some(call) = self.context.calls.end(call) {
            self.entities.stored(call, outcome, &mut self.context);
        }
        self.deliver_local();
    }

    /// A future of [`Output::Run`] has ended, and brings this note; `None` if it ended without one,
    /// by a panic, say: then its entity gets the note it left for that.
    pub fn handle_ran(&mut self, entity: &EntityId, run: u64, note: Option<Vec<u8>>, now: Instant) {
        self.at(now);
        self.entities.ran(entity, run, note, &mut self.context);
        self.deliver_local();
    }

    /// Called once at start. Restores durable rooms of earlier incarnations, and ends their sessions
    /// after the grace period.
    pub fn handle_began(&mut self, now: Instant) {
        self.at(now);
        self.entities.begin_service(&mut self.context);
        self.gateway().begin_service();
    }

    /// A message of another shard. One that names another shard, or another run of this node, is
    /// reported and dropped.
    pub fn handle_peer(&mut self, envelope: Envelope, now: Instant) {
        self.at(now);
        if !self.context.is_here(&envelope.to) {
            let to = Box::new(envelope.to);
            return self.context.out.report(report::Report::Misdirected { to });
        }
        self.accept(envelope.message);
        self.deliver_local();
    }

    /// An operator's question or order; the answer is an [`Output::Operator`].
    pub fn handle_operator(&mut self, question: u64, asked: &Query, now: Instant) {
        self.at(now);
        let context = &mut self.context;
        let shard = context.config.address.shard;
        let answer = match asked {
            Query::Rooms => Report::Rooms(self.entities.summaries(shard)),
            Query::Room(entity) => Report::Room(self.entities.detail(entity, shard)),
            Query::State(entity) => Report::State(self.entities.state(entity, context)),
            Query::CloseRoom(entity) => Report::Done(self.entities.close(entity, context)),
            Query::Sessions => Report::Sessions(self.gateway.summaries(context)),
            Query::Kick(player) => {
                Report::Done(GatewayTurn::new(&mut self.gateway, context).kick(player))
            }
            Query::Counts => Report::Counts(self.counts()),
        };
        let answer = Box::new(answer);
        self.context
            .out
            .outputs
            .push_back(Output::Operator { question, answer });
    }

    /// The wall clock was read: it is `unix` after 1970. To be called at least every few seconds. A
    /// step is reported, and changes the age of no room.
    pub fn handle_wall_clock(&mut self, unix: Duration, now: Instant) {
        self.at(now);
        if let Some(step) = self.context.wall_clock.handle_reading(unix, now) {
            self.context.out.report(report::Report::ClockSet(step));
            self.entities.handle_clock_step(&mut self.context);
        }
    }

    /// The node stops: connections are told and closed, new ones are refused.
    pub fn handle_stop(&mut self, now: Instant) {
        self.at(now);
        self.gateway().stop();
    }

    /// Does what is due. To be called at or after the time of [`Shard::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Instant) {
        self.at(now);
        self.context.departed.handle_timeout(now);
        self.context.look_at_releases();
        self.gateway().handle_timeout();
        self.entities.handle_timeout(&mut self.context);
    }

    /// When to call [`Shard::handle_timeout`], and why. Valid once outputs have been taken.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Wake> {
        let departed = self.context.departed.poll_timeout();
        let releases = self.context.releases.poll_timeout();
        let rooms = earlier(self.entities.poll_timeout(), earlier(departed, releases));
        earlier(self.gateway.poll_timeout(), rooms)
    }

    /// The next thing to do; `None` ends the turn.
    pub fn poll_output(&mut self) -> Option<Output> {
        loop {
            if let Some(output) = self.context.out.outputs.pop_front() {
                return Some(output);
            }
            self.deliver_local();
            let any = self.entities.finish_turn(&mut self.context);
            if !any && self.context.out.is_empty() {
                return None;
            }
        }
    }

    /// The counts of everything.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            calls: self.context.calls.len() + self.context.releases.len(),
            ..Counts::default()
        };
        self.entities.count(&mut counts);
        self.gateway.count(&mut counts);
        counts
    }

    fn gateway(&mut self) -> GatewayTurn<'_> {
        GatewayTurn::new(&mut self.gateway, &mut self.context)
    }

    /// Time goes on, never back: a driver's clock that does is held.
    fn at(&mut self, now: Instant) {
        self.context.now = self.context.now.max(now);
    }

    /// Delivers this shard's messages to itself.
    fn deliver_local(&mut self) {
        while let Some(message) = self.context.out.local.pop_front() {
            self.accept(message);
        }
    }

    fn accept(&mut self, message: Message) {
        let context = &mut self.context;
        match message {
            Message::Gateway(message) => {
                match &message {
                    ToGateway::Step(step) => self.directory.learn_from_step(step, context),
                    ToGateway::NotOwner(it) => {
                        self.directory.learn(&it.join.entity, &it.owner, context);
                    }
                    ToGateway::JoinRefused(_)
                    | ToGateway::NotAMember(_)
                    | ToGateway::Unreachable(_)
                    | ToGateway::SessionTaken(_)
                    | ToGateway::FirstSessionQuery(_)
                    | ToGateway::FirstSession(_)
                    | ToGateway::Listed(_) => {}
                }
                self.gateway().accept(message);
            }
            Message::Entity(message) => self.route(message),
            Message::List(slice) => self.entities.ask_slice(*slice, context),
            Message::Owner(it) => self.directory.learn(&it.entity, &it.owner, context),
        }
    }

    /// Brings a message to its entity: here, or by the directory to another shard.
    fn route(&mut self, mut message: ToEntity) {
        let context = &mut self.context;
        let is_elsewhere = |(entity, _): (&EntityId, &mut u8)| !self.entities.holds(entity);
        if message.route().is_some_and(is_elsewhere)
            && let Some(to) = self.directory.next_hop(&mut message, context)
        {
            return context.out.post(&to, message);
        }
        self.entities.accept(message, context);
    }
}
