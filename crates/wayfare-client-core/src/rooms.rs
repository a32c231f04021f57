//! All stays of a session, by key, by room name and by handle.

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_protocol::wire::{self, server_frame::Body};
use wayfare_protocol::{EntityId, Handle, Instant, Sequence};

use crate::outbox::Outbox;
use crate::random::Random;
use crate::session::Limits;
use crate::stay::{Fate, Patience, Stay};
use crate::{CommandId, Join, JoinError, NotAMember, RoomKey, SendError, Settings};

pub(crate) struct Rooms {
    stays: BTreeMap<RoomKey, Stay>,
    names: BTreeMap<EntityId, Name>,
    handles: BTreeMap<Handle, RoomKey>,
    patience: Patience,
    keys: u64,
    commands: u64,
}

/// What the session remembers of a room, stays or none: for its life, because the room does too.
#[derive(Default)]
struct Name {
    last: Sequence,
    current: Option<RoomKey>,
    /// Joined again while `current` is still being left.
    queued: Option<RoomKey>,
}

/// Two rooms by one handle: whom an event is for could not be told.
#[derive(Debug)]
pub(crate) struct HandleTaken;

impl Rooms {
    pub(crate) fn new(settings: &Settings, random: Random) -> Self {
        Self {
            stays: BTreeMap::new(),
            names: BTreeMap::new(),
            handles: BTreeMap::new(),
            patience: Patience::new(settings, random),
            keys: 0,
            commands: 0,
        }
    }

    /// `open` says whether there is a connection to send on.
    pub(crate) fn join(
        &mut self,
        join: Join,
        limits: &Limits,
        open: bool,
        out: &mut Outbox,
        now: Instant,
    ) -> Result<RoomKey, JoinError> {
        let content = join.room.as_str().len() + join.open.len() + join.payload.len();
        if let Some(bytes) = limits.excess(content) {
            let max = limits.frame_bytes_max;
            return Err(JoinError::TooLarge { bytes, max });
        }
        let current = self.names.get(&join.room).and_then(|name| name.current);
        if !self.may_join(&join.room, current) {
            return Err(JoinError::AlreadyJoined(join.room));
        }
        let held = self.stays.values().filter(|stay| !stay.is_queued()).count();
        if current.is_none() && held >= limits.rooms_max {
            let max = limits.rooms_max;
            return Err(JoinError::TooManyRooms { max });
        }
        self.keys += 1;
        let key = RoomKey(self.keys);
        let name = self.names.entry(join.room.clone()).or_default();
        name.queued = Some(key);
        let room = join.room.clone();
        self.stays.insert(key, Stay::queued(key, join));
        self.begin_queued(&room, open, out, now);
        Ok(key)
    }

    pub(crate) fn command(
        &mut self,
        room: RoomKey,
        payload: Bytes,
        settings: &Settings,
        limits: &Limits,
        out: &mut Outbox,
        now: Instant,
    ) -> Result<CommandId, SendError> {
        let stay = self.stays.get_mut(&room).ok_or(SendError::NotAMember)?;
        check_size(&payload, limits)?;
        let (commands, bytes) = (stay.ledger.commands(), stay.ledger.payload_bytes());
        let over = bytes + payload.len() > settings.outstanding_bytes_max && commands > 0;
        if over || commands >= settings.outstanding_commands_max {
            return Err(SendError::Backpressure { commands, bytes });
        }
        let id = CommandId(self.commands + 1);
        stay.command(id, payload, out, now)?;
        self.commands = id.0;
        Ok(id)
    }

    pub(crate) fn send_unreliable(
        &mut self,
        room: RoomKey,
        payload: Bytes,
        limits: &Limits,
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), SendError> {
        let stay = self.stays.get(&room).ok_or(SendError::NotAMember)?;
        check_size(&payload, limits)?;
        stay.send_unreliable(payload, out, now)
    }

    pub(crate) fn leave(
        &mut self,
        room: RoomKey,
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), NotAMember> {
        let stay = self.stays.get_mut(&room).ok_or(NotAMember)?;
        match stay.leave(out, now)? {
            Fate::Stays | Fate::Rejoins => {}
            // No join was out: nothing queues behind it, and no connection is needed.
            Fate::Over => self.remove(room),
        }
        Ok(())
    }

