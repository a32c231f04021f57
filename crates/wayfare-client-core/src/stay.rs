//! One stay in one room: from the join, through every change of connection and owner, to its end.

mod heard;

use bytes::Bytes;
use wayfare_protocol::wire::{self, client_frame::Body};
use wayfare_protocol::{EntityId, Epoch, Handle, Instant, Membership, Sequence};

use crate::ledger::{Item, Ledger, Request};
use crate::outbox::Outbox;
use crate::{
    CommandError, CommandId, Event, Join, JoinRefusal, LeaveReason, NotAMember, RoomKey, SendError,
};

pub(crate) struct Stay {
    pub(crate) key: RoomKey,
    pub(crate) room: EntityId,
    pub(crate) ledger: Ledger,
    phase: Phase,
    leaving: bool,
}

enum Phase {
    /// The former stay in the same room must end first.
    Queued(Join),
    /// Kept until it is answered: the room recognises a join that is repeated.
    Joining {
        join: Join,
        sequence: Sequence,
    },
    Member(Member),
}

struct Member {
    handle: Handle,
    membership: Membership,
    epoch: Epoch,
    /// The highest sequence that came, be it an event or a reply.
    position: Sequence,
    /// Only an attachment says from where the room speaks. Without one nothing is sent, and what
    /// is heard is dropped, for the replay behind the next attachment brings it again: taken now,
    /// it would hide what lies between.
    attached: bool,
}

/// Whether a stay goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Fate {
    Stays,
    Over,
}

impl Stay {
    pub(crate) fn queued(key: RoomKey, join: Join) -> Self {
        Self {
            key,
            room: join.room.clone(),
            ledger: Ledger::behind(Sequence(0)),
            phase: Phase::Queued(join),
            leaving: false,
        }
    }

    /// The room is free: takes the next number of its sequence. True if there is a join to send.
    pub(crate) fn begin(&mut self, last: Sequence) -> bool {
        let Phase::Queued(join) = &self.phase else {
            return false;
        };
        let join = join.clone();
        self.ledger = Ledger::behind(last);
        let sequence = self.ledger.number_join();
        self.phase = Phase::Joining { join, sequence };
        true
    }

    pub(crate) const fn is_queued(&self) -> bool {
        matches!(self.phase, Phase::Queued(_))
    }

    pub(crate) const fn is_leaving(&self) -> bool {
        self.leaving
    }

    pub(crate) fn handle(&self) -> Option<Handle> {
        match &self.phase {
            Phase::Member(member) => Some(member.handle),
            Phase::Queued(_) | Phase::Joining { .. } => None,
        }
    }

    /// The connection is gone, and the attachment with it.
    pub(crate) const fn detach(&mut self) {
        if let Phase::Member(member) = &mut self.phase {
            member.attached = false;
        }
    }

    /// There is a connection: says the join, or where this stay stands.
    pub(crate) fn resume(&self, out: &mut Outbox, now: Instant) {
        match &self.phase {
            Phase::Queued(_) => {}
            Phase::Joining { join, sequence } => out.send(join_frame(join, *sequence), now),
            Phase::Member(member) => {
                let attach = wire::Attach {
                    room: self.room.as_str().into(),
                    handle: member.handle.0,
                    membership: member.membership.0,
                    epoch: member.epoch.0,
                    sequence: member.position.0,
                };
                out.send(Body::Attach(attach), now);
            }
        }
    }

    /// # Errors
    /// If this is no member, or no longer.
    pub(crate) fn command(
        &mut self,
        id: CommandId,
        payload: Bytes,
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), SendError> {
        let (Phase::Member(member), false) = (&self.phase, self.leaving) else {
            return Err(SendError::NotAMember);
        };
        let item = self.ledger.push(Request::Command { id, payload });
        if member.attached {
            out.send(member.request_frame(item), now);
        }
        Ok(())
    }

    /// # Errors
    /// If this is no member, or no longer.
    pub(crate) fn send_unreliable(
        &self,
        payload: Bytes,
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), SendError> {
        let (Phase::Member(member), false) = (&self.phase, self.leaving) else {
            return Err(SendError::NotAMember);
        };
        if member.attached {
            let unreliable = wire::Unreliable {
                handle: member.handle.0,
                membership: member.membership.0,
                payload,
            };
            out.send(Body::Unreliable(unreliable), now);
        }
        Ok(())
    }

    /// # Errors
    /// If it was left already.
    pub(crate) fn leave(&mut self, out: &mut Outbox, now: Instant) -> Result<Fate, NotAMember> {
        if self.leaving {
            return Err(NotAMember);
        }
        self.leaving = true;
        match &self.phase {
            Phase::Queued(_) => {
                self.left(LeaveReason::Requested, String::new(), out);
                return Ok(Fate::Over);
            }
            // A join that may have arrived is left as soon as its answer says what to leave.
            Phase::Joining { .. } => {}
            Phase::Member(member) => {
                let item = self.ledger.push(Request::Leave);
                if member.attached {
                    out.send(member.request_frame(item), now);
                }
            }
        }
        Ok(Fate::Stays)
    }

    /// The sequence of the join that waits for its answer.
    pub(crate) const fn joining(&self) -> Option<Sequence> {
        match &self.phase {
            Phase::Joining { sequence, .. } => Some(*sequence),
            Phase::Queued(_) | Phase::Member(_) => None,
        }
    }

    /// The session is over, and nobody will answer any more.
    pub(crate) fn lose(&mut self, out: &mut Outbox) {
        self.resolve_rest(&CommandError::Unknown, out);
        match self.phase {
            Phase::Queued(_) | Phase::Joining { .. } => {
                self.handle_join_refused(JoinRefusal::SessionLost, out);
            }
            Phase::Member(_) => self.left(LeaveReason::Ended, String::new(), out),
        }
    }

    fn resolve_rest(&mut self, error: &CommandError, out: &mut Outbox) {
        while let Some(request) = self.ledger.take_first() {
            if let Request::Command { id, .. } = request {
                self.resolve(id, Err(error.clone()), out);
            }
        }
    }

    fn resolve(&self, command: CommandId, result: Result<Bytes, CommandError>, out: &mut Outbox) {
        out.event(Event::Reply {
            room: self.key,
            command,
            result,
        });
    }

    fn left(&self, reason: LeaveReason, message: String, out: &mut Outbox) {
        out.event(Event::Left {
            room: self.key,
            reason,
            message,
        });
    }
}

impl Member {
    fn request_frame(&self, item: &Item) -> Body {
        let (handle, membership) = (self.handle.0, self.membership.0);
        let (sequence, epoch) = (item.sequence.0, self.epoch.0);
        match &item.request {
            Request::Command { payload, .. } => Body::Command(wire::Command {
                handle,
                membership,
                sequence,
                payload: payload.clone(),
                epoch,
            }),
            Request::Leave => Body::Leave(wire::Leave {
                handle,
                membership,
                sequence,
                epoch,
            }),
        }
    }
}

fn join_frame(join: &Join, sequence: Sequence) -> Body {
    Body::Join(wire::Join {
        room: join.room.as_str().into(),
        sequence: sequence.0,
        mode: wire::JoinMode::from(join.mode).into(),
        open: join.open.clone(),
        payload: join.payload.clone(),
    })
}
