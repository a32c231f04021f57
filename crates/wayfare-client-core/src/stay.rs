//! A stay in one room, from the join to its end. It survives changes of connection and of the
//! room's owner.

mod frames;
mod rejoin;

pub(crate) use self::rejoin::RejoinPolicy;

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
    /// The join, kept for the whole stay: the room recognises a repeated join by it, and a room
    /// that was lost is joined again with it.
    join: Join,
    phase: Phase,
    leaving: bool,
}

enum Phase {
    /// Waits for the end of the previous stay in the same room.
    Queued,
    Joining {
        sequence: Sequence,
    },
    Member(Member),
    /// The room was lost with its server and is being joined again. The application is not notified
    /// yet.
    Rejoining(Rejoin),
}

struct Member {
    handle: Handle,
    membership: Membership,
    epoch: Epoch,
    /// The highest sequence received, of an event or a reply.
    position: Sequence,
    /// True after an attachment, which states the position of the room. Without it nothing is sent,
    /// and received frames are dropped: the replay after the next attachment repeats them, and
    /// accepting them now would hide the frames in between.
    attached: bool,
    since: Instant,
    /// The number of consecutive joins since the room was lost; zero for the first membership.
    rejoins: u32,
}

/// The effect of an input on its stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Fate {
    Continues,
    /// The stay continues, but its handle is void: the next join gives another.
    Rejoins,
    Over,
}

impl Stay {
    pub(crate) fn queued(key: RoomKey, join: Join) -> Self {
        Self {
            key,
            ledger: Ledger::after(Sequence(0)),
            join,
            phase: Phase::Queued,
            leaving: false,
        }
    }

    /// Starts the join with the next sequence after `last`. Returns true if there is a join to
    /// send.
    pub(crate) fn begin(&mut self, last: Sequence) -> bool {
        if !self.is_queued() {
            return false;
        }
        self.ledger = Ledger::after(last);
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

    /// Marks the member as detached because the connection is lost.
    pub(crate) const fn detach(&mut self) {
        if let Phase::Member(member) = &mut self.phase {
            member.attached = false;
        }
    }

    /// Sends the pending join, or the attach of this member, on a new connection.
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
    /// If the client is not a member.
    pub(crate) fn command(
        &mut self,
        id: CommandId,
        payload: Bytes,
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), SendError> {
        self.accepting_member()?;
        self.request(Request::Command { id, payload }, out, now);
        Ok(())
    }

    /// # Errors
    /// If the client is not a member.
    pub(crate) fn send_unreliable(
        &self,
        payload: Bytes,
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), SendError> {
        let member = self.accepting_member()?;
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
    /// If the application already left.
    pub(crate) fn leave(&mut self, out: &mut Outbox, now: Instant) -> Result<Fate, NotAMember> {
        if self.leaving {
            return Err(NotAMember);
        }
        self.leaving = true;
        match &self.phase {
            Phase::Queued => {
                self.emit_left(LeaveReason::Requested, String::new(), out);
                return Ok(Fate::Over);
            }
            Phase::Rejoining(rejoin) if rejoin.is_waiting() => {
                self.end(LeaveReason::Requested, String::new(), out);
                return Ok(Fate::Over);
            }
            // The leave is sent when the join's answer states the membership to leave.
            Phase::Joining { .. } => {}
            Phase::Member(_) | Phase::Rejoining(_) => self.request(Request::Leave, out, now),
        }
        Ok(Fate::Continues)
    }

    /// Returns the sequence of the join that waits for its answer.
    pub(crate) const fn joining(&self) -> Option<Sequence> {
        match &self.phase {
            Phase::Joining { sequence } => Some(*sequence),
            Phase::Rejoining(rejoin) => rejoin.joining(),
            Phase::Queued | Phase::Member(_) => None,
        }
    }

    /// Ends the stay because the session is over: no answer will arrive.
    pub(crate) fn lose(&mut self, out: &mut Outbox) {
        self.resolve_pending(&CommandError::Unknown, out);
        match self.phase {
            Phase::Queued | Phase::Joining { .. } => {
                self.join_refused(JoinRefusal::SessionLost, out);
            }
            Phase::Member(_) | Phase::Rejoining(_) => {
                self.emit_left(LeaveReason::Ended, String::new(), out);
            }
        }
    }

    /// Returns the membership that accepts requests; `None` while a lost room is joined again.
    fn accepting_member(&self) -> Result<Option<&Member>, SendError> {
        match &self.phase {
            _ if self.leaving => Err(SendError::NotAMember),
            Phase::Queued | Phase::Joining { .. } => Err(SendError::NotAMember),
            Phase::Member(member) => Ok(Some(member)),
            Phase::Rejoining(_) => Ok(None),
        }
    }

    fn request(&mut self, request: Request, out: &mut Outbox, now: Instant) {
        self.ledger.push(request);
        self.send_requests(out, now);
    }

    /// Sends the requests that wait, as many as may be in flight, if the member is attached.
    fn send_requests(&mut self, out: &mut Outbox, now: Instant) {
        if let Phase::Member(member) = &self.phase
            && member.attached
        {
            while let Some(item) = self.ledger.next_to_send() {
                out.send(member.request_frame(item), now);
            }
        }
    }

    /// Ends the stay. Pending requests were not sent or not applied.
    fn end(&mut self, reason: LeaveReason, message: String, out: &mut Outbox) {
        self.resolve_pending(&CommandError::Left(reason), out);
        self.emit_left(reason, message, out);
    }

    fn resolve_pending(&mut self, error: &CommandError, out: &mut Outbox) {
        while let Some(request) = self.ledger.pop_first() {
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

    fn emit_left(&self, reason: LeaveReason, message: String, out: &mut Outbox) {
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
