//! The restart of a room that failed: from what storage has of it, or as newly opened.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use wayfare_protocol::storage::Position;
use wayfare_protocol::wire;
use wayfare_protocol::wire::server_frame::Body;
use wayfare_protocol::{Instant, Membership, Sequence};

use super::machines::backlog::Rerun;
use super::machines::phase::Cause;
use super::persistence::InProgress;
use super::turn::RoomTurn;
use super::{End, Room};
use crate::game::{LeaveReason, OnPanic, SessionRef, TimerId};
use crate::peer::{Change, MemberRequest, ToEntity};
use crate::stream::gate::Holder;

/// Where the room in a failed one's place comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Storage had it.
    Stored,
    /// Storage had nothing: it was opened as at first.
    Anew,
}

/// The parts that a `Durable` room that failed hands to the room in its place.
struct Undone {
    inputs: VecDeque<Rerun>,
    /// The timers whose notes it failed on.
    timers: Vec<TimerId>,
    /// The call whose end it failed on.
    call: Option<u64>,
    /// The sessions by which its members are reached, or were until something that is undone.
    sessions: BTreeMap<Membership, SessionRef>,
    /// Futures that were lost with an earlier node, still to be told.
    lost_runs: BTreeSet<u64>,
}

impl Undone {
    /// Corrects the sessions of members that came or went by something that runs again.
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

impl Room {
    /// Checks that the failed room may restart.
    ///
    /// # Errors
    /// The way it ends: by choice of its kind, or because it fails too often. What storage has of a
    /// `Durable` one stays its members': they come back to it. If such a one is to close, it is
    /// restored first: nobody else knows what storage has.
    pub(crate) fn may_restart(&mut self, now: Instant) -> Result<(), End> {
        let too_often = self.backlog().note_failure(now);
        match (too_often || self.closes_on_panic(), self.is_durable()) {
            (true, false) => Err(End::Failed),
            (true, true) if too_often => Err(End::Lost),
            (true, true) | (false, _) => Ok(()),
        }
    }

    fn closes_on_panic(&self) -> bool {
        self.kind.settings.on_panic == OnPanic::Close
    }

    /// Notes the futures that ran on a node that was lost: they were lost with it.
    pub(super) fn note_lost_runs(&mut self) {
        let runs: BTreeSet<u64> = self.calls.runs().collect();
        if !runs.is_empty() {
            self.backlog().lost_runs = runs;
        }
    }
}

impl RoomTurn<'_> {
    /// Begins the service of a room out of storage: the connections of its members, and its
    /// futures, were lost with its former owner.
    pub(crate) fn begin_service(&mut self) {
        for membership in self.room.members.detach_all(self.context.now) {
            self.room.touch(membership);
            self.presence(membership, false);
        }
        self.room.note_lost_runs();
        self.tell_lost_runs();
        self.append();
    }

    /// Goes on as `fresh`: what storage has of the room under the new epoch, or a room that was
    /// just opened.
    pub(crate) fn replace_by(&mut self, mut fresh: Room, origin: Origin) {
        let attached = fresh.members.detach_all(self.context.now);
        fresh.members.keep_graces(&self.room.members);
        if let Some(backlog) = &mut self.room.backlog {
            fresh.backlog = Some(Box::new(backlog.take_waiting()));
        }
        fresh.phase = self.room.phase.of_successor();
        fresh.schedule = std::mem::take(&mut self.room.schedule);
        if self.room.is_durable() {
            let undone = self.undo_unstored(fresh.next_position());
            *self.room = fresh;
            self.go_on(undone, &attached, origin);
        } else {
            if origin == Origin::Anew {
                let epoch = fresh.id.epoch;
                fresh.stream.lineage.clone_from(&self.room.stream.lineage);
                fresh.stream.lineage.push(epoch, Sequence(1));
            }
            let former = std::mem::replace(self.room, fresh);
            self.roll_back(former, &attached);
        }
        if self.room.has_backlog() {
            self.room.phase.begin_rerun();
        }
        // Records that had not reached their logs go on, or they would wait for the next write.
        self.append();
    }

    // ---- a room whose steps are stored

    /// Releases what storage turned out to have, up to `next`; everything behind it is undone.
    fn undo_unstored(&mut self, next: Position) -> Undone {
        let cause = self.room.phase.cause();
        let backlog = self.room.backlog.as_mut();
        let mut undone = Undone {
            inputs: VecDeque::new(),
            timers: Vec::new(),
            call: None,
            sessions: BTreeMap::new(),
            lost_runs: backlog.map_or_else(BTreeSet::new, |it| std::mem::take(&mut it.lost_runs)),
        };
        if let Some(persistence) = &mut self.room.persistence {
            let mut unwritten = std::mem::take(&mut persistence.unwritten);
            match persistence.in_flight.take() {
                Some(write) if write.position < next => {
                    let gate = &mut self.room.stream.gate;
                    gate.confirm(Holder::Storage, write.releases);
                }
                Some(mut write) => {
                    undone.sessions.extend(write.members.take_gone());
                    undone.inputs = write.inputs.into();
                }
                None => {}
            }
            undone.inputs.extend(unwritten.inputs);
            undone.sessions.extend(unwritten.members.take_gone());
            match unwritten.in_progress {
                InProgress::Nothing => {}
                InProgress::Input => {
                    if let Some(input) = undone.inputs.pop_back() {
                        let failed = Rerun::Failed(input.into_message());
                        undone.inputs.push_back(failed);
                    }
                }
                InProgress::Timer(timer) => undone.timers.push(timer),
                InProgress::Call(call) => undone.call = Some(call),
            }
            if cause == Some(Cause::State) {
                undone.timers.extend(unwritten.fired);
            }
        }
        self.release();
        self.room.stream.discard_unconfirmed();
        let members = self.room.members.iter();
        let attached = members.filter(|(_, member)| member.attached);
        let known = attached.map(|(number, member)| (number, member.session.clone()));
        undone.sessions.extend(known);
        undone.look_through_inputs();
        if let Some(backlog) = &mut self.room.backlog {
            // It failed before it had come to these.
            undone.inputs.append(&mut backlog.undone);
        }
        undone
    }

