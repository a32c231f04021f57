//! The rooms of one shard: reaching them, waking them, releasing what they did.

mod acquisition;
mod asks;
mod leftovers;
mod listing;
mod openings;
mod restarts;
pub(crate) mod room;

use std::collections::{BTreeMap, VecDeque};

use wayfare_protocol::coordination::Key;
use wayfare_protocol::records::EntityRecord;
use wayfare_protocol::storage::Outcome;
use wayfare_protocol::{EntityId, ErrorCode, Handle, Instant};

use crate::context::Context;
use crate::entities::room::{End, Farewell, Room, RoomTurn};
use crate::game::{Kind, LeaveReason, Refusal, StoredState};
use crate::handles::HandleMap;
use crate::in_flight::Call;
use crate::peer::ToEntity;
use crate::peer::operator::Counts;
use crate::peer::{self, Join, Return};
use crate::report::Report;
use crate::routing::undeliverable::bounce;
use crate::routing::undeliverable::{ask_to_attach_again, end_stay, refuse_join};
use crate::timers::{Timers, Wake, earlier};

use listing::Slices;
use openings::Acquiring;

#[derive(Default)]
pub(crate) struct Entities {
    by_handle: HandleMap<Box<Room>>,
    by_name: BTreeMap<EntityId, Handle>,
    /// Entities that are not here yet, and rooms that start again.
    acquiring: BTreeMap<EntityId, Acquiring>,
    acquisitions_made: u64,
    /// Answers and returns for entities whose record is being read.
    finding: BTreeMap<EntityId, Vec<ToEntity>>,
    /// Leftovers of earlier incarnations, still to be restored.
    leftovers: VecDeque<EntityId>,
    leftovers_at: Option<Instant>,
    /// When they are listed again, if that failed.
    list_at: Option<Instant>,
    slices: Slices,
    timers: Timers<Handle>,
    /// Rooms that did something this turn, in order.
    dirty: Vec<Handle>,
}

impl Entities {
    pub(crate) fn poll_timeout(&self) -> Option<Wake> {
        let leftovers = [self.leftovers_at, self.list_at]
            .into_iter()
            .flatten()
            .min();
        let leftovers = leftovers.map(|at| (at, "entities that come back"));
        let others = earlier(leftovers, self.slices.poll_timeout());
        earlier(self.timers.next(), others)
    }

    pub(crate) fn count(&self, counts: &mut Counts) {
        counts.rooms += self.by_handle.len();
        counts.timers += self.timers.len();
        let coming = self.acquiring.len() + self.leftovers.len();
        counts.calls += coming + self.finding.len();
    }

    /// Checks whether an entity lives here, or is being acquired.
    pub(crate) fn holds(&self, entity: &EntityId) -> bool {
        self.by_name.contains_key(entity) || self.acquiring.contains_key(entity)
    }

    /// Checks whether this record is of an entity that lives here, or is being acquired.
    pub(crate) fn is_held_here(&self, key: &Key) -> bool {
        let entity = key
            .strip_prefix("entity/")
            .and_then(|id| id.parse::<EntityId>().ok());
        entity.is_some_and(|entity| self.holds(&entity))
    }

    // ---- messages

    /// A message for one entity.
    pub(crate) fn accept(&mut self, message: ToEntity, context: &mut Context) {
        match message {
            ToEntity::Join(join) => self.join(*join, context),
            ToEntity::Member(member) => self.member(member, context),
            ToEntity::Return(back) => self.come_back(*back, context),
            ToEntity::Request(request) => self.ask(request, context),
            ToEntity::Reply(reply) => self.answer(reply, context),
            ToEntity::Ran(ran) => {
                let note = ran.note.map(Into::into);
                self.ran(&ran.entity, ran.run, note, context);
            }
        }
    }

    pub(crate) fn join(&mut self, join: Join, context: &mut Context) {
        let entity = join.entity.clone();
        let Some(ToEntity::Join(join)) =
            self.deliver(&entity, ToEntity::Join(Box::new(join)), context)
        else {
            return;
        };
        match self.kind_to_open(&entity, false, context) {
            Ok(kind) => self.open(&entity, kind, ToEntity::Join(join), context),
            Err(refusal) => refuse_join(&join, refusal, &mut context.out),
        }
    }

