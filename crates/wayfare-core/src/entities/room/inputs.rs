//! Inputs of a room: executed now, or when they can be.

use wayfare_protocol::Membership;

use super::Room;
use super::machines::backlog::Rerun;
use super::machines::phase::Phase;
use super::persistence::InProgress;
use super::turn::RoomTurn;
use crate::game::{AskError, LeaveReason};
use crate::peer::{Member, MemberRequest, ToEntity};
use crate::routing::undeliverable::{Undeliverable, bounce, end_stay};

impl RoomTurn<'_> {
    /// A message for the room, executed now or when it can be.
    pub(crate) fn accept(&mut self, message: ToEntity) {
        // Here it is a message about a member like any other.
        let message = match message {
            ToEntity::Return(back) => ToEntity::Member(back.member),
            message @ (ToEntity::Join(_)
            | ToEntity::Member(_)
            | ToEntity::Request(_)
            | ToEntity::Reply(_)
            | ToEntity::Ran(_)) => message,
        };
        if self.room.is_durable() {
            let is_rerunning = self.room.has_backlog();
            self.room.phase.handle_wanted(is_rerunning);
        }
        if self.room.is_overfull() && message.is_work() {
            let why = Undeliverable::Unavailable("the room waits for its storage");
            return bounce(message, why, &mut self.context.out);
        }
        match self.room.phase {
            Phase::Running => self.execute(message, false),
            Phase::Rerunning | Phase::Failed(_) | Phase::Restarting(_) | Phase::Ending(..) => {
                self.room.backlog().wait(message);
            }
        }
    }

    /// Executes a message; `created` says that it is the join that opened the room.
    pub(crate) fn execute(&mut self, message: ToEntity, created: bool) {
        if let Some(unwritten) = self.room.unwritten() {
            unwritten.input(Rerun::Again(message.clone()));
        }
        self.begin_progress(InProgress::Input);
        match message {
            ToEntity::Join(join) => self.join(&join, created),
            ToEntity::Member(member) => self.handle_member(member),
            ToEntity::Request(request) => self.handle_request(&request),
            ToEntity::Reply(reply) => {
                let result = reply.result.as_ref();
                let result = result.map_err(|refusal| AskError::Refused(refusal.clone()));
                self.handle_answer(reply.caller.ask, result.map(|reply| &reply[..]));
            }
            ToEntity::Ran(ran) => self.handle_ran(ran.run, ran.note.as_deref()),
            ToEntity::Return(back) => self.handle_member(back.member),
        }
        self.end_progress();
    }

    /// A message about one of its members.
    fn handle_member(&mut self, message: Member) {
        let membership = message.membership;
        let known = self.room.members.get(membership);
        let known = known.filter(|member| member.session.id == message.session.id);
        let Some(member) = known else {
            let reason = self.room.absence(membership, &message.request);
            return end_stay(&message, reason, &mut self.context.out);
        };
        if message.session.epoch < member.session.epoch {
            return;
        }
        match message.request {
            MemberRequest::Command(numbered, payload) => {
                self.command(membership, numbered, &payload);
            }
            MemberRequest::Unreliable(payload) => self.unreliable(membership, &payload),
            MemberRequest::Leave(numbered) => self.leave(membership, numbered),
            MemberRequest::Attach { epoch, sequence } => {
                self.attach(membership, &message.session, (epoch, sequence));
            }
            MemberRequest::Detach => self.detach(membership),
            MemberRequest::End(reason) => self.remove(membership, reason, ""),
        }
    }
}

impl Room {
    /// The reason why a membership is unknown: the member left, or the room was rolled back to
    /// before it joined. Of a member that left before the state that the room was rolled back to,
    /// something may be in that state.
    fn absence(&self, membership: Membership, request: &MemberRequest) -> LeaveReason {
        match request {
            MemberRequest::Attach { epoch, .. }
                if *epoch < self.stream.valid_from_epoch
                    && membership >= self.members.valid_from =>
            {
                LeaveReason::LeaveRoomLost
            }
            MemberRequest::Attach { .. }
            | MemberRequest::Command(..)
            | MemberRequest::Unreliable(_)
            | MemberRequest::Leave(_)
            | MemberRequest::Detach
            | MemberRequest::End(_) => LeaveReason::LeaveNotAMember,
        }
    }
}
