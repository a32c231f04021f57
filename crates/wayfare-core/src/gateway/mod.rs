//! The side of a shard that holds connections and sessions. All of it is soft state: what must
//! not be lost lies with the client and with the room.

mod attachments;
mod connections;
mod ended_sessions;
mod fanout;
mod frames;
mod held;
mod listings;
mod login;
mod rate;
mod second_login;
mod session;
mod session_leftovers;
mod ticket;

use std::collections::BTreeMap;

use wayfare_protocol::{ErrorCode, Instant, PlayerId, SessionId, wire};

use crate::context::Context;
use crate::game::refusal::error;
use crate::output::ConnectionId;
use crate::peer::operator::SessionSummary;
use crate::peer::{NotOwner, ToEntity, ToGateway};
use crate::routing::directory::forward;
use crate::timers::{Timers, Wake};

use attachments::Attachments;
use connections::{Connections, State};
use ended_sessions::EndedSessions;
use listings::Listings;
use login::Logins;
use rate::Rate;
use second_login::SecondLogins;
use session::{SessionKey, Sessions};
use session_leftovers::Leftovers;

/// The purpose of a timer of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TimerKey {
    Connection(u32),
    Session(SessionKey),
    /// Sessions of earlier incarnations that nobody came back to.
    Leftovers,
}

/// See the module's words.
pub(crate) struct Gateway {
    connections: Connections,
    sessions: Sessions,
    by_player: BTreeMap<PlayerId, SessionKey>,
    by_session: BTreeMap<SessionId, SessionKey>,
    attachments: Attachments,
    listings: Listings,
    logins: Logins,
    second_logins: SecondLogins,
    timers: Timers<TimerKey>,
    rate: Rate,
    leftovers: Leftovers,
    ended: EndedSessions,
    stopping: bool,
}

impl Gateway {
    pub(crate) fn new(context: &Context) -> Self {
        let settings = &context.config.settings;
        Self {
            connections: Connections::default(),
            sessions: Sessions::default(),
            by_player: BTreeMap::new(),
            by_session: BTreeMap::new(),
            attachments: Attachments::default(),
            listings: Listings::default(),
            logins: Logins::default(),
            second_logins: SecondLogins::default(),
            timers: Timers::default(),
            rate: Rate::new(settings.frames_per_second, settings.frames_burst),
            leftovers: Leftovers::default(),
            ended: EndedSessions::default(),
            stopping: false,
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Wake> {
        self.timers.next()
    }

    pub(crate) fn summaries(&self, context: &Context) -> Vec<SessionSummary> {
        self.by_player
            .values()
            .filter_map(|key| self.sessions.get(*key))
            .map(|session| SessionSummary {
                player: session.player.id.clone(),
                name: session.player.name.to_string(),
                shard: context.config.address.shard,
                guest: session.player.guest,
                connected: session.connection.is_some(),
                rooms: session
                    .rooms
                    .iter()
                    .map(|stay| stay.entity.clone())
                    .collect(),
            })
            .collect()
    }

    pub(crate) fn count(&self, counts: &mut crate::peer::operator::Counts) {
        counts.connections += self.connections.len();
        counts.sessions += self.sessions.len();
        counts.attachments += self.attachments.len();
        counts.timers += self.timers.len();
    }
}

/// The gateway in its turn, with the context that it works in.
pub(crate) struct GatewayTurn<'a> {
    gateway: &'a mut Gateway,
    context: &'a mut Context,
}

impl<'a> GatewayTurn<'a> {
    pub(crate) fn new(gateway: &'a mut Gateway, context: &'a mut Context) -> Self {
        Self { gateway, context }
    }
}

impl GatewayTurn<'_> {
    pub(crate) fn handle_timeout(&mut self) {
        while let Some(key) = self.gateway.timers.pop(self.context.now) {
            match key {
                TimerKey::Connection(slot) => self.handshake_timeout(slot),
                TimerKey::Session(key) => self.session_timeout(key),
                TimerKey::Leftovers => self.end_leftovers(),
            }
        }
    }

    /// A message of another part of this shard, or of another shard.
    pub(crate) fn accept(&mut self, message: ToGateway) {
        match message {
            ToGateway::Step(step) => self.step(&step),
            ToGateway::NotOwner(not_owner) => {
                let NotOwner { join, owner } = *not_owner;
                forward(
                    &owner,
                    ToEntity::Join(Box::new(join)),
                    &mut self.context.out,
                );
            }
            ToGateway::JoinRefused(refused) => self.join_refused(&refused),
            ToGateway::NotAMember(unknown) => self.not_a_member(&unknown),
            ToGateway::Unreachable(unreachable) => self.unreachable(&unreachable),
            ToGateway::SessionTaken(taken) => self.session_taken(&taken),
            ToGateway::FirstSessionQuery(query) => self.first_session_query(&query),
            ToGateway::FirstSession(report) => self.first_session(&report),
            ToGateway::Listed(listed) => self.listed(*listed),
        }
    }