    /// Goes on from what storage has: `attached` are the members that were attached there.
    fn go_on(&mut self, undone: Undone, attached: &[Membership], origin: Origin) {
        for timer in undone.timers {
            self.room.clock.cancel_timer(timer);
            if let Some(unwritten) = self.room.unwritten() {
                unwritten.timers.remove(timer);
            }
        }
        if let Some(call) = undone.call {
            self.end_call(call);
        }
        if !undone.lost_runs.is_empty() {
            self.room.backlog().lost_runs = undone.lost_runs;
        }
        let mut away = Vec::new();
        for membership in attached {
            match undone.sessions.get(membership) {
                Some(session) => self.carry_over(*membership, session),
                None => away.push(*membership),
            }
        }
        let mut inputs = undone.inputs;
        if self.room.closes_on_panic() {
            return self.close_as_stored(inputs);
        }
        if origin == Origin::Anew
            && let Some(Rerun::Again(ToEntity::Join(_))) = inputs.front()
            && let Some(Rerun::Again(message)) = inputs.pop_front()
        {
            // Nothing of it was ever stored: this is the join that opens it.
            self.execute(message, true);
        }
        if !inputs.is_empty() {
            self.room.backlog().undone = inputs;
        }
        for membership in away {
            let backlog = self.room.backlog.as_ref();
            if backlog.is_some_and(|it| it.attaches_again(membership)) {
                // The room takes it for attached until what was undone says again that it went.
                self.stay_attached(membership);
            } else {
                self.room.touch(membership);
                self.presence(membership, false);
            }
        }
        self.tell_lost_runs();
    }

    /// Members are told that it closed, and what storage has of theirs; others come again.
    fn close_as_stored(&mut self, inputs: VecDeque<Rerun>) {
        for input in inputs {
            match input.into_message() {
                ToEntity::Member(member) => {
                    if let MemberRequest::Attach { .. } = member.request {
                        self.carry_over(member.membership, &member.session);
                    }
                }
                message @ (ToEntity::Join(_)
                | ToEntity::Return(_)
                | ToEntity::Request(_)
                | ToEntity::Reply(_)
                | ToEntity::Ran(_)) => {
                    let backlog = self.room.backlog();
                    backlog.undone.push_back(Rerun::Again(message));
                }
            }
        }
        self.room.end(End::Failed);
    }

    /// Attaches a member to the session that storage has of it, without a word to anybody.
    fn stay_attached(&mut self, membership: Membership) {
        if let Some(member) = self.room.members.get(membership) {
            let session = member.session.clone();
            self.room.members.attach(membership, &session);
        }
    }

    /// Attaches a member where it was; its client learns the new epoch.
    fn carry_over(&mut self, membership: Membership, session: &SessionRef) {
        self.room.members.attach(membership, session);
        self.room.touch(membership);
        let Some(member) = self.room.members.get(membership) else {
            return;
        };
        let body = Body::Attached(wire::Attached {
            handle: self.room.handle().0,
            epoch: self.room.id.epoch.0,
            from: self.room.stream.sequence.0,
            applied: member.applied.0,
            failed: 0,
        });
        let change = Change::Attach(membership);
        self.room.stream.session(session, change, Some(body));
    }

    // ---- a room that is rolled back

    /// Members that are known still are resynced, the others told that their stay is over; the
    /// room is told of those who are not there any more, and of those who were detached or attached
    /// since: `attached_then` are the members that were attached at the snapshot.
    fn roll_back(&mut self, mut former: Room, attached_then: &[Membership]) {
        self.room.stream.take_over(&mut former.stream);
        let (mut attached, mut turned) = (Vec::new(), Vec::new());
        let numbers: Vec<Membership> = former.members.iter().map(|(number, _)| number).collect();
        for membership in numbers {
            let Some(was) = former.members.get(membership) else {
                continue;
            };
            let known = self.room.members.get_mut(membership);
            let Some(known) = known.filter(|known| known.player.id == was.player.id) else {
                if let Some(member) = former.members.remove(membership) {
                    self.tell_session_left(membership, &member, LeaveReason::LeaveRestarted, "");
                }
                continue;
            };
            known.failed = was.failed;
            known.session = was.session.clone();
            known.joined_at = known.joined_at.min(self.room.stream.sequence);
            let session = was.session.clone();
            if was.attached {
                self.room.members.attach(membership, &session);
                attached.push(membership);
            }
            if was.attached != attached_then.contains(&membership) {
                turned.push((membership, was.attached));
            }
        }
        let here: Vec<Membership> = self.room.members.iter().map(|(number, _)| number).collect();
        for membership in here {
            if former.members.get(membership).is_none()
                && let Some(member) = self.room.members.remove(membership)
            {
                self.note_if_empty();
                self.tell_left(&member.player, LeaveReason::LeaveRestarted);
            }
        }
        for membership in attached {
            let stands = (former.id.epoch, self.room.stream.sequence);
            self.resync(membership, stands);
        }
        for (membership, is_attached) in turned {
            self.presence(membership, is_attached);
        }
        // Their ends may have come since the snapshot, and do not come again. One that is still to
        // come is ignored.
        self.room.note_lost_runs();
        self.tell_lost_runs();
    }
}
