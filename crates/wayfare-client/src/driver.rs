//! The task that owns the client core. It reads the clock and the socket, and makes no decisions.

use std::collections::BTreeMap;
use std::future::pending;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep_until;
use wayfare_client_core::{
    Client, CommandId, End, Event, ListId, Listing, Output, RoomKey, ServerClock, Settings, Ticket,
};
use wayfare_protocol::limits::BACKLOG_BYTES_SOFT;
use wayfare_protocol::{EntityId, Instant};

use crate::connection::{Connection, ConnectionEvent};
use crate::endpoint::Endpoint;
use crate::request::Request;
use crate::room::Parts;
use crate::rooms::{RoomOutput, Rooms};
use crate::{CommandError, JoinError, ListError, Resync, Room, RoomEvent, State};

/// The limits for an application that reads slowly.
#[derive(Clone, Copy)]
pub(crate) struct Tuning {
    pub(crate) events_max: usize,
    pub(crate) unread_time_max: Duration,
}

pub(crate) struct Driver {
    client: Client,
    origin: tokio::time::Instant,
    endpoints: Vec<Endpoint>,
    connection: Connection,
    closing: Option<JoinHandle<()>>,
    rooms: Rooms,
    joins: BTreeMap<RoomKey, (EntityId, oneshot::Sender<Result<Room, JoinError>>)>,
    replies: BTreeMap<CommandId, oneshot::Sender<Result<Bytes, CommandError>>>,
    lists: BTreeMap<ListId, oneshot::Sender<Result<Listing, ListError>>>,
    /// The sender of the application's handles. It is weak, so that the queue closes when the last
    /// handle is dropped.
    requests: mpsc::WeakSender<Request>,
    told: Told,
    ended: Option<End>,
}

/// The ways to tell the handles of the client.
pub(crate) struct Told {
    pub(crate) states: watch::Sender<State>,
    pub(crate) tickets: watch::Sender<Option<Ticket>>,
    /// The server's clock, and the origin of the client's.
    pub(crate) clock: watch::Sender<Option<(ServerClock, tokio::time::Instant)>>,
}

impl Driver {
    pub(crate) fn new(
        settings: Settings,
        tuning: Tuning,
        endpoints: Vec<Endpoint>,
        requests: mpsc::WeakSender<Request>,
        told: Told,
    ) -> Self {
        let Tuning {
            events_max,
            unread_time_max,
        } = tuning;
        // Jitter needs no better randomness than the hash keys of the standard library.
        let seed = RandomState::new().hash_one(0);
        Self {
            client: Client::new(settings, seed, Instant::ORIGIN),
            origin: tokio::time::Instant::now(),
            endpoints,
            connection: Connection::default(),
            closing: None,
            rooms: Rooms::new(events_max, unread_time_max),
            joins: BTreeMap::new(),
            replies: BTreeMap::new(),
            lists: BTreeMap::new(),
            requests,
            told,
            ended: None,
        }
    }

    pub(crate) async fn run(mut self, mut requested: mpsc::Receiver<Request>) {
        loop {
            self.drain();
            if self.ended.is_some() {
                break;
            }
            let wake = self.client.poll_timeout().map(|(at, _)| self.to_tokio(at));
            let read = !self.rooms.is_waiting();
            tokio::select! {
                event = self.connection.next(read) => self.handle_connection_event(event),
                request = requested.recv() => self.handle_request(request.unwrap_or(Request::Close)),
                left = self.rooms.wait_for_application() => {
                    if let Some(key) = left {
                        self.leave(key);
                    }
                }
                () = sleep(wake) => {
                    let now = self.now();
                    self.client.handle_timeout(now);
                }
            }
        }
        drop(requested);
        self.finish().await;
    }

    /// Delivers the remaining events. Unanswered requests are dropped with their senders, which the
    /// handles notice.
    async fn finish(mut self) {
        self.joins.clear();
        self.replies.clear();
        self.lists.clear();
        if matches!(self.ended, Some(End::Bye)) {
            self.rooms.drop_waiting_events();
        }
        while self.rooms.is_waiting() {
            self.rooms.wait_for_application().await;
        }
        if let Some(closing) = self.closing.take() {
            let _ = closing.await;
        }
    }

    fn handle_connection_event(&mut self, event: ConnectionEvent) {
        let now = self.now();
        match event {
            ConnectionEvent::Connected => self.client.handle_connected(now),
            ConnectionEvent::Frame(payload) => self.client.handle_frame(payload, now),
            ConnectionEvent::Disconnected => self.client.handle_disconnected(now),
        }
        let clock = self.client.server_clock().map(|clock| (clock, self.origin));
        self.told.clock.send_if_modified(|told| {
            let is_new = *told != clock;
            *told = clock;
            is_new
        });
    }

