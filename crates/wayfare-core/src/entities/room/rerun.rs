//! Inputs that were undone: they run again one by one, so that the one which the room fails on is
//! found.

use wayfare_protocol::ErrorCode;

use super::machines::backlog::Rerun;
use super::machines::phase::Phase;
use super::turn::RoomTurn;
use crate::game::{LeaveReason, Refusal};
use crate::peer::{Member, MemberRequest, ToEntity};
use crate::routing::undeliverable::ask_to_attach_again;

impl RoomTurn<'_> {
    /// Executes the next input that was undone, once nothing before it is without confirmation, and
    /// behind the last of them those that arrived since. Returns true if it executed any.
    pub(crate) fn rerun_next(&mut self) -> bool {
        if self.room.phase != Phase::Rerunning {
            return false;
        }
        let persistence = self.room.persistence.as_ref();
        let is_alone = persistence.is_none_or(|it| it.has_settled());
        let backlog = self.room.backlog();
        if !backlog.undone.is_empty() {
            let next = is_alone.then(|| backlog.undone.pop_front());
            return match next.flatten() {
                Some(Rerun::Again(message)) => {
                    self.execute(message, false);
                    true
                }
                Some(Rerun::Failed(message)) => {
                    self.answer_failed(message);
                    true
                }
                None => false,
            };
        }
        let mut any = false;
        while self.room.phase == Phase::Rerunning
            && let Some(message) = self.room.backlog().pop_waiting()
        {
            self.execute(message, false);
            any = true;
        }
        self.room.phase.end_rerun();
        any
    }

    /// Uses up what the room failed on, without calling its handlers.
    fn answer_failed(&mut self, message: ToEntity) {
        if let Some(unwritten) = self.room.unwritten() {
            unwritten.input(Rerun::Failed(message.clone()));
        }
        let refusal =
            Refusal::with_code(ErrorCode::HandlerFailed, "the room failed on this request");
        match message {
            ToEntity::Member(member) => self.use_up(&member, refusal),
            ToEntity::Request(request) => self.answer(request.caller.clone(), Err(refusal)),
            ToEntity::Reply(reply) => {
                self.end_call(reply.caller.ask);
            }
            ToEntity::Ran(ran) => {
                self.end_call(ran.run);
            }
            ToEntity::Return(back) => self.use_up(&back.member, refusal),
            // The join was refused at once.
            ToEntity::Join(_) => {}
        }
    }

    fn use_up(&mut self, member: &Member, refusal: Refusal) {
        let membership = member.membership;
        match &member.request {
            MemberRequest::Command(numbered, _) => {
                if self.in_sequence(membership, *numbered) {
                    self.reply(membership, numbered.sequence, Err(refusal));
                }
            }
            MemberRequest::Leave(numbered) => {
                if self.in_sequence(membership, *numbered) {
                    self.dismiss(membership, LeaveReason::LeaveRequested, "");
                }
            }
            MemberRequest::End(reason) => {
                self.dismiss(membership, *reason, "");
            }
            // Its client learns that something went wrong, and may find it right when it attaches
            // again.
            MemberRequest::Attach { .. } => {
                self.detach(membership);
                ask_to_attach_again(member.session.clone(), &mut self.context.out);
            }
            MemberRequest::Unreliable(_) | MemberRequest::Detach => {}
        }
    }
}
