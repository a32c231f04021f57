//! The shard: sessions and rooms of one thread, composed. Inputs by `handle_…`, effects by
//! [`Shard::poll_output`].

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use wayfare_protocol::coordination::Outcome;
use wayfare_protocol::{EntityId, Instant, storage};

use crate::config::ShardConfig;
use crate::context::Context;
use crate::entities::Entities;
use crate::game::{Kinds, Player, Refusal};
use crate::gateway::Gateway;
use crate::in_flight::{Asker, CallId};
use crate::output::{ConnectionId, Output};
use crate::peer::operator::{Answer, Counts, Question};
use crate::peer::{Envelope, Message};
use crate::timers::{Wake, earlier};

/// One shard: everything it decides, and nothing it does.
///
/// The driver hands in what happened, then takes outputs until there are none: that is one turn.
/// What rooms do within a turn goes out together. The same inputs at the same times with the same
/// seed give the same outputs.
pub struct Shard {
    context: Context,
    gateway: Gateway,
    rooms: Entities,
}

impl Shard {
    /// A shard without connections or rooms.
    #[must_use]
    pub fn new(config: ShardConfig, kinds: Kinds, seed: [u8; 32], now: Instant) -> Self {
        let rng = ChaCha8Rng::from_seed(seed);
        let context = Context::new(config, kinds, rng, now);
        Self {
            gateway: Gateway::new(&context),
            rooms: Entities::default(),
            context,
        }
    }

    /// A transport connection was accepted. The driver never uses an id twice.
    pub fn handle_connected(&mut self, connection: ConnectionId, now: Instant) {
        self.at(now);
        self.gateway.handle_connected(connection, &mut self.context);
    }

    /// One whole frame, without its header, from a client.
    pub fn handle_frame(&mut self, connection: ConnectionId, payload: &[u8], now: Instant) {
        self.at(now);
        self.gateway
            .handle_frame(connection, payload, &mut self.context);
        self.settle();
    }

    /// A transport connection is gone, by whoever's doing.
    pub fn handle_disconnected(&mut self, connection: ConnectionId, now: Instant) {
        self.at(now);
        self.gateway
            .handle_disconnected(connection, &mut self.context);
    }

    /// After a flush: this many bytes are still queued. To be told whenever it is not zero, and
    /// when it becomes zero again.
    pub fn handle_backlog(&mut self, connection: ConnectionId, bytes: usize, now: Instant) {
        self.at(now);
        self.gateway
            .handle_backlog(connection, bytes, &mut self.context);
    }

    /// The answer to [`Output::Authenticate`].
    pub fn handle_authenticated(
        &mut self,
        connection: ConnectionId,
        outcome: Result<Player, Refusal>,
        now: Instant,
    ) {
        self.at(now);
        self.gateway
            .authenticated(connection, outcome, &mut self.context);
    }

    /// The answer to [`Output::Coordinate`]. An answer that was given before is ignored.
    pub fn handle_coordination(&mut self, call: CallId, outcome: Outcome, now: Instant) {
        self.at(now);
        let (gateway, rooms) = (&mut self.gateway, &mut self.rooms);
        let context = &mut self.context;
        match context.calls.end(call) {
            Some(Asker::Login { connection, login }) => {
                gateway.login_outcome((connection, login), outcome, context);
            }
            Some(Asker::Lookup(entity)) => gateway.found(&entity, outcome, context),
            Some(Asker::Acknowledge { session, epoch }) => {
                gateway.acknowledged((session, epoch), outcome, context);
            }
            Some(Asker::Claim(entity)) => rooms.claimed(&entity, outcome, context),
            Some(Asker::Restart {
                handle,
                entity,
                attempt,
            }) => rooms.restarted((handle, &entity, attempt), &outcome, context),
            Some(Asker::Find(entity)) => rooms.found(&entity, outcome, context),
            Some(Asker::Left) => rooms.left(outcome, context),
            Some(Asker::LeftSessions) => gateway.left_sessions(outcome, context),
            Some(Asker::Release(key)) => {
                let is_held = |context: &Context| gateway.holds(&key, context) || rooms.hold(&key);
                context.released(key.clone(), outcome, is_held);
            }
            // The others ask storage.
            Some(_) | None => {}
        }
        self.settle();
    }

    /// The answer to [`Output::Store`]. An answer that was given before is ignored.
    pub fn handle_storage(&mut self, call: CallId, outcome: storage::Outcome, now: Instant) {
        self.at(now);
        if let Some(asker) = self.context.calls.end(call) {
            self.rooms.stored(asker, outcome, &mut self.context);
        }
        self.settle();
    }

