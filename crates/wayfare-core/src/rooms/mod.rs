//! The rooms of one shard: reaching them, waking them, releasing what they did.

mod asks;
mod begin;
mod claims;
mod loading;
mod questions;
mod restarts;

use std::collections::{BTreeMap, VecDeque};

use wayfare_protocol::coordination::Key;
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::storage::Outcome;
use wayfare_protocol::{EntityId, ErrorCode, Handle, Instant};

use crate::calls::Asker;
use crate::environment::{Environment, Report};
use crate::game::{Kind, LeaveReason, Refusal};
use crate::handles::HandleMap;
use crate::operator::Counts;
use crate::peer::{self, Join, Message, Return};
use crate::room::{End, Farewell, Room, not_a_member, refuse, send_elsewhere};
use crate::timers::{Timers, Wake, earlier};

pub(crate) use asks::owner_of;

use asks::Finding;
use claims::Opening;
use loading::Loading;

#[derive(Default)]
pub(crate) struct Rooms {
    by_handle: HandleMap<Box<Room>>,
    by_name: BTreeMap<EntityId, Handle>,
    opening: BTreeMap<EntityId, Opening>,
    /// Those whose parts are coming from storage.
    loading: BTreeMap<EntityId, Loading>,
    /// Asks and answers for entities whose owner is being looked up.
    finding: BTreeMap<EntityId, Vec<Finding>>,
    /// What earlier incarnations left, still to be brought back.
    left: VecDeque<EntityId>,
    left_at: Option<Instant>,
    /// When they are listed again, if that failed.
    list_at: Option<Instant>,
    timers: Timers<Handle>,
    /// Rooms that did something this turn, in order.
    dirty: Vec<Handle>,
}

impl Rooms {
    pub(crate) fn poll_timeout(&self) -> Option<Wake> {
        let left = [self.left_at, self.list_at].into_iter().flatten().min();
        let left = left.map(|at| (at, "entities that come back"));
        earlier(self.timers.next(), left)
    }

    pub(crate) fn count(&self, counts: &mut Counts) {
        counts.rooms += self.by_handle.len();
        counts.timers += self.timers.len();
        let coming = self.opening.len() + self.loading.len() + self.left.len();
        counts.calls += coming + self.finding.len();
    }

    /// Whether this record is of an entity here, or on its way here.
    pub(crate) fn hold(&self, key: &Key) -> bool {
        let entity = key
            .strip_prefix("entity/")
            .and_then(|id| id.parse::<EntityId>().ok());
        entity.is_some_and(|entity| {
            self.by_name.contains_key(&entity) || self.opening.contains_key(&entity)
        })
    }

    // ---- messages

    pub(crate) fn join(&mut self, join: Join, environment: &mut Environment) {
        let entity = join.entity.clone();
        let Some(Message::Join(join)) =
            self.bring(&entity, Message::Join(Box::new(join)), environment)
        else {
            return;
        };
        match self.kind_to_open(&entity, false, environment) {
            Ok(kind) => self.begin(&entity, kind, Some(Message::Join(join)), environment),
            Err(refusal) => refuse(&join, refusal, environment),
        }
    }

    pub(crate) fn member(&mut self, member: peer::Member, environment: &mut Environment) {
        let handle = member.handle;
        if !self.by_handle.contains_key(&handle) {
            return not_a_member(&member, LeaveReason::LeaveNotAMember, environment);
        }
        self.with_room(handle, environment, |room, environment| {
            room.take(Message::Member(member), environment);
        });
    }

    /// A member comes back to a room that is here, or that storage may have.
    pub(crate) fn come_back(&mut self, back: Return, environment: &mut Environment) {
        let entity = back.entity.clone();
        let kept = environment
            .kinds
            .of(&entity)
            .is_some_and(|kind| kind.settings.is_kept());
        let here = self.by_name.get(&entity);
        if here == Some(&back.member.handle) {
            return self.member(back.member, environment);
        }
        // Not here, or another room of that name.
        if here.is_some() || (!kept && !self.opening.contains_key(&entity)) {
            let reason = absence(&entity, &back.member, environment);
            return not_a_member(&back.member, reason, environment);
        }
        let message = Message::Return(Box::new(back));
        let Some(Message::Return(back)) = self.bring(&entity, message, environment) else {
            return;
        };
        match self.kind_to_open(&entity, false, environment) {
            Ok(kind) => self.begin(&entity, kind, Some(Message::Return(back)), environment),
            Err(_) => send_elsewhere(back.member.session, environment),
        }
    }

