//! All stays of a session, indexed by key, room name and handle.

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_protocol::wire::{self, server_frame::Body};
use wayfare_protocol::{EntityId, Handle, Instant, Sequence};

use crate::outbox::Outbox;
use crate::random::Random;
use crate::session::Limits;
use crate::stay::{Fate, RejoinPolicy, Stay};
use crate::{CommandId, Join, JoinError, NotAMember, RoomKey, SendError, Settings};

pub(crate) struct Rooms {
    stays: BTreeMap<RoomKey, Stay>,
    records: BTreeMap<EntityId, RoomRecord>,
    handles: BTreeMap<Handle, RoomKey>,
    policy: RejoinPolicy,
    last_key: u64,
    last_command: u64,
}

/// The session's record of one room. It is kept for the life of the session, with or without a
/// stay, because the room keeps its record as long.
#[derive(Default)]
struct RoomRecord {
    last: Sequence,
    current: Option<RoomKey>,
    /// A join that waits until `current` is over.
    queued: Option<RoomKey>,
}

/// Two rooms were given the same handle, so that an event's room would be ambiguous.
#[derive(Debug)]
pub(crate) struct DuplicateHandle;

impl Rooms {
    pub(crate) fn new(settings: &Settings, random: Random) -> Self {
        Self {
            stays: BTreeMap::new(),
            records: BTreeMap::new(),
            handles: BTreeMap::new(),
            policy: RejoinPolicy::new(settings, random),
            last_key: 0,
            last_command: 0,
        }
    }

    /// Begins to join a room. `open` is true if there is a connection to send on.
    pub(crate) fn join(
        &mut self,
        join: Join,
        limits: &Limits,
        open: bool,
        out: &mut Outbox,
        now: Instant,
    ) -> Result<RoomKey, JoinError> {
        let content = join.room.as_str().len() + join.open.len() + join.payload.len();
        if let Some(bytes) = limits.oversize(content) {
            let max = limits.frame_bytes_max;
            return Err(JoinError::TooLarge { bytes, max });
        }
        let current = self
            .records
            .get(&join.room)
            .and_then(|record| record.current);
        if !self.may_join(&join.room, current) {
            return Err(JoinError::AlreadyJoined(join.room));
        }
        let held = self.stays.values().filter(|stay| !stay.is_queued()).count();
        if current.is_none() && held >= limits.rooms_max {
            let max = limits.rooms_max;
            return Err(JoinError::TooManyRooms { max });
        }
        self.last_key += 1;
        let key = RoomKey(self.last_key);
        let record = self.records.entry(join.room.clone()).or_default();
        record.queued = Some(key);
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
        let id = CommandId(self.last_command + 1);
        stay.command(id, payload, out, now)?;
        self.last_command = id.0;
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
            Fate::Continues | Fate::Rejoins => {}
            // No join was sent, so the server need not answer and no queued join has to start.
            Fate::Over => self.remove(room),
        }
        Ok(())
    }

    /// Returns the time of the next join of a lost room. It needs an open connection.
    pub(crate) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let at = self.stays.values().filter_map(Stay::rejoin_at).min()?;
        Some((at, "rejoin"))
    }

    /// Handles the passing of time while the connection is open.
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

    /// Ends every stay with the session. The sequences start again from zero.
    pub(crate) fn lose(&mut self, out: &mut Outbox) {
        for stay in self.stays.values_mut() {
            stay.lose(out);
        }
        self.stays.clear();
        self.records.clear();
        self.handles.clear();
    }

    /// Handles a frame about a room. A frame about an unknown room may be late and is ignored.
    pub(crate) fn handle_frame(
        &mut self,
        body: Body,
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), DuplicateHandle> {
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
                match dispatch(stay, body, &mut self.policy, out, now) {
                    Fate::Continues => {}
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
    ) -> Result<(), DuplicateHandle> {
        let handle = Handle(joined.handle);
        let Some(key) = self.joining(&joined.room, Sequence(joined.sequence)) else {
            return Ok(());
        };
        if self.handles.contains_key(&handle) {
            return Err(DuplicateHandle);
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
        if stay.handle_join_refused(refused, &mut self.policy, out, now) == Fate::Over {
            self.finish(key, out, now);
        }
    }

    /// Returns the stay whose join this frame answers.
    fn joining(&self, room: &str, sequence: Sequence) -> Option<RoomKey> {
        let room: EntityId = room.parse().ok()?;
        let key = self.records.get(&room)?.current?;
        let stay = self.stays.get(&key)?;
        (stay.joining() == Some(sequence)).then_some(key)
    }

    /// Returns true if a join is allowed: a room has at most one stay, and one more may be queued
    /// while the first is leaving.
    fn may_join(&self, room: &EntityId, current: Option<RoomKey>) -> bool {
        let queued = self
            .records
            .get(room)
            .is_some_and(|record| record.queued.is_some());
        let leaving = |key| self.stays.get(&key).is_some_and(Stay::is_leaving);
        !queued && current.is_none_or(leaving)
    }

    /// Ends a stay that had begun, and starts the join queued after it. Requires an open
    /// connection.
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
        let Some(record) = self.records.get_mut(stay.room()) else {
            return;
        };
        if record.current == Some(key) {
            record.current = None;
            record.last = stay.ledger.last();
        } else {
            record.queued = None;
        }
    }

    fn begin_queued(&mut self, room: &EntityId, open: bool, out: &mut Outbox, now: Instant) {
        let Some(record) = self.records.get_mut(room) else {
            return;
        };
        if record.current.is_some() {
            return;
        }
        let Some(stay) = record
            .queued
            .take()
            .and_then(|key| self.stays.get_mut(&key))
        else {
            return;
        };
        record.current = Some(stay.key);
        if stay.begin(record.last) && open {
            stay.resume(out, now);
        }
    }
}

fn check_size(payload: &Bytes, limits: &Limits) -> Result<(), SendError> {
    match limits.oversize(payload.len()) {
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
    policy: &mut RejoinPolicy,
    out: &mut Outbox,
    now: Instant,
) -> Fate {
    match body {
        Body::Event(event) => stay.handle_event(event, out),
        Body::Reply(reply) => stay.handle_reply(reply, out, now),
        Body::Applied(applied) => return stay.handle_applied(Sequence(applied.applied), out, now),
        Body::Position(position) => stay.handle_position(Sequence(position.sequence)),
        Body::Attached(attached) => stay.handle_attached(attached, out, now),
        Body::Resync(resync) => return stay.handle_resync(resync, out, now),
        Body::Left(left) => return stay.handle_left(left, policy, out, now),
        Body::Unreliable(unreliable) => stay.handle_unreliable(unreliable.payload, out),
        Body::Welcome(_)
        | Body::Ended(_)
        | Body::Joined(_)
        | Body::JoinRefused(_)
        | Body::Pong(_)
        | Body::Listing(_) => {}
    }
    Fate::Continues
}