    fn handle_request(&mut self, request: Request) {
        let now = self.now();
        match request {
            Request::Join { join, answer } => {
                let room = join.room.clone();
                match self.client.join(join, now) {
                    Ok(key) => {
                        self.joins.insert(key, (room, answer));
                    }
                    Err(error) => {
                        let _ = answer.send(Err(JoinError::NotTried(error)));
                    }
                }
            }
            Request::Send {
                room,
                payload,
                answer,
            } => match self.client.command(room, payload, now) {
                Ok(id) => {
                    self.replies.insert(id, answer);
                }
                Err(error) => {
                    let _ = answer.send(Err(CommandError::NotTaken(error)));
                }
            },
            Request::Cast {
                room,
                payload,
                answer,
            } => {
                let taken = self.client.command(room, payload, now).map(|_| ());
                let _ = answer.send(taken);
            }
            // Another frame would only delay the frames that wait already.
            Request::Unreliable { .. } if self.has_backlog() => {}
            Request::Unreliable { room, payload } => {
                let _ = self.client.send_unreliable(room, payload, now);
            }
            Request::List {
                kind,
                properties,
                limit,
                answer,
            } => match self.client.list(&kind, properties, limit, now) {
                Ok(id) => {
                    self.lists.insert(id, answer);
                }
                Err(error) => {
                    let _ = answer.send(Err(ListError::NotAsked(error)));
                }
            },
            Request::Close => self.client.bye(now),
        }
    }

    fn leave(&mut self, key: RoomKey) {
        let now = self.now();
        // A stay that is over needs no leave.
        let _ = self.client.leave(key, now);
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Connect { endpoint } => {
                    if let Some(endpoint) = self.endpoints.get(endpoint) {
                        self.connection.open(endpoint);
                    }
                }
                Output::Send(payload) => self.connection.send(payload),
                Output::Disconnect => {
                    self.closing = Some(tokio::spawn(self.connection.close()));
                }
                Output::Event(event) => self.deliver(event),
            }
        }
    }

    fn deliver(&mut self, event: Event) {
        match event {
            Event::Connected {
                session, player, ..
            } => {
                self.told.tickets.send_replace(self.client.ticket());
                self.told
                    .states
                    .send_replace(State::Connected { session, player });
            }
            Event::Interrupted { retry_in, cause } => {
                let detail = self.connection.failure();
                self.told.states.send_replace(State::Interrupted {
                    retry_in,
                    cause,
                    detail,
                });
            }
            // The next `Connected` states the new session, and every room got its last event.
            Event::SessionLost => {
                self.told.tickets.send_replace(None);
            }
            Event::Ended(end) => {
                self.told.tickets.send_replace(None);
                self.told.states.send_replace(State::Ended(end.clone()));
                self.ended = Some(end);
            }
            Event::Joined {
                room,
                view,
                position,
            } => self.joined(room, view, position.0),
            Event::JoinRefused { room, error } => {
                if let Some((_, answer)) = self.joins.remove(&room) {
                    let _ = answer.send(Err(error.into()));
                }
            }
            Event::Reply {
                command, result, ..
            } => {
                if let Some(answer) = self.replies.remove(&command) {
                    let _ = answer.send(result.map_err(Into::into));
                }
            }
            Event::Listing { list, result } => {
                if let Some(answer) = self.lists.remove(&list) {
                    let _ = answer.send(result.map_err(ListError::Refused));
                }
            }
            event => self.deliver_to_room(event),
        }
    }

    fn deliver_to_room(&mut self, event: Event) {
        let mut position = None;
        let (room, event) = match event {
            Event::Event {
                room,
                payload,
                sequence,
            } => {
                position = Some(sequence.0);
                (room, RoomEvent::Event(payload))
            }
            Event::Unreliable { room, payload } => (room, RoomEvent::Unreliable(payload)),
            Event::Resync {
                room,
                view,
                position: at,
                stands,
                lost_replies,
                fell_back,
            } => {
                position = Some(at.0);
                let resync = Resync {
                    view: view.into(),
                    position: at.0,
                    stands: stands.0,
                    lost_replies,
                    fell_back,
                };
                (room, RoomEvent::Resync(resync))
            }
            Event::FellBack { room } => (room, RoomEvent::FellBack),
            Event::Left {
                room,
                reason,
                message,
            } => (room, RoomEvent::Left { reason, message }),
            _ => return,
        };
        self.rooms.deliver(room, RoomOutput { event, position });
    }

    fn joined(&mut self, key: RoomKey, view: Bytes, position: u64) {
        let Some((room, answer)) = self.joins.remove(&key) else {
            return;
        };
        // No handle is left, so nobody can use the room.
        let Some(requests) = self.requests.upgrade() else {
            return self.leave(key);
        };
        let (events, last) = self.rooms.open_queue(key);
        // If the join was cancelled in the meantime, the room handle is dropped here and leaves the
        // room.
        let _ = answer.send(Ok(Room::new(Parts {
            key,
            room,
            view,
            position,
            events,
            last,
            requests,
        })));
    }

    const fn has_backlog(&self) -> bool {
        self.connection.unwritten_bytes() > BACKLOG_BYTES_SOFT
    }

    fn now(&self) -> Instant {
        Instant::ORIGIN + self.origin.elapsed()
    }

    fn to_tokio(&self, at: Instant) -> tokio::time::Instant {
        self.origin + at.since(Instant::ORIGIN)
    }
}

async fn sleep(until: Option<tokio::time::Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => pending().await,
    }
}
