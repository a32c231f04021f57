//! The client: one session over many connections.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::error_code::Reconnect;
use wayfare_protocol::frame::{self, BadFrame};
use wayfare_protocol::wire::{self, client_frame, hello, server_frame::Body};
use wayfare_protocol::{ErrorCode, Instant, PlayerId, SessionId, limits};

use crate::link::{Beat, Link, Pulse};
use crate::lists::Lists;
use crate::outbox::Outbox;
use crate::random::Random;
use crate::rooms::{HandleTaken, Rooms};
use crate::route::Route;
use crate::session::{Limits, Session};
use crate::{
    CommandId, Credential, End, Event, Interruption, Join, JoinError, ListError, ListId,
    NotAMember, Output, RoomKey, SendError, ServerError, Settings,
};

/// The client half of the protocol.
///
/// Whoever drives it hands in what happens, each time with the present, and after each call takes
/// [`Client::poll_output`] until it is empty, then sleeps until [`Client::poll_timeout`] at most.
/// One connection is open or being opened at a time. From a new client the first output is the
/// order to connect.
///
/// The seed decides the jitter of its delays and nothing else: from the same seed and the same
/// inputs come the same outputs.
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
    /// Since when there is no open connection.
    out_since: Option<Instant>,
}

impl Client {
    /// A client that begins to connect at once.
    #[must_use]
    pub fn new(settings: Settings, seed: u64, now: Instant) -> Self {
        let mut client = Self {
            route: Route::new(&settings, Random::new(seed)),
            limits: Limits::DEFAULT,
            link: Link::Ended,
            session: None,
            // A stream of its own, so that the delays of one do not shift those of the other.
            rooms: Rooms::new(&settings, Random::new(!seed)),
            lists: Lists::default(),
            out: Outbox::new(),
            round_trip: None,
            out_since: Some(now),
            settings,
        };
        client.connect(now);
        client
    }

