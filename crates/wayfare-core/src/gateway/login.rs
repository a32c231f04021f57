//! From a Hello to a session: who is it, and may it have the player's record?

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use wayfare_protocol::coordination::{Outcome, Record, Revision};
use wayfare_protocol::frame::server_frame;
use wayfare_protocol::limits::{
    CREDENTIAL_BYTES_MAX, FRAME_BYTES_MAX, ROOMS_PER_SESSION_MAX, VERSION_MAX, VERSION_MIN,
};
use wayfare_protocol::records::SessionRecord;
use wayfare_protocol::wire::{self, LeaveReason, hello::Credential, server_frame::Body};
use wayfare_protocol::{Epoch, ErrorCode, PlayerId, SessionId};

use super::ticket::Ticket;
use crate::config::SecondLogin;
use crate::context::Context;
use crate::game::{Player, Refusal};
use crate::in_flight::{Call, LoginId};
use crate::output::{ConnectionId, Output};
use crate::peer::{SessionTaken, ToGateway};
use crate::records::settle::{End, GivenUp, Next, Retry, Settle, Terms, Want};
use crate::report::Report;

use super::connections::State;
use super::held::Held;
use super::second_login::Replaces;
use super::session::{Session, SessionKey};
use super::{GatewayTurn, TimerKey};

/// The terms of a login. Its record names the session, its epoch and this gateway: no other shard
/// writes the same.
pub(super) const TERMS: Terms = Terms {
    reads_max: 4,
    retry: Retry::Unknown,
    is_value_unique: true,
    is_lazy: false,
};

/// A connection that asks for a session.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub(super) player: Arc<Player>,
    /// It resumes this session at this epoch, or wants a new one.
    ticket: Option<(SessionId, Epoch)>,
    /// The player's first session, which is known to have no connection.
    pub(super) replaces: Option<Replaces>,
    version: u32,
}

/// The reason for which a login gets no session.
#[derive(Debug)]
enum Denied {
    /// Its connection is gone.
    Gone,
    Refused(Refusal),
    /// The player's first session keeps its place, if it is connected.
    KeptBy(SessionRecord),
}

/// A session's place in its player's record.
#[derive(Debug)]
pub(super) struct Grant {
    record: SessionRecord,
    /// The record that it displaced.
    former: Option<SessionRecord>,
}

/// A login that waits for the player's record, even if its connection is lost meanwhile.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) connection: ConnectionId,
    pub(super) login: Login,
    pub(super) settle: Settle<Grant>,
    /// Its player has no session here yet.
    takes_place: bool,
    /// Sessions that a write of unknown outcome may have displaced.
    displaced: Vec<SessionRecord>,
}

/// The logins that wait for coordination.
#[derive(Debug, Default)]
pub(super) struct Logins {
    begun: u64,
    /// Those in flight that will take a place: their players have no session here yet.
    places: usize,
    in_flight: BTreeMap<LoginId, InFlight>,
}

impl Logins {
    pub(super) fn begin(&mut self, login: InFlight) -> LoginId {
        self.begun += 1;
        self.places += usize::from(login.takes_place);
        let id = LoginId(self.begun);
        self.in_flight.insert(id, login);
        id
    }

    fn end(&mut self, id: LoginId) -> Option<InFlight> {
        let login = self.in_flight.remove(&id)?;
        self.places -= usize::from(login.takes_place);
        Some(login)
    }

    /// Checks whether a login of this player is in flight, which may own the record of its session.
    pub(super) fn include(&self, player: &PlayerId) -> bool {
        let mut logins = self.in_flight.values();
        logins.any(|it| it.login.player.id == *player)
    }
}