    /// A transport connection is there; its Hello is awaited.
    pub(crate) fn handle_connected(&mut self, connection: ConnectionId) {
        self.gateway.connections.open(connection);
        if self.gateway.stopping {
            return self.cut(
                connection,
                ErrorCode::ShuttingDown,
                "the server is stopping",
            );
        }
        let at = self.context.now + self.context.config.settings.handshake_time_max;
        if let Some(slot) = self.gateway.connections.get_mut(connection) {
            self.gateway.timers.arm(
                TimerKey::Connection(connection.slot),
                &mut slot.armed,
                Some((at, "handshake")),
            );
        }
    }

    fn handshake_timeout(&mut self, slot: u32) {
        let Some((connection, slot)) = self.gateway.connections.at(slot) else {
            return;
        };
        slot.armed = None;
        if !matches!(slot.state, State::Open(_)) {
            self.cut(
                connection,
                ErrorCode::HandshakeTimeout,
                "no accepted Hello in time",
            );
        }
    }

    /// The transport connection is gone.
    pub(crate) fn handle_disconnected(&mut self, connection: ConnectionId) {
        if let Some(key) = self.close_slot(connection) {
            self.detach_session(key);
        }
    }

    /// Forgets a connection; the session that used it, if any, is the caller's to settle.
    fn close_slot(&mut self, connection: ConnectionId) -> Option<SessionKey> {
        let slot = self.gateway.connections.get_mut(connection)?;
        self.gateway
            .timers
            .arm(TimerKey::Connection(connection.slot), &mut slot.armed, None);
        self.gateway.listings.drop_of(connection);
        let state = self.gateway.connections.close(connection)?;
        let State::Open(key) = state else { return None };
        let session = self.gateway.sessions.get_mut(key)?;
        (session.connection == Some(connection)).then_some(key)
    }

    /// Ends a connection with a reason that its client gets to read, and settles its session.
    fn cut(&mut self, connection: ConnectionId, code: ErrorCode, message: &str) {
        self.cut_with(connection, code, error(code, message));
    }

    /// The same with all that a client gets to read.
    fn cut_with(&mut self, connection: ConnectionId, code: ErrorCode, error: wire::Error) {
        use wayfare_protocol::frame::server_frame;
        use wire::{Ended, server_frame::Body};

        if self.gateway.connections.get_mut(connection).is_none() {
            return;
        }
        let abort = matches!(code, ErrorCode::SlowReader | ErrorCode::Silent);
        if !abort {
            let bytes = server_frame(Body::Ended(Ended {
                error: Some(error.clone()),
            }));
            self.context.out.send(connection, bytes);
        }
        self.context.out.close(connection, Some(code), abort);
        let message = error.message;
        self.context
            .out
            .report(crate::report::Report::Refused { code, message });
        if let Some(key) = self.close_slot(connection) {
            self.detach_session(key);
        }
    }

    /// Accepts the number of bytes that a connection had not taken after the last flush.
    pub(crate) fn handle_backlog(&mut self, connection: ConnectionId, bytes: usize) {
        use wayfare_protocol::limits::BACKLOG_BYTES_MAX;

        let Some(slot) = self.gateway.connections.get_mut(connection) else {
            return;
        };
        slot.backlog = bytes;
        if bytes > BACKLOG_BYTES_MAX {
            self.cut(
                connection,
                ErrorCode::SlowReader,
                "the client reads too slowly",
            );
        } else if bytes == 0 {
            for bytes in slot.take_unreliable() {
                self.context.out.send(connection, bytes);
            }
        }
    }

    /// The server stops: everybody is told, and may come back elsewhere or later.
    pub(crate) fn stop(&mut self) {
        self.gateway.stopping = true;
        for connection in self.gateway.connections.all() {
            self.cut(
                connection,
                ErrorCode::ShuttingDown,
                "the server is stopping",
            );
        }
    }

    /// Ends a player's session by an operator's word. Whether there was one.
    pub(crate) fn kick(&mut self, player: &PlayerId) -> bool {
        use wayfare_protocol::wire::LeaveReason::LeaveEnded;
        let Some(key) = self.gateway.by_player.get(player).copied() else {
            return false;
        };
        let why = (ErrorCode::SessionKicked, "an operator ended the session");
        self.end_session(key, LeaveEnded, Some(why));
        true
    }

    fn rearm(&mut self, key: SessionKey) {
        let Some(session) = self.gateway.sessions.get_mut(key) else {
            return;
        };
        let wake = session.poll_timeout(&self.context.config.settings);
        self.gateway
            .timers
            .arm(TimerKey::Session(key), &mut session.armed, wake);
    }

    fn session_timeout(&mut self, key: SessionKey) {
        let Some(session) = self.gateway.sessions.get_mut(key) else {
            return;
        };
        session.armed = None;
        let now = self.context.now;
        match session.due(&self.context.config.settings, now) {
            Some(session::Due::Silent(connection)) => {
                self.cut(connection, ErrorCode::Silent, "the client was silent");
            }
            Some(session::Due::Expired) => {
                use wayfare_protocol::wire::LeaveReason::LeaveEnded;
                self.end_session(key, LeaveEnded, None);
            }
            Some(session::Due::Held) => self.take_held(key),
            None => {}
        }
        self.rearm(key);
    }
}

/// When something that began at `since` and may last `span` is over.
fn over(since: Instant, span: std::time::Duration, reason: &'static str) -> Wake {
    (since + span, reason)
}
