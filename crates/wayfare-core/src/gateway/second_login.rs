//! The policy that keeps a player's first session: a second login asks whether it is connected.
//!
//! A session without a connection keeps nobody out. Its player has reloaded a page, or has lost the
//! ticket with the device; a record cannot tell, so its gateway is asked.

use std::collections::BTreeMap;
use std::time::Duration;

use wayfare_protocol::records::SessionRecord;
use wayfare_protocol::{Epoch, ErrorCode, SessionId, wire};

use crate::in_flight::{Call, LoginId};
use crate::peer::{FirstSession, FirstSessionQuery, ToGateway};
use crate::records::settle::Settle;

use super::GatewayTurn;
use super::login::{InFlight, TERMS};

/// The logins that wait for word of a first session. One that gets none is cut by the time limit of
/// its handshake.
#[derive(Debug, Default)]
pub(super) struct SecondLogins {
    asked: u64,
    waiting: BTreeMap<LoginId, (InFlight, Replaces)>,
}

/// A first session, as its record was found.
pub(super) type Replaces = (SessionId, Epoch);

impl GatewayTurn<'_> {
    /// Asks the gateway of the first session whether it is connected.
    pub(super) fn ask_first_session(&mut self, login: InFlight, first: &SessionRecord) {
        let mut waiting = std::mem::take(&mut self.gateway.second_logins.waiting);
        // Those whose connection is gone wait for nothing. There are no more than connections.
        waiting.retain(|_, (login, _)| self.waits(login.connection));
        let second_logins = &mut self.gateway.second_logins;
        second_logins.waiting = waiting;
        second_logins.asked += 1;
        let id = LoginId(second_logins.asked);
        let query = FirstSessionQuery {
            login: id.0,
            gateway: self.context.config.address.clone(),
            player: login.login.player.id.clone(),
            session: first.session,
            epoch: first.epoch,
        };
        let replaces = (first.session, first.epoch);
        second_logins.waiting.insert(id, (login, replaces));
        let gateway = &first.gateway;
        self.context
            .out
            .post(gateway, ToGateway::FirstSessionQuery(query));
    }

    /// Answers another gateway, or this one.
    pub(super) fn first_session_query(&mut self, query: &FirstSessionQuery) {
        let settings = &self.context.config.settings;
        let session = self.gateway.by_session.get(&query.session);
        let session = session.and_then(|key| self.gateway.sessions.get(*key));
        let connected_for = match session.filter(|session| session.epoch == query.epoch) {
            Some(session) => session.connection.map(|_| {
                let silent_at = session.last_heard + settings.silence_max;
                silent_at.since(self.context.now)
            }),
            // A login here has the record, and will have the session in a moment.
            None => (self.gateway.logins.include(&query.player)).then_some(settings.silence_max),
        };
        let report = FirstSession {
            login: query.login,
            connected_for,
        };
        self.context
            .out
            .post(&query.gateway, ToGateway::FirstSession(report));
    }

    /// The answer to [`GatewayTurn::ask_first_session`].
    pub(super) fn first_session(&mut self, report: &FirstSession) {
        let login = LoginId(report.login);
        let Some((mut login, replaces)) = self.gateway.second_logins.waiting.remove(&login) else {
            return;
        };
        if let Some(left) = report.connected_for {
            return self.refuse_second(&login, left);
        }
        login.login.replaces = Some(replaces);
        let key = SessionRecord::key(&login.login.player.id);
        let (settle, request) = Settle::read_first(key, TERMS);
        login.settle = settle;
        let id = self.gateway.logins.begin(login);
        self.context.ask(Call::Login(id), request);
    }

    fn refuse_second(&mut self, login: &InFlight, left: Duration) {
        let seconds = left.as_secs() + 1;
        let message = format!(
            "the player is connected already; a connection that is dead ends within {seconds} s"
        );
        let error = wire::Error {
            retry_after_ms: u32::try_from(left.as_millis()).unwrap_or(u32::MAX),
            ..crate::game::refusal::error(ErrorCode::AlreadyConnected, message)
        };
        self.cut_with(login.connection, ErrorCode::AlreadyConnected, error);
    }
}
