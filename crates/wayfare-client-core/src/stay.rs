//! One stay in one room: from the join, through every change of connection and owner, to its end.

mod heard;
mod rejoin;

pub(crate) use self::rejoin::Patience;

use bytes::Bytes;
use wayfare_protocol::wire::{self, client_frame::Body};
use wayfare_protocol::{EntityId, Epoch, Handle, Instant, Membership, Sequence};

use self::rejoin::Rejoin;
use crate::ledger::{Item, Ledger, Request};
use crate::outbox::Outbox;
use crate::{
    CommandError, CommandId, Event, Join, JoinRefusal, LeaveReason, NotAMember, RoomKey, SendError,
};

pub(crate) struct Stay {
    pub(crate) key: RoomKey,
    pub(crate) ledger: Ledger,
    /// Kept to the end: the room recognises a join that is repeated, and one that is lost with its
    /// server is joined anew.
    join: Join,
    phase: Phase,
    leaving: bool,
}

enum Phase {
    /// The former stay in the same room must end first.
    Queued,
    Joining {
        sequence: Sequence,
    },
    Member(Member),
    /// The room was lost with its server, and the application knows nothing of it yet.
    Rejoining(Rejoin),
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
    since: Instant,
    /// Joins in a row that it took to come here after a loss of the room; none for the first.
    rejoins: u32,
}

/// Whether a stay goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Fate {
    Stays,
    /// Without its handle, which is void: the next join gives another.
    Rejoins,
    Over,
}

impl Stay {
    pub(crate) fn queued(key: RoomKey, join: Join) -> Self {
        Self {
            key,
            ledger: Ledger::behind(Sequence(0)),
            join,
            phase: Phase::Queued,
            leaving: false,
        }
    }

    /// The room is free: takes the next number of its sequence. True if there is a join to send.
    pub(crate) fn begin(&mut self, last: Sequence) -> bool {
        if !self.is_queued() {
            return false;
        }
        self.ledger = Ledger::behind(last);
        let sequence = self.ledger.number_join();
        self.phase = Phase::Joining { sequence };
        true
    }

    pub(crate) const fn room(&self) -> &EntityId {
        &self.join.room
    }

    pub(crate) const fn is_queued(&self) -> bool {
        matches!(self.phase, Phase::Queued)
    }

    pub(crate) const fn is_leaving(&self) -> bool {
        self.leaving
    }

    pub(crate) fn handle(&self) -> Option<Handle> {
        match &self.phase {
            Phase::Member(member) => Some(member.handle),
            Phase::Queued | Phase::Joining { .. } | Phase::Rejoining(_) => None,
        }
    }

    /// The connection is gone, and the attachment with it.
    pub(crate) const fn detach(&mut self) {
        if let Phase::Member(member) = &mut self.phase {
            member.attached = false;
        }
    }

    /// There is a connection: says the join, or where this stay stands.
    pub(crate) fn resume(&mut self, out: &mut Outbox, now: Instant) {
        match &mut self.phase {
            Phase::Queued => {}
            Phase::Joining { sequence } => out.send(join_frame(&self.join, *sequence), now),
            Phase::Rejoining(rejoin) => rejoin.resume(&self.join, out, now),
            Phase::Member(member) => {
                let attach = wire::Attach {
                    room: self.join.room.as_str().into(),
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
        self.taking()?;
        self.request(Request::Command { id, payload }, out, now);
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
        let member = self.taking()?;
        if let Some(member) = member.filter(|member| member.attached) {
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
            Phase::Queued => {
                self.left(LeaveReason::Requested, String::new(), out);
                return Ok(Fate::Over);
            }
            Phase::Rejoining(rejoin) if rejoin.is_waiting() => {
                self.end(LeaveReason::Requested, String::new(), out);
                return Ok(Fate::Over);
            }
            // A join that may have arrived is left as soon as its answer says what to leave.
            Phase::Joining { .. } => {}
            Phase::Member(_) | Phase::Rejoining(_) => self.request(Request::Leave, out, now),
        }
        Ok(Fate::Stays)
    }

    /// The sequence of the join that waits for its answer.
    pub(crate) const fn joining(&self) -> Option<Sequence> {
        match &self.phase {
            Phase::Joining { sequence } => Some(*sequence),
            Phase::Rejoining(rejoin) => rejoin.joining(),
            Phase::Queued | Phase::Member(_) => None,
        }
    }

    /// The session is over, and nobody will answer any more.
    pub(crate) fn lose(&mut self, out: &mut Outbox) {
        self.resolve_rest(&CommandError::Unknown, out);
        match self.phase {
            Phase::Queued | Phase::Joining { .. } => {
                self.join_refused(JoinRefusal::SessionLost, out);
            }
            Phase::Member(_) | Phase::Rejoining(_) => {
                self.left(LeaveReason::Ended, String::new(), out);
            }
        }
    }

    /// The membership that takes requests; none while the room is joined anew.
    fn taking(&self) -> Result<Option<&Member>, SendError> {
        match &self.phase {
            _ if self.leaving => Err(SendError::NotAMember),
            Phase::Queued | Phase::Joining { .. } => Err(SendError::NotAMember),
            Phase::Member(member) => Ok(Some(member)),
            Phase::Rejoining(_) => Ok(None),
        }
    }

    /// Kept, and sent at once where there is an attachment.
    fn request(&mut self, request: Request, out: &mut Outbox, now: Instant) {
        let item = self.ledger.push(request);
        if let Phase::Member(member) = &self.phase
            && member.attached
        {
            out.send(member.request_frame(item), now);
        }
    }

    /// The stay is over before anything that waits was sent, or was applied.
    fn end(&mut self, reason: LeaveReason, message: String, out: &mut Outbox) {
        self.resolve_rest(&CommandError::Left(reason), out);
        self.left(reason, message, out);
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
