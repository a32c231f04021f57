//! Coming in, being heard, going away: what sessions ask of a room, in sequence.

use std::sync::Arc;

use wayfare_protocol::wire::server_frame::Body;
use wayfare_protocol::wire::{self, JoinMode};
use wayfare_protocol::{Epoch, ErrorCode, Membership, Sequence};

use crate::context::Context;
use crate::game::members::{Failed, Member, SessionRef};
use crate::game::{LeaveReason, Player, Refusal};
use crate::peer::{Change, Join, Numbered};
use crate::routing::undeliverable::refuse_join;

use super::Room;
use super::handlers::{Deferred, Fault};

impl Room {
    /// A player asks to come in. `created` says that this join opened the room.
    pub(crate) fn join(&mut self, join: &Join, created: bool, context: &mut Context) {
        let epoch = join.session.epoch;
        if context.departed.since(self.handle, &join.player.id, epoch) {
            return;
        }
        let replaced = match self.members.of_player(&join.player.id) {
            Some((membership, member)) if member.session.id == join.session.id => {
                if join.session.epoch < member.session.epoch {
                    return;
                }
                if join.sequence <= member.applied {
                    return self.send_joined(membership, join, Deferred::default(), context);
                }
                if member.attached {
                    if let Some(member) = self.members.get_mut(membership) {
                        member.applied = join.sequence;
                    }
                    self.touch(membership);
                    let message = "the session is in this room already";
                    let refusal = Refusal::with_code(ErrorCode::AlreadyJoined, message);
                    return refuse_join(join, refusal, context);
                }
                // Who joins anew instead of coming back was told that its stay is over, and that
                // was undone: by a room that failed too often, say.
                Some(membership)
            }
            Some((_, member)) if join.session.epoch <= member.session.epoch => return,
            Some((membership, _)) => Some(membership),
            None => None,
        };
        if !created && let Err(refusal) = self.admits(join, replaced.is_some()) {
            return refuse_join(join, refusal, context);
        }
        if let Some(membership) = replaced {
            self.remove(membership, LeaveReason::LeaveReplaced, "", context);
        }
        self.admit(join, context);
    }

    fn admits(&self, join: &Join, replaces: bool) -> Result<(), Refusal> {
        let no = |code, message: &str| Err(Refusal::with_code(code, message));
        let settings = &self.kind.settings;
        if join.mode == JoinMode::JoinCreate {
            return no(ErrorCode::RoomExists, "the room exists already");
        }
        if !settings.join.includes(&join.player) {
            return no(
                ErrorCode::NotAllowed,
                "this kind of room cannot be joined by you",
            );
        }
        if self.locked && !replaces {
            return no(ErrorCode::RoomLocked, "the room takes no new members");
        }
        if self.members.len() >= settings.members_max as usize && !replaces {
            return no(ErrorCode::RoomFull, "the room is full");
        }
        Ok(())
    }

    fn admit(&mut self, join: &Join, context: &mut Context) {
        let membership = self.next_membership;
        self.next_membership = Membership(membership.0 + 1);
        let member = Member {
            player: join.player.clone(),
            session: join.session.clone(),
            applied: join.sequence,
            joined_at: self.sequence,
            attached: true,
            ack_pending: false,
            failed: Failed::default(),
        };
        self.members.insert(membership, member);
        let outcome = self.call("join", context, |logic, _, cx| {
            logic.join(&join.player, &join.payload, cx)
        });
        if let Err(fault) = outcome {
            self.members.remove(membership);
            self.surroundings_changed();
            self.note_if_empty(context.now);
            return refuse_join(join, fault.into(), context);
        }
        let deferred = self.apply_effects(Some(membership), context);
        if let Some(member) = self.members.get_mut(membership) {
            member.joined_at = self.sequence;
        }
        self.touch(membership);
        self.surroundings_changed();
        self.empty_since = None;
        self.send_joined(membership, join, deferred, context);
    }

    /// Answers a join, the first time or again: the view of now, and what follows it.
    fn send_joined(
        &mut self,
        membership: Membership,
        join: &Join,
        deferred: Deferred,
        context: &mut Context,
    ) {
        let view = match self.view(membership, context) {
            Ok(view) => view,
            Err(refusal) => {
                self.remove(
                    membership,
                    LeaveReason::LeaveKicked,
                    &refusal.message,
                    context,
                );
                return refuse_join(join, refusal, context);
            }
        };
        let returned = self.members.attach(membership, &join.session);
        self.touch(membership);
        let body = Body::Joined(wire::Joined {
            room: self.entity.to_string(),
            sequence: join.sequence.0,
            handle: self.handle.0,
            membership: membership.0,
            epoch: self.epoch.0,
            position: self.sequence.0,
            view: view.into(),
        });
        self.send_to_session(
            &join.session,
            Change::Attach(membership),
            Some(body),
            context,
        );
        self.apply_deferred(deferred, context);
        if returned {
            self.presence(membership, true, context);
        }
    }

