//! Stays in a room: how they begin and end.

use std::sync::Arc;

use wayfare_protocol::wire::server_frame::Body;
use wayfare_protocol::wire::{self, JoinMode};
use wayfare_protocol::{ErrorCode, Membership};

use crate::game::members::{Failed, Member};
use crate::game::{LeaveReason, Player, Refusal};
use crate::peer::{Change, Join, Numbered};
use crate::routing::undeliverable::refuse_join;

use super::outbox::Deferred;
use super::turn::RoomTurn;

impl RoomTurn<'_> {
    /// A player asks to come in. `created` says that this join opened the room.
    pub(crate) fn join(&mut self, join: &Join, created: bool) {
        let epoch = join.session.epoch;
        if self
            .context
            .departed
            .since(self.room.handle(), &join.player.id, epoch)
        {
            return;
        }
        let replaced = match self.room.members.of_player(&join.player.id) {
            Some((membership, member)) if member.session.id == join.session.id => {
                if join.session.epoch < member.session.epoch {
                    return;
                }
                if join.sequence <= member.applied {
                    return self.send_joined(membership, join, Deferred::default());
                }
                if member.attached {
                    if let Some(member) = self.room.members.get_mut(membership) {
                        member.applied = join.sequence;
                    }
                    self.room.touch(membership);
                    let message = "the session is in this room already";
                    let refusal = Refusal::with_code(ErrorCode::AlreadyJoined, message);
                    return refuse_join(join, refusal, &mut self.context.out);
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
            return refuse_join(join, refusal, &mut self.context.out);
        }
        if let Some(membership) = replaced {
            self.remove(membership, LeaveReason::LeaveReplaced, "");
        }
        self.admit(join);
    }

    fn admits(&self, join: &Join, replaces: bool) -> Result<(), Refusal> {
        let no = |code, message: &str| Err(Refusal::with_code(code, message));
        let settings = &self.room.kind.settings;
        if join.mode == JoinMode::JoinCreate {
            return no(ErrorCode::RoomExists, "the room exists already");
        }
        if !settings.join.includes(&join.player) {
            return no(
                ErrorCode::NotAllowed,
                "this kind of room cannot be joined by you",
            );
        }
        if self.room.metadata.locked && !replaces {
            return no(ErrorCode::RoomLocked, "the room takes no new members");
        }
        if self.room.members.len() >= settings.members_max as usize && !replaces {
            return no(ErrorCode::RoomFull, "the room is full");
        }
        Ok(())
    }

    fn admit(&mut self, join: &Join) {
        let membership = self.room.members.take_number();
        let member = Member {
            player: join.player.clone(),
            session: join.session.clone(),
            applied: join.sequence,
            joined_at: self.room.stream.sequence,
            attached: true,
            detached_at: self.context.now,
            ack_pending: false,
            failed: Failed::default(),
        };
        self.room.members.insert(membership, member);
        let outcome = self.call("join", |logic, _, cx| {
            logic.join(&join.player, &join.payload, cx)
        });
        if let Err(fault) = outcome {
            self.room.members.remove(membership);
            self.room.metadata_changed();
            self.note_if_empty();
            return refuse_join(join, fault.into(), &mut self.context.out);
        }
        let deferred = self.apply_effects(Some(membership));
        if let Some(member) = self.room.members.get_mut(membership) {
            member.joined_at = self.room.stream.sequence;
        }
        self.room.touch(membership);
        self.room.metadata_changed();
        self.room.clock.note_occupied();
        self.send_joined(membership, join, deferred);
    }

    /// Answers a join, the first time or again: the view of now, and what follows it.
    fn send_joined(&mut self, membership: Membership, join: &Join, deferred: Deferred) {
        // Who gets the view is there, and sees so.
        let returned = self.room.members.attach(membership, &join.session);
        let view = match self.view(membership) {
            Ok(view) => view,
            Err(refusal) => {
                self.remove(membership, LeaveReason::LeaveKicked, &refusal.message);
                return refuse_join(join, refusal, &mut self.context.out);
            }
        };
        self.room.touch(membership);
        let member = self.room.members.get(membership);
        let body = Body::Joined(wire::Joined {
            room: self.room.id.entity.to_string(),
            sequence: join.sequence.0,
            handle: self.room.handle().0,
            membership: membership.0,
            epoch: self.room.id.epoch.0,
            position: self.room.stream.sequence.0,
            view: view.into(),
            applied: member.map_or(0, |member| member.applied.0),
        });
        self.room
            .stream
            .session(&join.session, Change::Attach(membership), Some(body));
        self.apply_deferred(deferred);
        if returned {
            self.presence(membership, true);
        }
    }

    pub(super) fn leave(&mut self, membership: Membership, numbered: Numbered) {
        if self.in_sequence(membership, numbered) {
            self.remove(membership, LeaveReason::LeaveRequested, "");
        }
    }

    /// Ends a stay: the session is told, then the room.
    pub(super) fn remove(&mut self, membership: Membership, reason: LeaveReason, message: &str) {
        if let Some(player) = self.dismiss(membership, reason, message) {
            self.tell_left(&player, reason);
        }
    }

    /// Ends a stay without telling the room's handler.
    pub(super) fn dismiss(
        &mut self,
        membership: Membership,
        reason: LeaveReason,
        message: &str,
    ) -> Option<Arc<Player>> {
        let member = self.room.members.remove(membership)?;
        if let Some(unwritten) = self.room.unwritten() {
            let session = member.attached.then(|| member.session.clone());
            unwritten.members.remove(membership, session);
        }
        self.tell_session_left(membership, &member, reason, message);
        self.note_if_empty();
        Some(member.player)
    }

    /// Tells the session of a former member that its stay is over.
    pub(super) fn tell_session_left(
        &mut self,
        membership: Membership,
        member: &Member,
        reason: LeaveReason,
        message: &str,
    ) {
        let stream = &mut self.room.stream;
        if member.ack_pending {
            stream.applied(membership, member.applied);
        }
        let handle = stream.handle();
        let left = wire::Left {
            handle: handle.0,
            membership: membership.0,
            reason: reason.into(),
            message: message.to_owned(),
            applied: member.applied.0,
        };
        let change = Change::Detach(membership);
        stream.session(&member.session, change, Some(Body::Left(left)));
        let (player, epoch) = (&member.player.id, member.session.epoch);
        let now = self.context.now;
        self.context.departed.note(handle, player, epoch, now);
    }

    pub(super) fn note_if_empty(&mut self) {
        if self.room.members.is_empty() {
            self.room.clock.note_empty(self.context.now);
        }
    }

    pub(super) fn tell_left(&mut self, player: &Player, reason: LeaveReason) {
        let outcome = self.call("leave", |logic, _, cx| {
            logic.leave(player, reason, cx);
            Ok(())
        });
        if outcome.is_ok() {
            self.apply_all_effects();
        }
    }

    /// All stays end, and nothing runs any more.
    pub(crate) fn dismiss_all(&mut self) {
        let members: Vec<Membership> = self.room.members.iter().map(|(number, _)| number).collect();
        self.room.phase.stop_handlers();
        for membership in members {
            self.remove(membership, LeaveReason::LeaveClosed, "");
        }
    }
}
