//! The client: one session over many connections.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::error_code::Reconnect;
use wayfare_protocol::frame::{self, BadFrame};
use wayfare_protocol::wire::{self, client_frame, hello, server_frame::Body};
use wayfare_protocol::{ErrorCode, Instant, PlayerId, SessionId, limits};

use crate::link::{Link, Liveness, LivenessAction};
use crate::lists::Lists;
use crate::outbox::Outbox;
use crate::random::Random;
use crate::rooms::{DuplicateHandle, Rooms};
use crate::route::Route;
use crate::session::{Limits, Session};
use crate::{
    CommandId, Credential, End, Event, Interruption, Join, JoinError, ListError, ListId,
    NotAMember, Output, RoomKey, SendError, ServerClock, ServerError, Settings, Ticket,
};

/// The client half of the protocol as a state machine.
///
/// The driver passes in each input together with the current time. After each call it polls
/// [`Client::poll_output`] until it returns `None`, then sleeps at most until
/// [`Client::poll_timeout`]. At most one connection is open or being opened at a time. The first
/// output of a new client asks for a connection.
///
/// The seed determines only the jitter of the delays: the same seed and the same inputs produce the
/// same outputs.
pub struct Client {
    settings: Settings,
    limits: Limits,
    route: Route,
    link: Link,
    session: Option<Session>,
    rooms: Rooms,
    lists: Lists,
    out: Outbox,
    round_trip: Option<Duration>,
    server_clock: Option<ServerClock>,
    /// Start of the present time without an open connection.
    disconnected_since: Option<Instant>,
}

impl Client {
    /// Creates a client that starts to connect at once.
    #[must_use]
    pub fn new(settings: Settings, seed: u64, now: Instant) -> Self {
        let mut client = Self {
            route: Route::new(&settings, Random::new(seed)),
            limits: Limits::DEFAULT,
            link: Link::Ended,
            session: None,
            // A separate random stream, so that rejoin delays do not shift reconnect delays.
            rooms: Rooms::new(&settings, Random::new(!seed)),
            lists: Lists::default(),
            out: Outbox::new(),
            round_trip: None,
            server_clock: None,
            disconnected_since: Some(now),
            settings,
        };
        let kept = client.settings.resume.take();
        client.session = kept.map(|Ticket(ticket)| Session { id: None, ticket });
        client.connect(now);
        client
    }