    /// When a room that was lost is to be joined again, over a connection.
    pub(crate) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let at = self.stays.values().filter_map(Stay::rejoin_at).min()?;
        Some((at, "rejoin"))
    }

    /// Time has passed on an open connection.
    pub(crate) fn handle_timeout(&mut self, out: &mut Outbox, now: Instant) {
        for stay in self.stays.values_mut() {
            stay.handle_timeout(out, now);
        }
    }

    pub(crate) fn detach(&mut self) {
        self.stays.values_mut().for_each(Stay::detach);
    }

    pub(crate) fn resume(&mut self, out: &mut Outbox, now: Instant) {
        for stay in self.stays.values_mut() {
            stay.resume(out, now);
        }
    }

    /// The session is over: so is every stay, and every sequence starts again.
    pub(crate) fn lose(&mut self, out: &mut Outbox) {
        for stay in self.stays.values_mut() {
            stay.lose(out);
        }
        self.stays.clear();
        self.names.clear();
        self.handles.clear();
    }

    /// A frame about a room, on an open connection. About a room that is not known it is ignored:
    /// it may be late.
    pub(crate) fn handle_frame(
        &mut self,
        body: Body,
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), HandleTaken> {
        match body {
            Body::Joined(joined) => return self.handle_joined(joined, out, now),
            Body::JoinRefused(refused) => {
                self.handle_join_refused(refused, out, now);
                return Ok(());
            }
            body => {
                let Some(handle) = handle_of(&body) else {
                    return Ok(());
                };
                let key = self.handles.get(&handle);
                let Some(stay) = key.and_then(|key| self.stays.get_mut(key)) else {
                    return Ok(());
                };
                let key = stay.key;
                match dispatch(stay, body, &mut self.patience, out, now) {
                    Fate::Stays => {}
                    Fate::Rejoins => {
                        self.handles.remove(&handle);
                    }
                    Fate::Over => self.finish(key, out, now),
                }
            }
        }
        Ok(())
    }

    fn handle_joined(
        &mut self,
        joined: wire::Joined,
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), HandleTaken> {
        let handle = Handle(joined.handle);
        let Some(key) = self.joining(&joined.room, Sequence(joined.sequence)) else {
            return Ok(());
        };
        if self.handles.contains_key(&handle) {
            return Err(HandleTaken);
        }
        let Some(stay) = self.stays.get_mut(&key) else {
            return Ok(());
        };
        stay.handle_joined(joined, out, now);
        self.handles.insert(handle, key);
        Ok(())
    }

    fn handle_join_refused(&mut self, refused: wire::JoinRefused, out: &mut Outbox, now: Instant) {
        let Some(key) = self.joining(&refused.room, Sequence(refused.sequence)) else {
            return;
        };
        let Some(stay) = self.stays.get_mut(&key) else {
            return;
        };
        if stay.handle_join_refused(refused, &mut self.patience, out, now) == Fate::Over {
            self.finish(key, out, now);
        }
    }

    /// The stay whose join this answers.
    fn joining(&self, room: &str, sequence: Sequence) -> Option<RoomKey> {
        let room: EntityId = room.parse().ok()?;
        let key = self.names.get(&room)?.current?;
        let stay = self.stays.get(&key)?;
        (stay.joining() == Some(sequence)).then_some(key)
    }

    /// A room has one stay at a time; another may queue behind one that is being left.
    fn may_join(&self, room: &EntityId, current: Option<RoomKey>) -> bool {
        let queued = self
            .names
            .get(room)
            .is_some_and(|name| name.queued.is_some());
        let leaving = |key| self.stays.get(&key).is_some_and(Stay::is_leaving);
        !queued && current.is_none_or(leaving)
    }

    /// A stay that had begun is over, on an open connection: whoever queued behind it is next.
    fn finish(&mut self, key: RoomKey, out: &mut Outbox, now: Instant) {
        let Some(stay) = self.stays.get(&key) else {
            return;
        };
        let room = stay.room().clone();
        self.remove(key);
        self.begin_queued(&room, true, out, now);
    }

    fn remove(&mut self, key: RoomKey) {
        let Some(stay) = self.stays.remove(&key) else {
            return;
        };
        if let Some(handle) = stay.handle() {
            self.handles.remove(&handle);
        }
        let Some(name) = self.names.get_mut(stay.room()) else {
            return;
        };
        if name.current == Some(key) {
            name.current = None;
            name.last = stay.ledger.last();
        } else {
            name.queued = None;
        }
    }

    fn begin_queued(&mut self, room: &EntityId, open: bool, out: &mut Outbox, now: Instant) {
        let Some(name) = self.names.get_mut(room) else {
            return;
        };
        if name.current.is_some() {
            return;
        }
        let Some(stay) = name.queued.take().and_then(|key| self.stays.get_mut(&key)) else {
            return;
        };
        name.current = Some(stay.key);
        if stay.begin(name.last) && open {
            stay.resume(out, now);
        }
    }
}

fn check_size(payload: &Bytes, limits: &Limits) -> Result<(), SendError> {
    match limits.excess(payload.len()) {
        None => Ok(()),
        Some(bytes) => {
            let max = limits.frame_bytes_max;
            Err(SendError::TooLarge { bytes, max })
        }
    }
}

const fn handle_of(body: &Body) -> Option<Handle> {
    match body {
        Body::Event(event) => Some(Handle(event.handle)),
        Body::Reply(reply) => Some(Handle(reply.handle)),
        Body::Applied(applied) => Some(Handle(applied.handle)),
        Body::Position(position) => Some(Handle(position.handle)),
        Body::Attached(attached) => Some(Handle(attached.handle)),
        Body::Resync(resync) => Some(Handle(resync.handle)),
        Body::Left(left) => Some(Handle(left.handle)),
        Body::Unreliable(unreliable) => Some(Handle(unreliable.handle)),
        Body::Welcome(_)
        | Body::Ended(_)
        | Body::Joined(_)
        | Body::JoinRefused(_)
        | Body::Pong(_)
        | Body::Listing(_) => None,
    }
}

fn dispatch(
    stay: &mut Stay,
    body: Body,
    patience: &mut Patience,
    out: &mut Outbox,
    now: Instant,
) -> Fate {
    match body {
        Body::Event(event) => stay.handle_event(event, out),
        Body::Reply(reply) => stay.handle_reply(reply, out),
        Body::Applied(applied) => return stay.handle_applied(Sequence(applied.applied), out),
        Body::Position(position) => stay.handle_position(Sequence(position.sequence)),
        Body::Attached(attached) => stay.handle_attached(attached, out, now),
        Body::Resync(resync) => return stay.handle_resync(resync, out, now),
        Body::Left(left) => return stay.handle_left(left, patience, out, now),
        Body::Unreliable(unreliable) => stay.handle_unreliable(unreliable.payload, out),
        Body::Welcome(_)
        | Body::Ended(_)
        | Body::Joined(_)
        | Body::JoinRefused(_)
        | Body::Pong(_)
        | Body::Listing(_) => {}
    }
    Fate::Stays
}
