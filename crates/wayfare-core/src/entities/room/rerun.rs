//! Starting again after a handler failed: from what storage has, or as newly opened.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use wayfare_protocol::wire;
use wayfare_protocol::wire::server_frame::Body;
use wayfare_protocol::{ErrorCode, Instant, Membership, Sequence};

use crate::context::Context;
use crate::game::SessionRef;
use crate::game::TimerId;
use crate::game::{LeaveReason, OnPanic, Refusal};
use crate::peer::{self, Change, MemberRequest, ToEntity};
use crate::routing::undeliverable::ask_to_attach_again;
use crate::stream::gate::Holder;

use super::{End, Opened, Room};

/// A room that fails more often than this within [`FAILURES_WINDOW`] ends.
const FAILURES_MAX: u32 = 5;
const FAILURES_WINDOW: Duration = Duration::from_secs(60);

impl Undone {
    /// Where members stand who came or went by something that is carried out again.
    fn look_through_inputs(&mut self) {
        for input in &self.inputs {
            let ToEntity::Member(member) = input.message() else {
                continue;
            };
            match member.request {
                // A client that was not answered yet attaches by that, from where it stands.
                MemberRequest::Attach { .. } => {
                    self.sessions.remove(&member.membership);
                }
                // That it went is undone as well.
                MemberRequest::Detach => {
                    let session = member.session.clone();
                    self.sessions.entry(member.membership).or_insert(session);
                }
                MemberRequest::Command(..)
                | MemberRequest::Unreliable(_)
                | MemberRequest::Leave(_)
                | MemberRequest::End(_) => {}
            }
        }
    }
}

/// The recent failures of a room.
#[derive(Debug, Default)]
pub(super) struct Failures {
    since: Instant,
    count: u32,
}

/// Something that was undone, or would be.
#[derive(Debug)]
pub(super) enum Rerun {
    /// To be carried out again, alone.
    Again(ToEntity),
    /// The room failed on it: it is used up, and answered so.
    Failed(ToEntity),
}

impl Rerun {
    pub(super) const fn message(&self) -> &ToEntity {
        match self {
            Rerun::Again(message) | Rerun::Failed(message) => message,
        }
    }

    pub(super) fn into_message(self) -> ToEntity {
        match self {
            Rerun::Again(message) | Rerun::Failed(message) => message,
        }
    }
}

/// The parts that a `Durable` room that failed hands to the room in its place.
struct Undone {
    inputs: VecDeque<Rerun>,
    timers: Vec<TimerId>,
    call: Option<u64>,
    /// Over which sessions its members are reached, or were until something that is undone.
    sessions: BTreeMap<Membership, SessionRef>,
    /// Futures that were lost with an earlier node, still to be told.
    lost_runs: BTreeSet<u64>,
}

impl Room {
    /// Checks that the failed room may start again.
    ///
    /// # Errors
    /// How it ends: by choice of its kind, or because it fails too often. What storage has of a
    /// `Durable` one stays its members': they come back to it. If such a one is to close, it is
    /// first had back: nobody else knows what storage has.
    pub(crate) fn may_restart(&mut self, now: Instant) -> Result<(), End> {
        if now.since(self.failures.since) > FAILURES_WINDOW {
            self.failures = Failures {
                since: now,
                count: 0,
            };
        }
        self.failures.count += 1;
        let too_often = self.failures.count > FAILURES_MAX;
        match (too_often || self.closes_on_panic(), self.is_durable()) {
            (true, false) => Err(End::Failed),
            (true, true) if too_often => Err(End::Lost),
            _ => Ok(()),
        }
    }

    fn closes_on_panic(&self) -> bool {
        self.kind.settings.on_panic == OnPanic::Close
    }

    /// The terms on which it was opened, to open it again under the next epoch.
    pub(crate) fn opened(&self) -> Opened {
        Opened {
            entity: self.entity.clone(),
            handle: self.handle,
            epoch: self.epoch,
            revision: self.revision,
            open: self.open.clone(),
            next: self
                .persistence
                .as_ref()
                .map(|persistence| persistence.next)
                .unwrap_or_default(),
        }
    }

    pub(crate) fn kind(&self) -> &std::sync::Arc<crate::game::Kind> {
        &self.kind
    }

    /// Goes on as `fresh`: what storage has of it under the new epoch, which of its members were
    /// attached then; or, if there is nothing, a room that was just opened.
    pub(crate) fn replace_by(
        &mut self,
        mut fresh: Room,
        stored: Option<&[Membership]>,
        context: &mut Context,
    ) {
        let anew = stored.is_none();
        fresh.failures = std::mem::take(&mut self.failures);
        fresh.waiting = std::mem::take(&mut self.waiting);
        fresh.waiting_bytes = self.waiting_bytes;
        fresh.members.keep_graces(&self.members);
        (fresh.armed, fresh.dirty) = (self.armed, self.dirty);
        fresh.ending = self.ending;
        fresh.handle = self.handle;
        if self.is_durable() {
            let undone = self.undone(fresh.next_position(), context);
            *self = fresh;
            self.go_on(undone, stored, context);
        } else {
            if anew {
                let mut lineage = self.lineage.clone();
                lineage.push(fresh.epoch, Sequence(1));
                fresh.lineage = lineage;
                fresh.valid_from_epoch = fresh.epoch;
            }
            let former = std::mem::replace(self, fresh);
            self.fall_back(former, context);
        }
        // What had not reached its logs goes on, or nobody would hear of it before the next write.
        self.append(context);
    }