    /// Returns the next output. Outputs must be executed in this order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.poll()
    }

    /// Returns the time at which to call [`Self::handle_timeout`] at the latest, and the reason.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let next = match &self.link {
            Link::Waiting { until } => (*until, "reconnect"),
            Link::Connecting { deadline } | Link::Greeting { deadline, .. } => {
                (*deadline, "handshake")
            }
            Link::Open(liveness) => {
                let next = liveness.poll_timeout(self.out.last_sent);
                self.rooms.poll_timeout().map_or(next, |at| next.min(at))
            }
            Link::Ended => return None,
        };
        let give_up = self.give_up_at().map(|at| (at, "give up"));
        Some(give_up.map_or(next, |give_up| next.min(give_up)))
    }

    /// Returns the round-trip time of the last answered ping.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Returns the server's clock, after the server has stated its time.
    #[must_use]
    pub const fn server_clock(&self) -> Option<ServerClock> {
        self.server_clock
    }

    /// Returns the ticket that the next connection presents to resume the session. Without one, it
    /// starts a new session with the credential.
    #[must_use]
    pub fn ticket(&self) -> Option<Ticket> {
        let ticket = &self.session.as_ref()?.ticket;
        (!ticket.is_empty()).then(|| Ticket(ticket.clone()))
    }

    /// Handles that the requested connection is established.
    pub fn handle_connected(&mut self, now: Instant) {
        let Link::Connecting { deadline } = self.link else {
            return;
        };
        self.link = Link::Greeting {
            since: now,
            deadline,
        };
        let hello = wire::Hello {
            version_min: limits::VERSION_MIN,
            version_max: limits::VERSION_MAX,
            sdk: self.settings.sdk.clone(),
            credential: Some(self.credential()),
        };
        self.out.send(client_frame::Body::Hello(hello), now);
    }

    /// Handles that the connection was lost or could not be established.
    pub fn handle_disconnected(&mut self, now: Instant) {
        let cause = match self.link {
            Link::Connecting { .. } | Link::Greeting { .. } => Interruption::Unreachable,
            Link::Open(_) => Interruption::Lost,
            Link::Waiting { .. } | Link::Ended => return,
        };
        self.interrupt(cause, Duration::ZERO, now);
    }

    /// Handles a received frame, without its length header.
    pub fn handle_frame(&mut self, payload: Bytes, now: Instant) {
        match &mut self.link {
            Link::Greeting { .. } => {}
            Link::Open(liveness) => liveness.received(now),
            Link::Waiting { .. } | Link::Connecting { .. } | Link::Ended => return,
        }
        let body = match frame::decode_server(payload) {
            Ok(body) => body,
            Err(BadFrame::Unknown) => return,
            Err(BadFrame::Malformed(_)) => {
                return self.abort("a frame that cannot be decoded", now);
            }
        };
        match (body, &mut self.link) {
            (Body::Ended(ended), _) => self.handle_ended(ended.error.into(), now),
            (Body::Welcome(welcome), Link::Greeting { since, .. }) => {
                let sent = *since;
                self.handle_welcome(welcome, sent, now);
            }
            (Body::Pong(pong), Link::Open(liveness)) => {
                if let Some(round_trip) = liveness.pong(pong.nonce, now) {
                    self.round_trip = Some(round_trip);
                    let sent = liveness.pinged_at;
                    ServerClock::hear(&mut self.server_clock, pong.time_ms, sent, now);
                }
            }
            (Body::Listing(listing), Link::Open(_)) => {
                self.lists.handle_listing(listing, &mut self.out);
            }
            (body, Link::Open(_)) => {
                let handled = self.rooms.handle_frame(body, &mut self.out, now);
                if let Err(DuplicateHandle) = handled {
                    self.abort("a handle that is already in use", now);
                }
            }
            // The server sends nothing else before the Welcome.
            _ => {}
        }
    }

    /// Handles the passing of time.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.give_up_at().is_some_and(|at| now >= at) {
            let after = self.settings.give_up_after.unwrap_or_default();
            return self.end(End::GaveUp { after });
        }
        match &mut self.link {
            Link::Waiting { until } if now >= *until => self.connect(now),
            Link::Connecting { deadline } | Link::Greeting { deadline, .. } if now >= *deadline => {
                self.out.disconnect();
                self.interrupt(Interruption::HandshakeTimeout, Duration::ZERO, now);
            }
            Link::Open(liveness) => match liveness.handle_timeout(self.out.last_sent, now) {
                Some(LivenessAction::Ping { nonce }) => {
                    let ping = client_frame::Body::Ping(wire::Ping { nonce });
                    self.out.send(ping, now);
                }
                Some(LivenessAction::Dead) => {
                    self.out.disconnect();
                    self.interrupt(Interruption::Silent, Duration::ZERO, now);
                }
                None => {}
            },
            _ => {}
        }
        if self.is_open() {
            self.rooms.handle_timeout(&mut self.out, now);
        }
    }

    /// Asks to become a member of a room. The answer is `Joined` or `JoinRefused`, or `Left` if the
    /// application leaves first. Without a connection the join waits for one.
    ///
    /// A room that the client is leaving may be joined again at once: the new join is sent after
    /// the `Left`.
    ///
    /// # Errors
    /// If the join is invalid or a limit is reached. Nothing is sent then.
    pub fn join(&mut self, join: Join, now: Instant) -> Result<RoomKey, JoinError> {
        if matches!(self.link, Link::Ended) {
            return Err(JoinError::Ended);
        }
        let open = self.is_open();
        self.rooms
            .join(join, &self.limits, open, &mut self.out, now)
    }

    /// Sends a command to the room. It is applied at most once and in order, and gets exactly one
    /// `Reply`, even if the connection, the session or the room is lost.
    ///
    /// # Errors
    /// If the command is not accepted. Nothing is sent then.
    pub fn command(
        &mut self,
        room: RoomKey,
        payload: Bytes,
        now: Instant,
    ) -> Result<CommandId, SendError> {
        let (settings, limits) = (&self.settings, &self.limits);
        self.rooms
            .command(room, payload, settings, limits, &mut self.out, now)
    }

    /// Sends the room a message without a delivery guarantee. It is dropped if there is no
    /// connection.
    ///
    /// # Errors
    /// If the message could not be sent on any connection.
    pub fn send_unreliable(
        &mut self,
        room: RoomKey,
        payload: Bytes,
        now: Instant,
    ) -> Result<(), SendError> {
        self.rooms
            .send_unreliable(room, payload, &self.limits, &mut self.out, now)
    }

    /// Leaves the room, or cancels the join. The answer is `Left`; until then events may arrive,
    /// but commands are refused.
    ///
    /// # Errors
    /// If the stay is over or the application already left.
    pub fn leave(&mut self, room: RoomKey, now: Instant) -> Result<(), NotAMember> {
        self.rooms.leave(room, &mut self.out, now)
    }

    /// Asks for at most `limit` rooms of a kind that have all these properties. A limit of 0 asks
    /// for as many as the server lists. The answer is `Listing`.
    ///
    /// # Errors
    /// If the request is not accepted. Nothing is sent then.
    pub fn list(
        &mut self,
        kind: &str,
        properties: BTreeMap<String, String>,
        limit: u32,
        now: Instant,
    ) -> Result<ListId, ListError> {
        if matches!(self.link, Link::Ended) {
            return Err(ListError::Ended);
        }
        let open = self.is_open();
        let (id, list) = self.lists.ask(kind, properties, limit, &self.limits)?;
        if open {
            self.out.send(client_frame::Body::List(list.clone()), now);
        }
        Ok(id)
    }

    /// Ends the session and leaves every room. Without a connection the server is not notified, and
    /// the session expires there.
    pub fn bye(&mut self, now: Instant) {
        if self.is_open() {
            self.out.send(client_frame::Body::Bye(wire::Bye {}), now);
        }
        self.end(End::Bye);
    }

    fn handle_welcome(&mut self, welcome: wire::Welcome, sent: Instant, now: Instant) {
        if !(limits::VERSION_MIN..=limits::VERSION_MAX).contains(&welcome.version) {
            return self.abort("a version that was not offered", now);
        }
        let Some(id) = SessionId::from_slice(&welcome.session) else {
            return self.abort("an invalid session id", now);
        };
        let Ok(player) = PlayerId::new(&welcome.player) else {
            return self.abort("an invalid player id", now);
        };
        let same = |session: &Session| session.id.is_none_or(|known| known == id);
        let resumed = welcome.resumed && self.session.as_ref().is_some_and(same);
        if !resumed {
            self.lose_session();
        }
        self.limits = Limits::from_welcome(&welcome);
        ServerClock::hear(&mut self.server_clock, welcome.time_ms, sent, now);
        self.link = Link::Open(Liveness::new(self.limits.heartbeat, now));
        self.disconnected_since = None;
        self.session = Some(Session {
            id: Some(id),
            ticket: welcome.ticket,
        });
        let acknowledge = client_frame::Body::Acknowledge(wire::Acknowledge {});
        self.out.send(acknowledge, now);
        self.out.event(Event::Connected {
            session: id,
            player,
            resumed,
        });
        self.rooms.resume(&mut self.out, now);
        self.lists.send_again(&mut self.out, now);
    }

    fn handle_ended(&mut self, error: ServerError, now: Instant) {
        match Reconnect::of_code(error.code) {
            Reconnect::Never => return self.end(End::Refused(error)),
            Reconnect::Afresh => self.lose_session(),
            Reconnect::Resume => {}
        }
        self.out.disconnect();
        if self.is_open() && concerns_endpoint(&error) {
            self.route.advance();
        }
        let retry_after = error.retry_after;
        self.interrupt(Interruption::Ended(error), retry_after, now);
    }

    /// Disconnects because the server violated the protocol. The client then reconnects.
    fn abort(&mut self, why: &'static str, now: Instant) {
        self.out.disconnect();
        self.interrupt(Interruption::Violation(why), Duration::ZERO, now);
    }

    /// Handles the end of the connection and schedules the next attempt.
    fn interrupt(&mut self, cause: Interruption, retry_after: Duration, now: Instant) {
        match &self.link {
            Link::Open(liveness) => self.route.connection_lost(liveness.since, now),
            _ => self.route.advance(),
        }
        self.rooms.detach();
        self.disconnected_since.get_or_insert(now);
        let retry_in = self.route.delay(retry_after);
        self.link = Link::Waiting {
            until: now + retry_in,
        };
        self.out.event(Event::Interrupted { retry_in, cause });
    }

    fn connect(&mut self, now: Instant) {
        let deadline = now + self.settings.handshake_time_max;
        self.link = Link::Connecting { deadline };
        self.out.connect(self.route.endpoint());
    }

    fn credential(&self) -> hello::Credential {
        match (self.ticket(), &self.settings.credential) {
            (Some(Ticket(ticket)), _) => hello::Credential::Ticket(ticket),
            (_, Credential::Token(token)) => hello::Credential::Token(token.clone()),
            (_, Credential::Guest { name }) => {
                hello::Credential::Guest(wire::Guest { name: name.clone() })
            }
        }
    }

    /// Ends the session, if there is one. Joins that wait for the first session keep waiting.
    fn lose_session(&mut self) {
        let lost = self.session.take();
        if lost.is_some_and(|session| session.id.is_some()) {
            self.out.event(Event::SessionLost);
            self.rooms.lose(&mut self.out);
        }
    }

    fn end(&mut self, end: End) {
        if matches!(self.link, Link::Ended) {
            return;
        }
        if !matches!(self.link, Link::Waiting { .. }) {
            self.out.disconnect();
        }
        self.link = Link::Ended;
        self.session = None;
        self.rooms.lose(&mut self.out);
        self.out.event(Event::Ended(end));
    }

    fn give_up_at(&self) -> Option<Instant> {
        if matches!(self.link, Link::Ended) {
            return None;
        }
        Some(self.disconnected_since? + self.settings.give_up_after?)
    }

    const fn is_open(&self) -> bool {
        matches!(self.link, Link::Open(_))
    }
}

/// Shows the connection state and the session id only, never secrets or payloads.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("link", &self.link)
            .field(
                "session",
                &self.session.as_ref().and_then(|session| session.id),
            )
            .finish_non_exhaustive()
    }
}

/// Returns true if another endpoint may work better: the error is about the state of the server,
/// not about the conduct of this connection.
fn concerns_endpoint(error: &ServerError) -> bool {
    use ErrorCode::{HandshakeTimeout, RateLimited, SequenceGap, Silent, SlowReader};
    !matches!(
        error.known(),
        Some(HandshakeTimeout | RateLimited | SequenceGap | Silent | SlowReader)
    )
}