    /// A command in sequence: applied once, whatever was sent how often.
    pub(super) fn command(
        &mut self,
        membership: Membership,
        numbered: Numbered,
        payload: &[u8],
        context: &mut Context,
    ) {
        if !self.in_sequence(membership, numbered, context) {
            return;
        }
        let mut reply = std::mem::take(&mut context.reply);
        reply.clear();
        let outcome = self.call("command", context, |logic, members, cx| {
            match members.get(membership) {
                Some(member) => logic.command(&member.player, payload, &mut reply, cx),
                None => Ok(()),
            }
        });
        let (result, deferred) = match outcome {
            Ok(()) => (Ok(&*reply), self.apply_effects(None, context)),
            Err(fault) => {
                if let (Fault::Panicked, Some(member)) = (&fault, self.members.get_mut(membership))
                {
                    member.failed = Failed {
                        sequence: numbered.sequence,
                        under: self.epoch,
                    };
                }
                (Err(Refusal::from(fault)), Deferred::default())
            }
        };
        self.reply(membership, numbered.sequence, result, context);
        self.apply_deferred(deferred, context);
        context.reply = reply;
    }

    /// Takes the next number of a member's sequence. A repeat is only told how far it was
    /// applied; a number from before the room fell back is void, for its client gives another;
    /// a gap cannot come from a client that keeps to the protocol.
    pub(super) fn in_sequence(
        &mut self,
        membership: Membership,
        numbered: Numbered,
        context: &mut Context,
    ) -> bool {
        let Some(member) = self.members.get_mut(membership) else {
            return false;
        };
        if numbered.epoch < self.valid_from_epoch {
            return false;
        }
        if numbered.sequence == member.applied.next() {
            member.applied = numbered.sequence;
            member.failed = Failed::default();
            self.touch(membership);
            return true;
        }
        if numbered.sequence <= member.applied {
            self.mark_ack_pending(membership, context);
        } else {
            let session = member.session.clone();
            let cut = Change::Cut(ErrorCode::SequenceGap);
            self.send_to_session(&session, cut, None, context);
        }
        false
    }

    pub(super) fn unreliable(
        &mut self,
        membership: Membership,
        payload: &[u8],
        context: &mut Context,
    ) {
        let mut unused_reply = Vec::new();
        let outcome = self.call("command", context, |logic, members, cx| {
            match members.get(membership) {
                Some(member) => logic.command(&member.player, payload, &mut unused_reply, cx),
                None => Ok(()),
            }
        });
        if outcome.is_ok() {
            self.apply_all_effects(context);
        }
    }

    pub(super) fn leave(
        &mut self,
        membership: Membership,
        numbered: Numbered,
        context: &mut Context,
    ) {
        if self.in_sequence(membership, numbered, context) {
            self.remove(membership, LeaveReason::LeaveRequested, "", context);
        }
    }

    /// Ends a stay: the session is told, then the room.
    pub(super) fn remove(
        &mut self,
        membership: Membership,
        reason: LeaveReason,
        message: &str,
        context: &mut Context,
    ) {
        if let Some(player) = self.dismiss(membership, reason, message, context) {
            self.tell_left(&player, reason, context);
        }
    }

    /// Ends a stay without telling the room's handler.
    pub(super) fn dismiss(
        &mut self,
        membership: Membership,
        reason: LeaveReason,
        message: &str,
        context: &mut Context,
    ) -> Option<Arc<Player>> {
        let member = self.members.remove(membership)?;
        if let Some(unwritten) = self.unwritten() {
            let session = member.attached.then(|| member.session.clone());
            unwritten.gone(membership, session);
        }
        if member.ack_pending {
            self.tell_applied(membership, member.applied, context);
        }
        let left = wire::Left {
            handle: self.handle.0,
            membership: membership.0,
            reason: reason.into(),
            message: message.to_owned(),
            applied: member.applied.0,
        };
        let change = Change::Detach(membership);
        self.send_to_session(&member.session, change, Some(Body::Left(left)), context);
        context.departed.note(
            self.handle,
            &member.player.id,
            member.session.epoch,
            context.now,
        );
        self.note_if_empty(context.now);
        Some(member.player)
    }