    fn next_position(&self) -> wayfare_protocol::storage::Position {
        self.persistence
            .as_ref()
            .map(|persistence| persistence.next)
            .unwrap_or_default()
    }

    // ---- a room whose steps are kept

    /// Releases what storage turned out to have, up to `next`; the rest never was.
    fn undone(
        &mut self,
        next: wayfare_protocol::storage::Position,
        context: &mut Context,
    ) -> Undone {
        let mut undone = Undone {
            inputs: VecDeque::new(),
            timers: Vec::new(),
            call: None,
            sessions: BTreeMap::new(),
            lost_runs: std::mem::take(&mut self.lost_runs),
        };
        if let Some(persistence) = &mut self.persistence {
            let unwritten = std::mem::take(&mut persistence.unwritten);
            match persistence.way.take() {
                Some(way) if way.position < next => {
                    self.gate.confirm(Holder::Storage, way.releases);
                }
                Some(way) => {
                    undone.inputs = way.inputs.into();
                    undone.sessions = reachable(way.gone).collect();
                }
                None => {}
            }
            undone.inputs.extend(unwritten.inputs);
            undone.sessions.extend(reachable(unwritten.gone));
            if unwritten.during_input
                && let Some(input) = undone.inputs.pop_back()
            {
                undone.inputs.push_back(Rerun::Failed(input.into_message()));
            }
            undone.timers.extend(unwritten.during_timer);
            if self.failed == Some("state") {
                undone.timers.extend(unwritten.fired);
            }
            undone.call = unwritten.during_call;
        }
        while let Some(effects) = self.gate.pop() {
            self.release(effects, context);
        }
        self.give_up_held();
        let attached = self.members.iter().filter(|(_, member)| member.attached);
        let known = attached.map(|(number, member)| (number, member.session.clone()));
        undone.sessions.extend(known);
        undone.look_through_inputs();
        // It failed before it had come to these.
        undone.inputs.append(&mut self.rerun);
        undone
    }

    fn go_on(&mut self, undone: Undone, stored: Option<&[Membership]>, context: &mut Context) {
        for timer in undone.timers {
            self.timers.retain(|(_, known), _| *known != timer);
            if let Some(unwritten) = self.unwritten() {
                unwritten.timer_gone(timer);
            }
        }
        if let Some(call) = undone.call {
            self.end_call(call);
        }
        self.lost_runs = undone.lost_runs;
        let mut away = Vec::new();
        for membership in stored.unwrap_or_default() {
            match undone.sessions.get(membership) {
                Some(session) => self.carry_over(*membership, session, context),
                None => away.push(*membership),
            }
        }
        let mut inputs = undone.inputs;
        if self.closes_on_panic() {
            return self.close_as_stored(inputs, context);
        }
        if stored.is_none()
            && let Some(Rerun::Again(ToEntity::Join(_))) = inputs.front()
            && let Some(Rerun::Again(message)) = inputs.pop_front()
        {
            // Nothing of it was ever kept: this is the join that opens it.
            self.execute(message, true, context);
        }
        self.rerun = inputs;
        // Of those whom storage has as attached, and nobody reaches, it was not told yet.
        for membership in away {
            if !self.attaches_again(membership) {
                self.touch(membership);
                self.presence(membership, false, context);
            }
        }
        self.lose_futures(context);
    }

    /// Members are told that it closed, and what storage has of theirs; others come again.
    fn close_as_stored(&mut self, inputs: VecDeque<Rerun>, context: &mut Context) {
        for input in inputs {
            match input.into_message() {
                ToEntity::Member(member) => {
                    if let MemberRequest::Attach { .. } = member.request {
                        self.carry_over(member.membership, &member.session, context);
                    }
                }
                message => self.rerun.push_back(Rerun::Again(message)),
            }
        }
        self.end(End::Failed);
    }

    /// Checks whether the attach of a member is among the inputs that run again.
    fn attaches_again(&self, membership: Membership) -> bool {
        self.rerun.iter().any(|rerun| match rerun {
            Rerun::Again(ToEntity::Member(member)) | Rerun::Failed(ToEntity::Member(member)) => {
                let attaches = matches!(member.request, MemberRequest::Attach { .. });
                attaches && member.membership == membership
            }
            _ => false,
        })
    }

    /// A member's frames go where they went; its client learns the new epoch.
    fn carry_over(&mut self, membership: Membership, session: &SessionRef, context: &mut Context) {
        self.members.attach(membership, session);
        self.touch(membership);
        let Some(member) = self.members.get(membership) else {
            return;
        };
        let body = Body::Attached(wire::Attached {
            handle: self.handle.0,
            epoch: self.epoch.0,
            from: self.sequence.0,
            applied: member.applied.0,
            failed: 0,
        });
        self.send_to_session(session, Change::Attach(membership), Some(body), context);
    }

