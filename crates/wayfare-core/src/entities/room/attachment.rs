//! Connections of members: attached with a replay or a fresh view, and detached.

use wayfare_protocol::wire;
use wayfare_protocol::wire::server_frame::Body;
use wayfare_protocol::{Epoch, Membership, Sequence};

use super::turn::RoomTurn;
use crate::game::LeaveReason;
use crate::game::members::SessionRef;
use crate::peer::Change;

impl RoomTurn<'_> {
    /// The session is connected and states what its client has seen.
    pub(super) fn attach(
        &mut self,
        membership: Membership,
        session: &SessionRef,
        (epoch, sequence): (Epoch, Sequence),
    ) {
        let now = self.context.now;
        self.room.stream.seal(now);
        let returned = self.room.members.attach(membership, session);
        if returned {
            self.room.touch(membership);
        }
        let Some(member) = self.room.members.get(membership) else {
            return;
        };
        let (applied, failed) = (member.applied, member.failed.told_to(epoch));
        let from = sequence.max(member.joined_at);
        let stream = &self.room.stream;
        let holds = stream.lineage.holds(epoch, sequence, stream.sequence);
        if holds && stream.history.reaches(from) {
            let body = Body::Attached(wire::Attached {
                handle: self.room.handle().0,
                epoch: self.room.id.epoch.0,
                from: from.0,
                applied: applied.0,
                failed,
            });
            self.room
                .stream
                .session(session, Change::Attach(membership), Some(body));
            self.room.stream.replay(from, membership, now);
            self.mark_ack_pending(membership);
            self.send_pending_acks();
        } else {
            let stands = stream.lineage.stands(epoch, sequence, stream.sequence);
            self.resync(membership, (epoch, stands));
        }
        if returned {
            self.presence(membership, true);
        }
    }

    /// A fresh view in place of what cannot be replayed, or was undone behind `stands`, for a client
    /// that knows the room's epochs up to `known`.
    pub(super) fn resync(&mut self, membership: Membership, (known, stands): (Epoch, Sequence)) {
        let view = match self.view(membership) {
            Ok(view) => view,
            Err(refusal) => {
                let message = refusal.message;
                return self.remove(membership, LeaveReason::LeaveKicked, &message);
            }
        };
        let Some(member) = self.room.members.get(membership) else {
            return;
        };
        let session = member.session.clone();
        let body = Body::Resync(wire::Resync {
            handle: self.room.handle().0,
            epoch: self.room.id.epoch.0,
            position: self.room.stream.sequence.0,
            applied: member.applied.0,
            view: view.into(),
            failed: member.failed.told_to(known),
            stands: stands.0,
        });
        self.room
            .stream
            .session(&session, Change::Attach(membership), Some(body));
    }

    pub(super) fn detach(&mut self, membership: Membership) {
        if self.room.members.detach(membership, self.context.now) {
            self.room.touch(membership);
            self.presence(membership, false);
        }
    }

    pub(super) fn presence(&mut self, membership: Membership, attached: bool) {
        let outcome = self.call("presence", |logic, members, cx| {
            if let Some(member) = members.get(membership) {
                logic.presence(&member.player, attached, cx);
            }
            Ok(())
        });
        if let Ok(()) = outcome {
            self.apply_all_effects();
        }
    }
}