    pub(super) fn tell_left(
        &mut self,
        player: &Player,
        reason: LeaveReason,
        context: &mut Context,
    ) {
        let outcome = self.call("leave", context, |logic, _, cx| {
            logic.leave(player, reason, cx);
            Ok(())
        });
        if outcome.is_ok() {
            self.apply_all_effects(context);
        }
    }

    /// The session is connected and states what its client has seen.
    pub(super) fn attach(
        &mut self,
        membership: Membership,
        session: &SessionRef,
        (epoch, sequence): (Epoch, Sequence),
        context: &mut Context,
    ) {
        self.seal(context);
        let returned = self.members.attach(membership, session);
        if returned {
            self.touch(membership);
        }
        let Some(member) = self.members.get(membership) else {
            return;
        };
        let (applied, failed) = (member.applied, member.failed.told_to(epoch));
        let from = sequence.max(member.joined_at);
        let reached =
            self.lineage.holds(epoch, sequence, self.sequence) && self.history.reaches(from);
        if reached {
            let body = Body::Attached(wire::Attached {
                handle: self.handle.0,
                epoch: self.epoch.0,
                from: from.0,
                applied: applied.0,
                failed,
            });
            self.send_to_session(session, Change::Attach(membership), Some(body), context);
            self.seal(context);
            let replay: Vec<_> = self.history.replay(from, membership).cloned().collect();
            for frame in replay {
                self.builder(context).replay(membership, frame);
            }
            self.mark_ack_pending(membership, context);
            self.send_pending_acks(context);
        } else {
            let stands = self.lineage.stands(epoch, sequence, self.sequence);
            self.resync(membership, (epoch, stands), context);
        }
        if returned {
            self.presence(membership, true, context);
        }
    }

    /// A fresh view in place of what cannot be replayed, or was undone behind `stands`, for a client
    /// that knows the room's epochs up to `known`.
    pub(super) fn resync(
        &mut self,
        membership: Membership,
        (known, stands): (Epoch, Sequence),
        context: &mut Context,
    ) {
        let view = match self.view(membership, context) {
            Ok(view) => view,
            Err(refusal) => {
                let message = refusal.message;
                return self.remove(membership, LeaveReason::LeaveKicked, &message, context);
            }
        };
        let Some(member) = self.members.get(membership) else {
            return;
        };
        let session = member.session.clone();
        let body = Body::Resync(wire::Resync {
            handle: self.handle.0,
            epoch: self.epoch.0,
            position: self.sequence.0,
            applied: member.applied.0,
            view: view.into(),
            failed: member.failed.told_to(known),
            stands: stands.0,
        });
        self.send_to_session(&session, Change::Attach(membership), Some(body), context);
    }

    pub(super) fn detach(&mut self, membership: Membership, context: &mut Context) {
        if self.members.detach(membership, context.now) {
            self.touch(membership);
            self.presence(membership, false, context);
        }
    }

    pub(super) fn presence(
        &mut self,
        membership: Membership,
        attached: bool,
        context: &mut Context,
    ) {
        let outcome = self.call("presence", context, |logic, members, cx| {
            if let Some(member) = members.get(membership) {
                logic.presence(&member.player, attached, cx);
            }
            Ok(())
        });
        if let Ok(()) = outcome {
            self.apply_all_effects(context);
        }
    }

    /// Something about a member is to be written.
    pub(super) fn touch(&mut self, membership: Membership) {
        if let Some(unwritten) = self.unwritten() {
            unwritten.member(membership);
        }
    }

    pub(super) fn surroundings_changed(&mut self) {
        if let Some(unwritten) = self.unwritten() {
            unwritten.surroundings = true;
        }
    }

    pub(super) fn note_if_empty(&mut self, now: wayfare_protocol::Instant) {
        if self.members.is_empty() && self.empty_since.is_none() {
            self.empty_since = Some(now);
        }
    }

    /// All stays end, and nothing runs any more.
    pub(crate) fn dismiss_all(&mut self, context: &mut Context) {
        let members: Vec<Membership> = self.members.iter().map(|(number, _)| number).collect();
        self.failed.get_or_insert("close");
        for membership in members {
            self.remove(membership, LeaveReason::LeaveClosed, "", context);
        }
    }
}
