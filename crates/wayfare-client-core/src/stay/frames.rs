//! Handlers for the frames that a room sends to its member.

use bytes::Bytes;
use wayfare_protocol::wire::{self, reply};
use wayfare_protocol::{Epoch, ErrorCode, Handle, Instant, Membership, Sequence};

use super::{Fate, Member, Phase, RejoinPolicy, Stay};
use crate::ledger::Request;
use crate::outbox::Outbox;
use crate::{CommandError, Event, JoinRefusal, LeaveReason, ServerError};

impl Stay {
    pub(crate) fn handle_joined(&mut self, joined: wire::Joined, out: &mut Outbox, now: Instant) {
        self.ledger.go_on(Sequence(joined.applied));
        let mut member = Member {
            handle: Handle(joined.handle),
            membership: Membership(joined.membership),
            epoch: Epoch(joined.epoch),
            position: Sequence(joined.position),
            attached: true,
            since: now,
            rejoins: 0,
        };
        if let Phase::Rejoining(rejoin) = &self.phase {
            member.rejoins = rejoin.joins();
            out.event(rejoin.resync(self.key, member.position, joined.view));
            self.phase = Phase::Member(member);
            return self.send_requests(out, now);
        }
        if !self.leaving {
            out.event(Event::Joined {
                room: self.key,
                view: joined.view,
                position: member.position,
            });
        }
        self.phase = Phase::Member(member);
        if self.leaving {
            self.request(Request::Leave, out, now);
        }
    }

    pub(crate) fn handle_join_refused(
        &mut self,
        refused: wire::JoinRefused,
        policy: &mut RejoinPolicy,
        out: &mut Outbox,
        now: Instant,
    ) -> Fate {
        let error = ServerError::from(refused.error);
        if let Phase::Rejoining(_) = self.phase {
            return self.rejoin_refused(&error, policy, out, now);
        }
        self.join_refused(JoinRefusal::Refused(error), out);
        Fate::Over
    }

    pub(super) fn join_refused(&self, error: JoinRefusal, out: &mut Outbox) {
        if self.leaving {
            self.emit_left(LeaveReason::Requested, String::new(), out);
        } else {
            out.event(Event::JoinRefused {
                room: self.key,
                error,
            });
        }
    }

    pub(crate) fn handle_event(&mut self, event: wire::Event, out: &mut Outbox) {
        let sequence = Sequence(event.sequence);
        if self.advance(sequence) {
            out.event(Event::Event {
                room: self.key,
                sequence,
                payload: event.payload,
            });
        }
    }

    pub(crate) fn handle_position(&mut self, sequence: Sequence) {
        self.advance(sequence);
    }

    pub(crate) fn handle_unreliable(&self, payload: Bytes, out: &mut Outbox) {
        out.event(Event::Unreliable {
            room: self.key,
            payload,
        });
    }

    pub(crate) fn handle_reply(&mut self, reply: wire::Reply, out: &mut Outbox, now: Instant) {
        if !self.advance(Sequence(reply.sequence)) {
            return;
        }
        let answered = self.ledger.replied(Sequence(reply.command));
        self.send_requests(out, now);
        let Some(command) = answered else {
            return;
        };
        let result = match reply.result {
            Some(reply::Result::Payload(payload)) => Ok(payload),
            Some(reply::Result::Error(error)) => {
                Err(CommandError::Refused(ServerError::from(Some(error))))
            }
            None => Ok(Bytes::new()),
        };
        self.resolve(command, result, out);
    }

    /// Answers every applied command that has no reply of its own with an empty payload.
    pub(crate) fn handle_applied(
        &mut self,
        applied: Sequence,
        out: &mut Outbox,
        now: Instant,
    ) -> Fate {
        if !self.is_attached() {
            return Fate::Continues;
        }
        while let Some(request) = self.ledger.applied(applied) {
            match request {
                Request::Command { id, .. } => self.resolve(id, Ok(Bytes::new()), out),
                Request::Leave => {
                    self.emit_left(LeaveReason::Requested, String::new(), out);
                    return Fate::Over;
                }
            }
        }
        self.send_requests(out, now);
        Fate::Continues
    }