impl GatewayTurn<'_> {
    pub(super) fn hello(&mut self, connection: ConnectionId, hello: wire::Hello) {
        let version = hello.version_max.min(VERSION_MAX);
        if version < hello.version_min.max(VERSION_MIN) {
            let message = format!(
                "the client speaks versions {} to {}, this server {VERSION_MIN} to {VERSION_MAX}",
                hello.version_min, hello.version_max
            );
            return self.cut(connection, ErrorCode::VersionUnsupported, &message);
        }
        match hello.credential {
            None => {
                self.cut(
                    connection,
                    ErrorCode::BadFrame,
                    "a Hello without credential",
                );
            }
            Some(Credential::Token(token)) => {
                self.check_token(connection, token, version);
            }
            Some(Credential::Ticket(ticket)) => {
                self.check_ticket(connection, &ticket, version);
            }
            Some(Credential::Guest(_)) if !self.context.config.settings.guests => {
                let message = "this server lets nobody in without a token";
                self.cut(connection, ErrorCode::GuestsRefused, message);
            }
            Some(Credential::Guest(guest)) => {
                let player = make_guest(&guest.name, self.context);
                self.claim(connection, Arc::new(player), None, version);
            }
        }
    }

    fn check_token(&mut self, connection: ConnectionId, token: String, version: u32) {
        if token.len() > CREDENTIAL_BYTES_MAX {
            return self.cut(connection, ErrorCode::TooLarge, "the token is too long");
        }
        if let Some(slot) = self.gateway.connections.get_mut(connection) {
            slot.state = State::Authenticating { version };
            self.context
                .out
                .outputs
                .push_back(Output::Authenticate { connection, token });
        }
    }

    fn check_ticket(&mut self, connection: ConnectionId, bytes: &Bytes, version: u32) {
        if bytes.len() > CREDENTIAL_BYTES_MAX {
            return self.cut(connection, ErrorCode::TooLarge, "the ticket is too long");
        }
        let Ok(ticket) = Ticket::open(bytes, &self.context.config.ticket_key) else {
            let message = "the ticket was not made by this server";
            return self.cut(connection, ErrorCode::TicketInvalid, message);
        };
        let player = Player {
            id: ticket.player,
            name: ticket.name,
            guest: ticket.guest,
        };
        let resumes = Some((ticket.session, ticket.epoch));
        self.claim(connection, Arc::new(player), resumes, version);
    }

    /// The answer to [`Output::Authenticate`].
    pub(crate) fn authenticated(
        &mut self,
        connection: ConnectionId,
        outcome: Result<Player, Refusal>,
    ) {
        let Some(slot) = self.gateway.connections.get_mut(connection) else {
            return;
        };
        let State::Authenticating { version } = slot.state else {
            return;
        };
        match outcome {
            Ok(player) => {
                self.claim(connection, Arc::new(player), None, version);
            }
            Err(refusal) => self.cut(connection, refusal.code, &refusal.message),
        }
    }

    fn claim(
        &mut self,
        connection: ConnectionId,
        player: Arc<Player>,
        ticket: Option<(SessionId, Epoch)>,
        version: u32,
    ) {
        // Who has a place here already takes no other: a full server still takes its own back.
        let takes_place = !self.gateway.by_player.contains_key(&player.id);
        let taken = self.gateway.sessions.len() + self.gateway.logins.places;
        if takes_place && taken >= self.context.config.settings.sessions_max.get() {
            return self.cut(connection, ErrorCode::Full, "the server is full");
        }
        if let Some(slot) = self.gateway.connections.get_mut(connection) {
            slot.state = State::Claiming;
        }
        let (settle, request) = Settle::read_first(SessionRecord::key(&player.id), TERMS);
        let login = Login {
            player,
            ticket,
            replaces: None,
            version,
        };
        let login = self.gateway.logins.begin(InFlight {
            connection,
            login,
            settle,
            takes_place,
            displaced: Vec::new(),
        });
        self.context.ask(Call::Login(login), request);
    }

    /// The answer to a read or a write of a player's record.
    pub(crate) fn login_outcome(&mut self, id: LoginId, outcome: Outcome) {
        let Some(mut in_flight) = self.gateway.logins.end(id) else {
            return;
        };
        let InFlight {
            connection,
            login,
            settle,
            displaced,
            ..
        } = &mut in_flight;
        let (connection, login) = (*connection, login.clone());
        if !self.waits(connection) && !settle.may_have_written() {
            return;
        }
        let mut found = None;
        let next = settle.handle_coordination(outcome, |record, store| {
            found = record.cloned();
            if !self.waits(connection) {
                return Want::Leave(Denied::Gone);
            }
            let want = self.decide_login(&login, record, store);
            if let Want::Value(_, grant) = &want {
                displaced.extend(grant.former.clone());
            }
            want
        });
        let displaced = std::mem::take(displaced);
        self.tell_displaced(&login, &displaced, found.as_ref());
        in_flight.displaced = displaced;
        let settle = &mut in_flight.settle;
        if settle.take_doubt() {
            self.context.doubt(&SessionRecord::key(&login.player.id));
        }
        match next {
            Next::Ask(request) => {
                let id = self.gateway.logins.begin(in_flight);
                self.context.ask(Call::Login(id), request);
            }
            Next::Ended(End::Settled(revision, grant)) => {
                self.open_session(connection, &login, (grant, revision));
            }
            Next::Ended(End::Others(denied) | End::Gone(denied)) => match denied {
                Denied::Gone => {}
                Denied::Refused(refusal) => self.cut(connection, refusal.code, &refusal.message),
                Denied::KeptBy(first) => self.ask_first_session(in_flight, &first),
            },
            Next::Ended(End::GivenUp(why)) => {
                let message = match why {
                    GivenUp::Contended => "the session's record keeps changing",
                    GivenUp::Failed(failure) => {
                        self.context.out.report(Report::CoordinationFailed(failure));
                        "sessions cannot be settled now"
                    }
                };
                self.cut(connection, ErrorCode::Unavailable, message);
            }
        }
    }

    /// Tells sessions that a write of ours has displaced, though its outcome was unknown and another
    /// login has displaced it since: the record that was `found` names neither. A session that was
    /// told by another is told twice.
    fn tell_displaced(
        &mut self,
        login: &Login,
        displaced: &[SessionRecord],
        found: Option<&Record>,
    ) {
        let key = SessionRecord::key(&login.player.id);
        let found = found.and_then(|record| SessionRecord::decode(&key, &record.value).ok());
        let Some(found) = found else {
            return;
        };
        for former in displaced {
            if former.session != found.session && !self.context.is_former(&former.gateway) {
                let taken = SessionTaken {
                    session: former.session,
                    player: login.player.id.clone(),
                    epoch: former.epoch.next(),
                    replaced: true,
                };
                let gateway = &former.gateway;
                self.context
                    .out
                    .post(gateway, ToGateway::SessionTaken(taken));
            }
        }
    }

    pub(super) fn waits(&mut self, connection: ConnectionId) -> bool {
        let slot = self.gateway.connections.get_mut(connection);
        slot.is_some_and(|slot| matches!(slot.state, State::Claiming))
    }

    /// Decides on a login by the player's record, as it was found.
    fn decide_login(
        &mut self,
        login: &Login,
        record: Option<&Record>,
        store: Revision,
    ) -> Want<Grant, Denied> {
        let key = SessionRecord::key(&login.player.id);
        let found = record
            .map(|record| SessionRecord::decode(&key, &record.value))
            .transpose();
        // A record that nobody can read keeps nobody out: it is reported, and taken over.
        let former = found.unwrap_or_else(|corrupt| {
            self.context.out.report(Report::CorruptRecord(corrupt));
            None
        });
        let given_up = former.as_ref().is_some_and(|found| {
            self.context.is_here(&found.gateway) && !self.gateway.is_held_here(&key)
        });
        if let Err(denied) = may_login(login, former.as_ref(), given_up, self.context) {
            return Want::Leave(denied);
        }
        let after_former = former.as_ref().map_or(Epoch(1), |found| found.epoch.next());
        let epoch = after_former.max(Epoch(store.0));
        let record = SessionRecord {
            session: match login.ticket {
                Some((session, _)) => session,
                None => SessionId(self.context.random_u128()),
            },
            epoch,
            gateway: self.context.config.address.clone(),
            ticket_epoch_min: login.ticket.map_or(epoch, |(_, presented)| presented),
        };
        Want::Value(record.encode(), Grant { record, former })
    }

    /// The record is ours: whoever had the session or the player's place before is told, and the
    /// client, if it is still there, is welcome.
    fn open_session(
        &mut self,
        connection: ConnectionId,
        login: &Login,
        (grant, revision): (Grant, Revision),
    ) {
        let Grant { record, former } = grant;
        let resumed = login.ticket.is_some();
        let mut rooms = Vec::new();
        // Whatever the record said, a session of that id or player may still be here: one that
        // went elsewhere and came back before we heard of it.
        if let Some(key) = self.gateway.by_session.get(&record.session).copied() {
            rooms = self.resume_here(key);
        }
        if let Some(key) = self.gateway.by_player.get(&login.player.id).copied() {
            let why = (
                ErrorCode::SessionReplaced,
                "the same player logged in elsewhere",
            );
            self.end_session(key, LeaveReason::LeaveReplaced, Some(why));
        }
        if let Some(former) = former.filter(|former| self.context.is_elsewhere(&former.gateway)) {
            let taken = SessionTaken {
                session: former.session,
                player: login.player.id.clone(),
                epoch: record.epoch,
                replaced: !resumed,
            };
            self.context
                .out
                .post(&former.gateway, ToGateway::SessionTaken(taken));
        }
        let waits = self.waits(connection);
        if !waits && !resumed {
            // Nobody has a ticket of it, so nobody could ever come back to it.
            let key = SessionRecord::key(&login.player.id);
            return self.context.release(key, revision);
        }
        let session = Session {
            id: record.session,
            epoch: record.epoch,
            revision,
            ticket_epoch_min: record.ticket_epoch_min,
            player: Arc::clone(&login.player),
            connection: waits.then_some(connection),
            detached_at: self.context.now,
            last_heard: self.context.now,
            paid_until: self.context.now,
            held: Held::default(),
            rooms,
            joining: Vec::new(),
            returning: 0,
            acknowledging: None,
            armed: None,
        };
        if waits {
            self.welcome(connection, &session, login);
        }
        self.seat(session);
    }

    /// Enters a session into every list.
    fn seat(&mut self, session: Session) {
        self.context.out.report(Report::SessionOpened {
            player: session.player.id.clone(),
        });
        let (id, player) = (session.id, session.player.id.clone());
        let connection = session.connection;
        let key = self.gateway.sessions.insert(session);
        self.gateway.by_session.insert(id, key);
        self.gateway.by_player.insert(player, key);
        let slot = connection.and_then(|connection| {
            let slot = self.gateway.connections.get_mut(connection)?;
            Some((connection, slot))
        });
        if let Some((connection, slot)) = slot {
            slot.state = State::Open(key);
            let timer = TimerKey::Connection(connection.slot);
            self.gateway.timers.arm(timer, &mut slot.armed, None);
        }
        self.rearm(key);
    }

    /// The session was here all the time: its rooms are kept, to be told when it ends.
    fn resume_here(&mut self, key: SessionKey) -> Vec<super::session::Stay> {
        if let Some(old) = self
            .gateway
            .sessions
            .get(key)
            .and_then(|session| session.connection)
        {
            let why = "the session goes on over another connection";
            self.cut(old, ErrorCode::SessionResumed, why);
        }
        self.remove_session(key)
            .map(|session| session.rooms)
            .unwrap_or_default()
    }

    fn welcome(&mut self, connection: ConnectionId, session: &Session, login: &Login) {
        let config = &self.context.config;
        let ticket = Ticket {
            player: session.player.id.clone(),
            name: Arc::clone(&session.player.name),
            guest: session.player.guest,
            session: session.id,
            epoch: session.epoch,
        };
        let millis =
            |time: std::time::Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let body = Body::Welcome(wire::Welcome {
            version: login.version,
            session: Bytes::copy_from_slice(&session.id.to_bytes()),
            player: session.player.id.to_string(),
            ticket: ticket.seal(&config.ticket_key),
            resumed: login.ticket.is_some(),
            heartbeat_ms: millis(config.settings.heartbeat),
            grace_ms: millis(config.settings.session_grace),
            limits: Some(wire::Limits {
                frame_bytes_max: FRAME_BYTES_MAX as u32,
                rooms_max: ROOMS_PER_SESSION_MAX as u32,
                frames_per_second: config.settings.frames_per_second.get(),
            }),
            time_ms: self.context.server_time_ms(),
        });
        self.context.out.outputs.push_back(Output::Send {
            connection,
            bytes: server_frame(body),
        });
    }
}