    pub(crate) fn member(&mut self, member: peer::Member, context: &mut Context) {
        let handle = member.handle;
        if !self.by_handle.contains_key(&handle) {
            return end_stay(&member, LeaveReason::LeaveNotAMember, &mut context.out);
        }
        self.with_room(handle, context, |turn| {
            turn.accept(ToEntity::Member(member));
        });
    }

    /// A member comes back to a room that is here, or that storage may have.
    pub(crate) fn come_back(&mut self, back: Return, context: &mut Context) {
        let entity = back.entity.clone();
        let kept = context
            .kinds
            .of(&entity)
            .is_some_and(|kind| kind.settings.is_kept());
        let here = self.by_name.get(&entity);
        if here == Some(&back.member.handle) {
            return self.member(back.member, context);
        }
        // Another room of that name.
        if here.is_some() {
            let reason = absence(&entity, &back.member, context);
            return end_stay(&back.member, reason, &mut context.out);
        }
        let message = ToEntity::Return(Box::new(back));
        if !kept && !self.acquiring.contains_key(&entity) {
            return self.find(entity, message, context);
        }
        let Some(ToEntity::Return(back)) = self.deliver(&entity, message, context) else {
            return;
        };
        match self.kind_to_open(&entity, false, context) {
            Ok(kind) => self.open(&entity, kind, ToEntity::Return(back), context),
            Err(_) => ask_to_attach_again(back.member.session, &mut context.out),
        }
    }

    /// Brings a message to a room that is here or on its way. It comes back if there is none.
    fn deliver(
        &mut self,
        entity: &EntityId,
        message: ToEntity,
        context: &mut Context,
    ) -> Option<ToEntity> {
        if let Some(handle) = self.by_name.get(entity).copied() {
            self.with_room(handle, context, |turn| {
                turn.accept(message);
            });
            return None;
        }
        let Some(acquiring) = self.acquiring.get_mut(entity) else {
            return Some(message);
        };
        acquiring.waiting.push(message);
        None
    }

    /// The kind of an entity that is not here yet.
    fn kind_to_open(
        &self,
        entity: &EntityId,
        asked: bool,
        context: &Context,
    ) -> Result<std::sync::Arc<Kind>, Refusal> {
        let kind = context.kinds.of(entity);
        let Some(kind) = kind.filter(|kind| kind.logic.is_asked() == asked) else {
            let message = if asked {
                "no such kind of entity"
            } else {
                "no such kind of room"
            };
            return Err(Refusal::with_code(ErrorCode::KindUnknown, message));
        };
        Ok(kind.clone())
    }

    /// Checks whether one of the entities that are being acquired has place to become a room.
    fn has_place(&self, rooms_max: usize) -> bool {
        let rooms = self.by_handle.len();
        let coming = || self.acquiring.values().filter(|it| it.takes_place());
        rooms + self.acquiring.len() <= rooms_max || rooms + coming().count() < rooms_max
    }

