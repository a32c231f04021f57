//! Commands of members: each applied once, in sequence, and answered.

use wayfare_protocol::wire::reply;
use wayfare_protocol::{ErrorCode, Membership, Sequence};

use super::handlers::Fault;
use super::outbox::Deferred;
use super::turn::RoomTurn;
use crate::game::Refusal;
use crate::game::members::Failed;
use crate::game::refusal::wire_error;
use crate::peer::{Change, Numbered};

impl RoomTurn<'_> {
    /// A command in sequence: applied once, whatever was sent how often.
    pub(super) fn command(&mut self, membership: Membership, numbered: Numbered, payload: &[u8]) {
        if !self.in_sequence(membership, numbered) {
            return;
        }
        let mut reply = std::mem::take(&mut self.context.reply);
        reply.clear();
        let outcome = self.call("command", |logic, members, cx| {
            match members.get(membership) {
                Some(member) => logic.command(&member.player, payload, &mut reply, cx),
                None => Ok(()),
            }
        });
        let (result, deferred) = match outcome {
            Ok(()) => (Ok(&*reply), self.apply_effects(None)),
            Err(fault) => {
                if let (Fault::Panicked, Some(member)) =
                    (&fault, self.room.members.get_mut(membership))
                {
                    member.failed = Failed {
                        sequence: numbered.sequence,
                        under: self.room.id.epoch,
                    };
                }
                (Err(Refusal::from(fault)), Deferred::default())
            }
        };
        self.reply(membership, numbered.sequence, result);
        self.apply_deferred(deferred);
        self.context.reply = reply;
    }

    /// Takes the next number of a member's sequence. A repeat is only told how far it was
    /// applied; a number from before the room was rolled back is void, for its client gives another;
    /// a gap cannot come from a client that keeps to the protocol.
    pub(super) fn in_sequence(&mut self, membership: Membership, numbered: Numbered) -> bool {
        let Some(member) = self.room.members.get_mut(membership) else {
            return false;
        };
        if numbered.epoch < self.room.stream.valid_from_epoch {
            return false;
        }
        if numbered.sequence == member.applied.next() {
            member.applied = numbered.sequence;
            member.failed = Failed::default();
            self.room.touch(membership);
            return true;
        }
        if numbered.sequence <= member.applied {
            self.mark_ack_pending(membership);
        } else {
            let session = member.session.clone();
            let cut = Change::Cut(ErrorCode::SequenceGap);
            self.room.stream.session(&session, cut, None);
        }
        false
    }

    pub(super) fn unreliable(&mut self, membership: Membership, payload: &[u8]) {
        let mut unused_reply = Vec::new();
        let outcome = self.call("command", |logic, members, cx| {
            match members.get(membership) {
                Some(member) => logic.command(&member.player, payload, &mut unused_reply, cx),
                None => Ok(()),
            }
        });
        if outcome.is_ok() {
            self.apply_all_effects();
        }
    }

    /// Answers a command. An answer with content is numbered like an event, so that a replay
    /// brings it again; "applied, nothing to say" is told at the end of the turn.
    pub(super) fn reply(
        &mut self,
        membership: Membership,
        command: Sequence,
        result: Result<&[u8], Refusal>,
    ) {
        let result = match result {
            Ok([]) => return self.mark_ack_pending(membership),
            Ok(payload) => reply::Result::Payload(payload.to_vec().into()),
            Err(refusal) => reply::Result::Error(wire_error(&refusal)),
        };
        let bounds = &self.room.kind.settings.history;
        self.room.stream.reply(membership, command, result, bounds);
    }

    /// The member is told at the end of the turn how far its commands were applied.
    pub(super) fn mark_ack_pending(&mut self, membership: Membership) {
        if let Some(member) = self.room.members.get_mut(membership)
            && !std::mem::replace(&mut member.ack_pending, true)
        {
            self.room.stream.acknowledge_later(membership);
        }
    }
}