    /// What to do next, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.poll()
    }

    /// When to call [`Self::handle_timeout`] at the latest, and what for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let next = match &self.link {
            Link::Waiting { until } => (*until, "reconnect"),
            Link::Connecting { deadline } | Link::Greeting { deadline } => (*deadline, "handshake"),
            Link::Open(pulse) => {
                let next = pulse.poll_timeout(self.out.last_sent);
                self.rooms.poll_timeout().map_or(next, |at| next.min(at))
            }
            Link::Ended => return None,
        };
        let give_up = self.give_up_at().map(|at| (at, "give up"));
        Some(give_up.map_or(next, |give_up| next.min(give_up)))
    }

    /// The time between the last answered ping and its answer.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// The connection that was asked for is there.
    pub fn handle_connected(&mut self, now: Instant) {
        let Link::Connecting { deadline } = self.link else {
            return;
        };
        self.link = Link::Greeting { deadline };
        let hello = wire::Hello {
            version_min: limits::VERSION_MIN,
            version_max: limits::VERSION_MAX,
            sdk: self.settings.sdk.clone(),
            credential: Some(self.credential()),
        };
        self.out.send(client_frame::Body::Hello(hello), now);
    }

    /// The connection is gone, or could not be made.
    pub fn handle_disconnected(&mut self, now: Instant) {
        let cause = match self.link {
            Link::Connecting { .. } | Link::Greeting { .. } => Interruption::Unreachable,
            Link::Open(_) => Interruption::Lost,
            Link::Waiting { .. } | Link::Ended => return,
        };
        self.interrupt(cause, Duration::ZERO, now);
    }

    /// One frame came, without its header.
    pub fn handle_frame(&mut self, payload: Bytes, now: Instant) {
        match &mut self.link {
            Link::Greeting { .. } => {}
            Link::Open(pulse) => pulse.heard(now),
            Link::Waiting { .. } | Link::Connecting { .. } | Link::Ended => return,
        }
        let body = match frame::decode_server(payload) {
            Ok(body) => body,
            Err(BadFrame::Unknown) => return,
            Err(BadFrame::Malformed(_)) => {
                return self.break_off("a frame that does not decode", now);
            }
        };
        match (body, &mut self.link) {
            (Body::Ended(ended), _) => self.handle_ended(ended.error.into(), now),
            (Body::Welcome(welcome), Link::Greeting { .. }) => self.handle_welcome(welcome, now),
            (Body::Pong(pong), Link::Open(pulse)) => {
                self.round_trip = pulse.pong(pong.nonce, now).or(self.round_trip);
            }
            (Body::Listing(listing), Link::Open(_)) => {
                self.lists.handle_listing(listing, &mut self.out);
            }
            (body, Link::Open(_)) => {
                let handled = self.rooms.handle_frame(body, &mut self.out, now);
                if let Err(HandleTaken) = handled {
                    self.break_off("two rooms by one handle", now);
                }
            }
            // Before the Welcome nothing else is said.
            _ => {}
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.give_up_at().is_some_and(|at| now >= at) {
            let after = self.settings.give_up_after.unwrap_or_default();
            return self.end(End::GaveUp { after });
        }
        match &mut self.link {
            Link::Waiting { until } if now >= *until => self.connect(now),
            Link::Connecting { deadline } | Link::Greeting { deadline } if now >= *deadline => {
                self.out.disconnect();
                self.interrupt(Interruption::HandshakeTimeout, Duration::ZERO, now);
            }
            Link::Open(pulse) => match pulse.handle_timeout(self.out.last_sent, now) {
                Some(Beat::Ping { nonce }) => {
                    let ping = client_frame::Body::Ping(wire::Ping { nonce });
                    self.out.send(ping, now);
                }
                Some(Beat::Dead) => {
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

    /// Asks to become a member of a room. Answered by `Joined` or `JoinRefused`, or, if the stay
    /// is left before that, by `Left`. Without a connection it waits for one.
    ///
    /// A room that is being left may be joined again at once: the join then follows the `Left`.
    ///
    /// # Errors
    /// If it is not even tried.
    pub fn join(&mut self, join: Join, now: Instant) -> Result<RoomKey, JoinError> {
        if matches!(self.link, Link::Ended) {
            return Err(JoinError::Ended);
        }
        let open = self.is_open();
        self.rooms
            .join(join, &self.limits, open, &mut self.out, now)
    }

    /// Gives the room a command: applied once, in order, and answered by one `Reply`, through
    /// whatever happens to connection, session or room.
    ///
    /// # Errors
    /// If it is not even taken.
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

    /// Sends the room a message without any promise: dropped where there is no connection.
    ///
    /// # Errors
    /// If it could not be sent on any connection.
    pub fn send_unreliable(
        &mut self,
        room: RoomKey,
        payload: Bytes,
        now: Instant,
    ) -> Result<(), SendError> {
        self.rooms
            .send_unreliable(room, payload, &self.limits, &mut self.out, now)
    }

    /// Leaves the room, or gives up the join. Answered by `Left`; until then events may come, but
    /// no command is taken any more.
    ///
    /// # Errors
    /// If the stay is over or was left already.
    pub fn leave(&mut self, room: RoomKey, now: Instant) -> Result<(), NotAMember> {
        self.rooms.leave(room, &mut self.out, now)
    }

    /// Asks for at most `limit` rooms of a kind that have all these properties; 0 means as many as
    /// the server lists. Answered by `Listing`.
    ///
    /// # Errors
    /// If it is not even asked.
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

    /// Ends the session: every room is left. Without a connection the server is not told, and the
    /// session runs out by itself.
    pub fn bye(&mut self, now: Instant) {
        if self.is_open() {
            self.out.send(client_frame::Body::Bye(wire::Bye {}), now);
        }
        self.end(End::Bye);
    }

    fn handle_welcome(&mut self, welcome: wire::Welcome, now: Instant) {
        if !(limits::VERSION_MIN..=limits::VERSION_MAX).contains(&welcome.version) {
            return self.break_off("a version that was not offered", now);
        }
        let Some(id) = SessionId::from_slice(&welcome.session) else {
            return self.break_off("a session id that is none", now);
        };
        let Ok(player) = PlayerId::new(&welcome.player) else {
            return self.break_off("a player id that is none", now);
        };
        let same = |session: &Session| session.id == id;
        let resumed = welcome.resumed && self.session.as_ref().is_some_and(same);
        if !resumed {
            self.lose_session();
        }
        self.limits = Limits::stated(&welcome);
        self.link = Link::Open(Pulse::new(self.limits.heartbeat, now));
        self.out_since = None;
        self.session = Some(Session {
            id,
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
        self.lists.ask_again(&mut self.out, now);
    }

    fn handle_ended(&mut self, error: ServerError, now: Instant) {
        match Reconnect::of_code(error.code) {
            Reconnect::Never => return self.end(End::Refused(error)),
            Reconnect::Afresh => self.lose_session(),
            Reconnect::Resume => {}
        }
        self.out.disconnect();
        if self.is_open() && is_about_the_endpoint(&error) {
            self.route.turn();
        }
        let retry_after = error.retry_after;
        self.interrupt(Interruption::Ended(error), retry_after, now);
    }

    /// The server makes no sense: another connection may.
    fn break_off(&mut self, why: &'static str, now: Instant) {
        self.out.disconnect();
        self.interrupt(Interruption::Violation(why), Duration::ZERO, now);
    }

    /// There is no connection any more: another is made after a while.
    fn interrupt(&mut self, cause: Interruption, retry_after: Duration, now: Instant) {
        match &self.link {
            Link::Open(pulse) => self.route.lost(pulse.since, now),
            _ => self.route.turn(),
        }
        self.rooms.detach();
        self.out_since.get_or_insert(now);
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
        let ticket = self.session.as_ref().map(|session| &session.ticket);
        match (ticket, &self.settings.credential) {
            (Some(ticket), _) if !ticket.is_empty() => hello::Credential::Ticket(ticket.clone()),
            (_, Credential::Token(token)) => hello::Credential::Token(token.clone()),
            (_, Credential::Guest { name }) => {
                hello::Credential::Guest(wire::Guest { name: name.clone() })
            }
        }
    }

    /// The session, if there was one, is no more; joins that waited for a first one go on waiting.
    fn lose_session(&mut self) {
        if self.session.take().is_some() {
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
        Some(self.out_since? + self.settings.give_up_after?)
    }

    const fn is_open(&self) -> bool {
        matches!(self.link, Link::Open(_))
    }
}

/// Tells where the client stands, never what it knows.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("link", &self.link)
            .field("session", &self.session.as_ref().map(|session| session.id))
            .finish_non_exhaustive()
    }
}

/// Whether another endpoint may do better: the server's state, but not this connection's conduct.
fn is_about_the_endpoint(error: &ServerError) -> bool {
    use ErrorCode::{HandshakeTimeout, RateLimited, SequenceGap, Silent, SlowReader};
    !matches!(
        error.known(),
        Some(HandshakeTimeout | RateLimited | SequenceGap | Silent | SlowReader)
    )
}