    /// Carries out the next of what was undone, once nothing is in front of it. Whether it did.
    pub(crate) fn rerun_next(&mut self, context: &mut Context) -> bool {
        if self.failed.is_some() || self.ending.is_some() {
            return false;
        }
        let alone = self.persistence.as_ref().is_none_or(|persistence| {
            persistence.way.is_none() && persistence.unwritten.inputs.is_empty()
        });
        if !self.rerun.is_empty() {
            if alone && let Some(rerun) = self.rerun.pop_front() {
                match rerun {
                    Rerun::Again(message) => self.execute(message, false, context),
                    Rerun::Failed(message) => self.answer_failed(message, context),
                }
                return true;
            }
            return false;
        }
        let any = !self.waiting.is_empty();
        while self.failed.is_none()
            && self.ending.is_none()
            && let Some(message) = self.waiting.pop_front()
        {
            self.waiting_bytes -= message.bytes();
            self.execute(message, false, context);
        }
        any
    }

    /// Uses up what the room failed on, without asking its handlers.
    fn answer_failed(&mut self, message: ToEntity, context: &mut Context) {
        if let Some(unwritten) = self.unwritten() {
            unwritten.input(Rerun::Failed(message.clone()));
        }
        let refusal =
            Refusal::with_code(ErrorCode::HandlerFailed, "the room failed on this request");
        match message {
            ToEntity::Member(member) => self.use_up(&member, refusal, context),
            ToEntity::Request(ask) => self.answer(ask.caller.clone(), Err(refusal), context),
            ToEntity::Reply(answer) => {
                self.end_call(answer.caller.ask);
            }
            ToEntity::Ran(ran) => {
                self.end_call(ran.run);
            }
            ToEntity::Return(back) => self.use_up(&back.member, refusal, context),
            // Who asked to come in was refused at once.
            ToEntity::Join(_) => {}
        }
    }

    fn use_up(&mut self, member: &peer::Member, refusal: Refusal, context: &mut Context) {
        let membership = member.membership;
        match &member.request {
            MemberRequest::Command(numbered, _) => {
                if self.in_sequence(membership, *numbered, context) {
                    self.reply(membership, numbered.sequence, Err(refusal), context);
                }
            }
            MemberRequest::Leave(numbered) => {
                if self.in_sequence(membership, *numbered, context) {
                    let reason = LeaveReason::LeaveRequested;
                    self.dismiss(membership, reason, "", context);
                }
            }
            MemberRequest::End(reason) => {
                self.dismiss(membership, *reason, "", context);
            }
            // It hears that something went wrong, and may find it right when it comes again.
            MemberRequest::Attach { .. } => {
                ask_to_attach_again(member.session.clone(), context);
            }
            MemberRequest::Unreliable(_) | MemberRequest::Detach => {}
        }
    }

    // ---- a room that fell back

    /// Members that are known still are resynced, the others told that their stay is over; the
    /// room is told of those who are not there any more.
    fn fall_back(&mut self, mut former: Room, context: &mut Context) {
        self.builder = former.builder.take();
        self.gate = std::mem::take(&mut former.gate);
        self.held_bytes = former.held_bytes;
        let mut attached = Vec::new();
        let numbers: Vec<Membership> = former.members.iter().map(|(number, _)| number).collect();
        for membership in numbers {
            let Some(was) = former.members.get(membership) else {
                continue;
            };
            let known = self.members.get_mut(membership);
            let Some(known) = known.filter(|known| known.player.id == was.player.id) else {
                former.dismiss_into(self, membership, context);
                continue;
            };
            known.failed = was.failed;
            known.session = was.session.clone();
            known.joined_at = known.joined_at.min(self.sequence);
            let session = was.session.clone();
            if was.attached {
                self.members.attach(membership, &session);
                attached.push(membership);
            }
        }
        let here: Vec<Membership> = self.members.iter().map(|(number, _)| number).collect();
        for membership in here {
            if former.members.get(membership).is_none()
                && let Some(member) = self.members.remove(membership)
            {
                self.note_if_empty(context.now);
                self.tell_left(&member.player, LeaveReason::LeaveRestarted, context);
            }
        }
        for membership in attached {
            let stands = (former.epoch, self.sequence);
            self.resync(membership, stands, context);
        }
        // Their ends may have come since the snapshot, and do not come again. One that is still to
        // come is not heard.
        self.note_lost_runs();
        self.lose_futures(context);
    }

    /// Ends a stay that the room in this one's place does not know.
    fn dismiss_into(
        &mut self,
        successor: &mut Room,
        membership: Membership,
        context: &mut Context,
    ) {
        self.builder = successor.builder.take();
        self.dismiss(membership, LeaveReason::LeaveRestarted, "", context);
        successor.builder = self.builder.take();
    }
}

pub(super) fn reachable(
    gone: BTreeMap<Membership, Option<SessionRef>>,
) -> impl Iterator<Item = (Membership, SessionRef)> {
    gone.into_iter()
        .filter_map(|(membership, session)| Some((membership, session?)))
}