    /// A future of [`Output::Run`] has ended, and brings this note; `None` if it ended without one,
    /// by a panic, say: then its entity gets the note it left for that.
    pub fn handle_ran(&mut self, entity: &EntityId, run: u64, note: Option<Vec<u8>>, now: Instant) {
        self.at(now);
        self.rooms.ran(entity, run, note, &mut self.context);
        self.settle();
    }

    /// The node takes part from now on: what its earlier incarnations left is taken up. Rooms that
    /// storage keeps come back, sessions that nobody comes back to end.
    pub fn handle_began(&mut self, now: Instant) {
        self.at(now);
        self.rooms.begin_service(&mut self.context);
        self.gateway.begin_service(&mut self.context);
    }

    /// A message of another shard.
    pub fn handle_peer(&mut self, envelope: Envelope, now: Instant) {
        self.at(now);
        self.take(envelope.message);
        self.settle();
    }

    /// An operator's question or order; the answer is an [`Output::Operator`].
    pub fn handle_operator(&mut self, question: u64, asked: &Question, now: Instant) {
        self.at(now);
        let context = &mut self.context;
        let answer = match asked {
            Question::Entities => Answer::Entities(self.rooms.summaries()),
            Question::Room(entity) => Answer::Room(self.rooms.detail(entity)),
            Question::CloseRoom(entity) => Answer::Done(self.rooms.close(entity, context)),
            Question::Sessions => Answer::Sessions(self.gateway.summaries(context)),
            Question::Kick(player) => Answer::Done(self.gateway.kick(player, context)),
            Question::Counts => Answer::Counts(self.counts()),
        };
        let answer = Box::new(answer);
        self.context
            .outputs
            .push_back(Output::Operator { question, answer });
    }

    /// The node stops: connections are told and closed, new ones are refused.
    pub fn handle_stop(&mut self, now: Instant) {
        self.at(now);
        self.gateway.stop(&mut self.context);
    }

    /// Does what is due. To be called at or after the time of [`Shard::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Instant) {
        self.at(now);
        self.context.departed.handle_timeout(now);
        self.context.look_at_releases();
        self.gateway.handle_timeout(&mut self.context);
        self.rooms.handle_timeout(&mut self.context);
    }

    /// When to call [`Shard::handle_timeout`], and why. Valid once outputs have been taken.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Wake> {
        let departed = self.context.departed.poll_timeout();
        let releases = self.context.releases.poll_timeout();
        let rooms = earlier(self.rooms.poll_timeout(), earlier(departed, releases));
        earlier(self.gateway.poll_timeout(), rooms)
    }

    /// The next thing to do; `None` ends the turn.
    pub fn poll_output(&mut self) -> Option<Output> {
        loop {
            if let Some(output) = self.context.outputs.pop_front() {
                return Some(output);
            }
            self.settle();
            let any = self.rooms.finish_turn(&mut self.context);
            if !any && self.context.outputs.is_empty() && self.context.local.is_empty() {
                return None;
            }
        }
    }

    /// How many of everything there is.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            calls: self.context.calls.len() + self.context.releases.len(),
            ..Counts::default()
        };
        self.rooms.count(&mut counts);
        self.gateway.count(&mut counts);
        counts
    }

    /// Time goes on, never back: a driver's clock that does is held.
    fn at(&mut self, now: Instant) {
        self.context.now = self.context.now.max(now);
    }

    /// Delivers this shard's messages to itself.
    fn settle(&mut self) {
        while let Some(message) = self.context.local.pop_front() {
            self.take(message);
        }
    }

    fn take(&mut self, message: Message) {
        let (gateway, rooms) = (&mut self.gateway, &mut self.rooms);
        let context = &mut self.context;
        match message {
            Message::Join(join) => rooms.join(*join, context),
            Message::Member(member) => rooms.member(member, context),
            Message::Step(step) => gateway.step(&step, context),
            Message::NotOwner(not_owner) => gateway.not_owner(*not_owner, context),
            Message::JoinRefused(refused) => gateway.join_refused(&refused, context),
            Message::NotAMember(unknown) => gateway.not_a_member(&unknown, context),
            Message::Unreachable(unreachable) => gateway.unreachable(&unreachable, context),
            Message::SessionTaken(taken) => gateway.session_taken(&taken, context),
            Message::List(query) => {
                let listed = rooms.list(&query);
                context.post(query.gateway.clone(), Message::Listed(listed));
            }
            Message::Listed(listed) => gateway.listed(listed, context),
            Message::Return(back) => rooms.come_back(*back, context),
            Message::Ask(ask) => rooms.ask(ask, context),
            Message::Answer(answer) => rooms.answer(answer, context),
            Message::Ran(ran) => {
                let note = ran.note.map(Into::into);
                rooms.ran(&ran.entity, ran.run, note, context);
            }
        }
    }
}