    /// Brings a message to a room that is here or on its way. It comes back if there is none.
    fn bring(
        &mut self,
        entity: &EntityId,
        message: Message,
        environment: &mut Environment,
    ) -> Option<Message> {
        if let Some(handle) = self.by_name.get(entity).copied() {
            self.with_room(handle, environment, |room, environment| {
                room.take(message, environment);
            });
            return None;
        }
        let Some(opening) = self.opening.get_mut(entity) else {
            return Some(message);
        };
        opening.waiting.push(message);
        None
    }

    /// The kind of an entity that is not here yet, if there is place for it.
    fn kind_to_open(
        &self,
        entity: &EntityId,
        asked: bool,
        environment: &Environment,
    ) -> Result<std::sync::Arc<Kind>, Refusal> {
        let kind = environment.kinds.of(entity);
        let Some(kind) = kind.filter(|kind| kind.logic.is_asked() == asked) else {
            let message = if asked {
                "no such kind of entity"
            } else {
                "no such kind of room"
            };
            return Err(Refusal::with_code(ErrorCode::KindUnknown, message));
        };
        if self.by_handle.len() + self.opening.len() >= environment.config.rooms_max {
            let message = "the server has no place for a room";
            return Err(Refusal::with_code(ErrorCode::Full, message));
        }
        Ok(kind.clone())
    }

    fn with_room(
        &mut self,
        handle: Handle,
        environment: &mut Environment,
        run: impl FnOnce(&mut Room, &mut Environment),
    ) {
        let Some(room) = self.by_handle.get_mut(&handle) else {
            return;
        };
        run(room, environment);
        if !std::mem::replace(&mut room.dirty, true) {
            self.dirty.push(handle);
        }
    }

    /// An answer of storage.
    pub(crate) fn stored(&mut self, asker: Asker, outcome: Outcome, environment: &mut Environment) {
        match asker {
            Asker::Room {
                handle,
                epoch,
                wants,
            } => {
                self.with_room(handle, environment, |room, environment| {
                    if room.epoch == epoch {
                        room.stored(wants, outcome, environment);
                    }
                });
            }
            Asker::Load {
                entity,
                epoch,
                attempt,
            } => self.loaded(&entity, (epoch, attempt), outcome, environment),
            Asker::LoadPart {
                entity,
                epoch,
                part,
                attempt,
            } => self.part_loaded(&entity, (epoch, part, attempt), outcome, environment),
            Asker::Quarantine {
                entity,
                epoch,
                reason,
                attempt,
            } => self.put_aside((&entity, epoch), (reason, attempt), outcome, environment),
            // No other asker asks storage.
            _ => {}
        }
    }

    // ---- time and turns

    pub(crate) fn handle_timeout(&mut self, environment: &mut Environment) {
        while let Some(handle) = self.timers.pop(environment.now) {
            self.with_room(handle, environment, |room, environment| {
                room.armed = None;
                room.handle_timeout(environment);
            });
        }
        self.list_again(environment);
    }

    /// Ends the turn of every room that did something. Whether there was any.
    pub(crate) fn finish_turn(&mut self, environment: &mut Environment) -> bool {
        let dirty = std::mem::take(&mut self.dirty);
        let any = !dirty.is_empty();
        for handle in &dirty {
            self.finish_room(*handle, environment);
        }
        if self.dirty.is_empty() {
            self.dirty = dirty;
            self.dirty.clear();
        }
        self.bring_back(environment);
        any
    }