    fn with_room(
        &mut self,
        handle: Handle,
        context: &mut Context,
        run: impl FnOnce(&mut RoomTurn<'_>),
    ) {
        let Some(room) = self.by_handle.get_mut(&handle) else {
            return;
        };
        run(&mut RoomTurn::new(room, context));
        if !std::mem::replace(&mut room.schedule.is_dirty, true) {
            self.dirty.push(handle);
        }
    }

    /// The wall clock was set: rooms that are kept write their age beside what it says now.
    pub(crate) fn handle_clock_step(&mut self, context: &mut Context) {
        let mut kept: Vec<Handle> = self.by_name.values().copied().collect();
        kept.retain(|handle| {
            self.by_handle
                .get(handle)
                .is_some_and(|room| room.is_kept())
        });
        for handle in kept {
            self.with_room(handle, context, |turn| {
                turn.handle_clock_step();
            });
        }
    }

    /// An answer of storage.
    pub(crate) fn stored(&mut self, call: Call, outcome: Outcome, context: &mut Context) {
        match call {
            Call::Room {
                handle,
                epoch,
                call,
            } => {
                self.with_room(handle, context, |turn| {
                    if turn.room.id.epoch == epoch {
                        turn.handle_storage(call, outcome);
                    }
                });
            }
            Call::Load { entity, id, call } => self.loaded((&entity, id), call, outcome, context),
            // A seal that is taken back; what is left of it otherwise is a few bytes.
            Call::Nobody => {}
            // These ask coordination.
            Call::Login(_)
            | Call::Claim { .. }
            | Call::Find(_)
            | Call::Leftovers
            | Call::SessionLeftovers
            | Call::Acknowledge { .. }
            | Call::Release(_) => {}
        }
    }

    // ---- time and turns

    pub(crate) fn handle_timeout(&mut self, context: &mut Context) {
        while let Some(handle) = self.timers.pop(context.now) {
            self.with_room(handle, context, |turn| {
                turn.room.schedule.armed = None;
                turn.handle_timeout();
            });
        }
        self.list_again(context);
        self.answer_slices(context);
    }

    /// Ends the turn of every room that did something. Whether there was any.
    pub(crate) fn finish_turn(&mut self, context: &mut Context) -> bool {
        let dirty = std::mem::take(&mut self.dirty);
        let any = !dirty.is_empty();
        for handle in &dirty {
            self.finish_room(*handle, context);
        }
        if self.dirty.is_empty() {
            self.dirty = dirty;
            self.dirty.clear();
        }
        self.restore_leftovers(context);
        any
    }

    fn finish_room(&mut self, handle: Handle, context: &mut Context) {
        let Some(room) = self.by_handle.get_mut(&handle) else {
            return;
        };
        room.schedule.is_dirty = false;
        if room.wants_restart() {
            self.restart(handle, context);
        }
        let Some(room) = self.by_handle.get_mut(&handle) else {
            return;
        };
        let mut turn = RoomTurn::new(room, context);
        turn.say_farewell();
        turn.finish();
        turn.keep();
        turn.release();
        let farewell = turn.farewell();
        let again = turn.room.wants_restart() || (farewell.is_none() && turn.rerun_next());
        if again && !std::mem::replace(&mut room.schedule.is_dirty, true) {
            self.dirty.push(handle);
        }
        let wake = room.poll_timeout();
        self.timers.arm(handle, &mut room.schedule.armed, wake);
        if let Some(Farewell::Over(end)) = farewell {
            self.forget(handle, end, context);
        }
    }

    fn forget(&mut self, handle: Handle, end: End, context: &mut Context) {
        let Some(mut room) = self.by_handle.remove(&handle) else {
            return;
        };
        self.timers.arm(handle, &mut room.schedule.armed, None);
        self.by_name.remove(&room.id.entity);
        self.acquiring.remove(&room.id.entity);
        context.release(EntityRecord::key(&room.id.entity), room.id.revision);
        let entity = room.id.entity.clone();
        context.out.report(match end {
            End::Idle => Report::PutAway { entity },
            End::Closed | End::Failed | End::Lost => Report::Closed { entity },
        });
        let idle = room.is_idle();
        for message in (*room).into_waiting() {
            match message {
                // Who came too late for an idle room gets a new one.
                ToEntity::Join(_) | ToEntity::Request(_) if idle => context.out.post_here(message),
                message => bounce(message, end.undeliverable(), &mut context.out),
            }
        }
    }

    /// The state of a room as it is in memory; `None` if it is not here. It changes nothing.
    pub(crate) fn state(
        &mut self,
        entity: &EntityId,
        context: &mut Context,
    ) -> Option<Result<StoredState, Refusal>> {
        let room = self.by_handle.get_mut(self.by_name.get(entity)?)?;
        let mut turn = RoomTurn::new(room, context);
        let state = turn.call_quietly("snapshot", |logic| StoredState::of(logic));
        Some(state.map_err(Refusal::from))
    }

    /// Closes a room by an operator's word. Whether it was there.
    pub(crate) fn close(&mut self, entity: &EntityId, context: &mut Context) -> bool {
        let Some(handle) = self.by_name.get(entity).copied() else {
            return false;
        };
        self.with_room(handle, context, |turn| turn.room.end(End::Closed));
        true
    }
}

/// Why a member finds no room: it ended, or it was lost with an earlier incarnation.
pub(crate) fn absence(entity: &EntityId, member: &peer::Member, context: &Context) -> LeaveReason {
    use crate::game::OnLoss;
    let peer::MemberRequest::Attach { epoch, .. } = &member.request else {
        return LeaveReason::LeaveNotAMember;
    };
    let Some(kind) = context.kinds.of(entity) else {
        return LeaveReason::LeaveRoomGone;
    };
    if epoch.0 >= context.config.began_at.0 {
        return LeaveReason::LeaveNotAMember;
    }
    match kind.settings.on_loss {
        OnLoss::Reopen => LeaveReason::LeaveRoomLost,
        OnLoss::Gone => LeaveReason::LeaveRoomGone,
    }
}