    pub(crate) fn handle_attached(
        &mut self,
        attached: wire::Attached,
        out: &mut Outbox,
        now: Instant,
    ) {
        let Phase::Member(member) = &mut self.phase else {
            return;
        };
        // A lower epoch is void: it comes from an owner that was superseded and does not know it
        // yet.
        if Epoch(attached.epoch) < member.epoch {
            return;
        }
        let failed = (Epoch(attached.epoch) > member.epoch).then_some(Sequence(attached.failed));
        member.epoch = Epoch(attached.epoch);
        member.attached = true;
        self.resolve_failed(failed, out);
        if self.ledger.adopt(Sequence(attached.applied)) {
            out.event(Event::FellBack { room: self.key });
        }
        self.send_requests(out, now);
    }

    pub(crate) fn handle_resync(
        &mut self,
        resync: wire::Resync,
        out: &mut Outbox,
        now: Instant,
    ) -> Fate {
        let Phase::Member(member) = &mut self.phase else {
            return Fate::Continues;
        };
        if Epoch(resync.epoch) < member.epoch {
            return Fate::Continues;
        }
        let failed = (Epoch(resync.epoch) > member.epoch).then_some(Sequence(resync.failed));
        let position = Sequence(resync.position);
        let events_undone = Sequence(resync.stands) < member.position;
        member.epoch = Epoch(resync.epoch);
        member.position = position;
        member.attached = true;
        self.resolve_failed(failed, out);
        let applied = Sequence(resync.applied);
        let commands_undone = self.ledger.adopt(applied);
        let mut lost_replies = 0;
        let mut fate = Fate::Continues;
        while let Some(request) = self.ledger.applied(applied) {
            match request {
                Request::Command { id, .. } => {
                    lost_replies += 1;
                    self.resolve(id, Err(CommandError::ReplyLost), out);
                }
                Request::Leave => fate = Fate::Over,
            }
        }
        if fate == Fate::Over {
            self.emit_left(LeaveReason::Requested, String::new(), out);
            return fate;
        }
        out.event(Event::Resync {
            room: self.key,
            view: resync.view,
            position,
            stands: Sequence(resync.stands),
            lost_replies,
            fell_back: commands_undone || events_undone,
        });
        self.send_requests(out, now);
        fate
    }

    pub(crate) fn handle_left(
        &mut self,
        left: wire::Left,
        policy: &mut RejoinPolicy,
        out: &mut Outbox,
        now: Instant,
    ) -> Fate {
        let Phase::Member(member) = &self.phase else {
            return Fate::Continues;
        };
        if member.membership != Membership(left.membership) {
            return Fate::Continues;
        }
        let stated = wire::LeaveReason::try_from(left.reason).unwrap_or_default();
        let lost = stated == wire::LeaveReason::LeaveRoomLost;
        let reason = match LeaveReason::from(stated) {
            // The leave was applied, and only its answer was lost.
            LeaveReason::NotAMember if self.leaving => LeaveReason::Requested,
            // A member that asked to leave does not join the room again.
            _ if lost && self.leaving => LeaveReason::Requested,
            reason => reason,
        };
        let mut lost_replies = 0;
        while let Some(request) = self.ledger.applied(Sequence(left.applied)) {
            if let Request::Command { id, .. } = request {
                lost_replies += 1;
                self.resolve(id, Err(CommandError::ReplyLost), out);
            }
        }
        let rest = if lost || reason == LeaveReason::RoomGone {
            CommandError::RoomLost
        } else if stated == wire::LeaveReason::LeaveNotAMember {
            // The room has no record of this membership, so the outcome of its commands is unknown.
            CommandError::Unknown
        } else {
            CommandError::Left(reason)
        };
        self.resolve_pending(&rest, out);
        if lost && !self.leaving {
            return self.rejoin(lost_replies, policy, out, now);
        }
        self.emit_left(reason, left.message, out);
        Fate::Over
    }

    /// Answers the command on which the room failed under an earlier epoch. It is not sent again.
    fn resolve_failed(&mut self, failed: Option<Sequence>, out: &mut Outbox) {
        if let Some(command) = failed.and_then(|failed| self.ledger.replied(failed)) {
            let error = wire::Error {
                code: ErrorCode::HandlerFailed.code(),
                message: "the room failed on this request".into(),
                ..wire::Error::default()
            };
            let refused = CommandError::Refused(ServerError::from(Some(error)));
            self.resolve(command, Err(refused), out);
        }
    }

    /// Advances the position. Returns false for a duplicate.
    fn advance(&mut self, sequence: Sequence) -> bool {
        match &mut self.phase {
            Phase::Member(member) if member.attached && sequence > member.position => {
                member.position = sequence;
                true
            }
            _ => false,
        }
    }

    const fn is_attached(&self) -> bool {
        matches!(&self.phase, Phase::Member(member) if member.attached)
    }
}