/// Checks that the record allows this login. A record that was given up, and is still there, refuses nobody.
fn may_login(
    login: &Login,
    former: Option<&SessionRecord>,
    given_up: bool,
    context: &Context,
) -> Result<(), Denied> {
    let no = |code, message: &str| Err(Denied::Refused(Refusal::with_code(code, message)));
    match (login.ticket, former) {
        (Some((session, presented)), Some(former)) if former.session == session => {
            if presented < former.ticket_epoch_min {
                return no(
                    ErrorCode::TicketSuperseded,
                    "a newer ticket was used already",
                );
            }
            if presented > former.epoch {
                return no(
                    ErrorCode::TicketInvalid,
                    "the ticket is from no session of ours",
                );
            }
            Ok(())
        }
        (Some(_), _) => no(ErrorCode::TicketExpired, "the session has ended"),
        // A session of an earlier incarnation has no connection.
        (None, Some(former))
            if context.config.settings.second_login == SecondLogin::Refuse
                && !given_up
                && !context.is_former(&former.gateway)
                && login.replaces != Some((former.session, former.epoch)) =>
        {
            Err(Denied::KeptBy(former.clone()))
        }
        (None, _) => Ok(()),
    }
}

fn make_guest(name: &str, context: &mut Context) -> Player {
    let id = format!("guest-{:016x}", context.random_u64());
    let id = PlayerId::new(&id).unwrap_or_else(|_| unreachable!("hexadecimal and short"));
    Player::named(id, name, true)
}