    fn finish_room(&mut self, handle: Handle, environment: &mut Environment) {
        let Some(room) = self.by_handle.get_mut(&handle) else {
            return;
        };
        room.dirty = false;
        if room.failed.is_some() && !room.restarting && room.ending.is_none() {
            restarts::restart(room, environment);
        }
        room.say_farewell(environment);
        room.finish_turn(environment);
        room.keep(environment);
        while let Some(effects) = room.gate.pop() {
            room.release(effects, environment);
        }
        let farewell = room.farewell(environment);
        let undone = room.failed.is_some() && !room.restarting && room.ending.is_none();
        let again = undone || (farewell.is_none() && room.rerun_next(environment));
        if again && !std::mem::replace(&mut room.dirty, true) {
            self.dirty.push(handle);
        }
        let wake = room.poll_timeout();
        self.timers.arm(handle, &mut room.armed, wake);
        if let Some(Farewell::Over(end)) = farewell {
            self.forget(handle, end, environment);
        }
    }

    fn forget(&mut self, handle: Handle, end: End, environment: &mut Environment) {
        let Some(mut room) = self.by_handle.remove(&handle) else {
            return;
        };
        self.timers.arm(handle, &mut room.armed, None);
        self.by_name.remove(&room.entity);
        environment.release(EntityRecord::key(&room.entity), room.revision);
        let entity = room.entity.clone();
        environment.report(match end {
            End::Idle => Report::PutAway { entity },
            End::Closed | End::Failed | End::Lost => Report::Closed { entity },
        });
        let idle = room.ending == Some(End::Idle);
        for message in (*room).into_waiting() {
            match message {
                // Who came too late for an idle room gets a new one.
                Message::Join(_) | Message::Ask(_) if idle => environment.local.push_back(message),
                message => self.turn_away(message, end, environment),
            }
        }
    }

    /// Answers what waited for a room that is not there any more.
    fn turn_away(&mut self, message: Message, end: End, environment: &mut Environment) {
        let (code, words) = match end {
            End::Closed => (ErrorCode::RoomClosed, "the room closed"),
            End::Idle | End::Failed | End::Lost => {
                (ErrorCode::Unavailable, "the room is not there now")
            }
        };
        let refusal = Refusal::with_code(code, words);
        match message {
            Message::Member(member) if end == End::Closed => {
                not_a_member(&member, LeaveReason::LeaveNotAMember, environment);
            }
            // It may still be one, wherever the room comes back.
            Message::Member(member) => {
                send_elsewhere(member.session, environment);
            }
            Message::Join(join) => refuse(&join, refusal, environment),
            Message::Ask(ask) => crate::room::refuse_ask(&ask, refusal, environment),
            _ => {}
        }
    }

    /// Answers who waited for what this version of the game cannot bring back.
    fn turn_away_for_good(&self, message: Message, environment: &mut Environment) {
        let words = "this version of the game cannot read the room's state";
        let refusal = Refusal::with_code(ErrorCode::Internal, words);
        match message {
            Message::Return(back) => {
                not_a_member(&back.member, LeaveReason::LeaveRoomGone, environment);
            }
            Message::Join(join) => refuse(&join, refusal, environment),
            Message::Ask(ask) => crate::room::refuse_ask(&ask, refusal, environment),
            _ => {}
        }
    }

    /// Closes a room by an operator's word. Whether it was there.
    pub(crate) fn close(&mut self, entity: &EntityId, environment: &mut Environment) -> bool {
        let Some(handle) = self.by_name.get(entity).copied() else {
            return false;
        };
        self.with_room(handle, environment, |room, _| room.end(End::Closed));
        true
    }
}

/// Why a member finds no room: it ended, or it was lost with an earlier incarnation.
pub(crate) fn absence(
    entity: &EntityId,
    member: &peer::Member,
    environment: &Environment,
) -> LeaveReason {
    use crate::game::OnLoss;
    let peer::Request::Attach { epoch, .. } = &member.request else {
        return LeaveReason::LeaveNotAMember;
    };
    let Some(kind) = environment.kinds.of(entity) else {
        return LeaveReason::LeaveRoomGone;
    };
    if epoch.0 >= environment.config.began_at.0 {
        return LeaveReason::LeaveNotAMember;
    }
    match kind.settings.on_loss {
        OnLoss::Reopen => LeaveReason::LeaveRoomLost,
        OnLoss::Gone => LeaveReason::LeaveRoomGone,
    }
}
