//! Frames of clients: each is checked, charged, and passed on to the part that it concerns.

use wayfare_protocol::frame::{BadFrame, decode_client, server_frame};
use wayfare_protocol::limits::{
    FRAMES_HELD_BYTES_MAX, JOIN_COST, JOINS_PENDING_MAX, ROOMS_PER_SESSION_MAX,
};
use wayfare_protocol::wire::{self, JoinMode, client_frame::Body as Said, server_frame::Body};
use wayfare_protocol::{EntityId, Epoch, ErrorCode, Handle, Instant, Membership, Sequence};

use crate::game::Refusal;
use crate::game::refusal::{error, wire_error};
use crate::output::{ConnectionId, Output};
use crate::peer::{self, MemberRequest, Numbered, ToEntity};
use crate::way_out::WayOut;

use super::GatewayTurn;
use super::connections::State;
use super::session::{SessionKey, tell};

impl GatewayTurn<'_> {
    /// Accepts a whole frame from a client.
    pub(crate) fn handle_frame(&mut self, connection: ConnectionId, payload: &[u8]) {
        let Some(slot) = self.gateway.connections.get_mut(connection) else {
            return;
        };
        let State::Open(key) = slot.state else {
            return self.first_frame(connection, payload);
        };
        let Some(session) = self.gateway.sessions.get_mut(key) else {
            return;
        };
        session.last_heard = self.context.now;
        if session.held.until.is_none() {
            self.take_frame(key, connection, payload);
        } else {
            self.hold(key, connection, payload);
        }
    }

    /// Charges a client for frames of its transport that completed no message. They were taken
    /// already, so a client beyond its rate is held back afterwards.
    pub(crate) fn handle_overhead(&mut self, connection: ConnectionId, frames: u32) {
        let Some(slot) = self.gateway.connections.get_mut(connection) else {
            return;
        };
        if let State::Open(key) = slot.state {
            return self.overdraw(key, frames);
        }
        slot.overhead_frames = slot.overhead_frames.saturating_add(frames);
        if slot.overhead_frames > self.context.config.settings.frames_burst.get() {
            let message = "too many control frames and fragments before Welcome";
            self.cut(connection, ErrorCode::RateLimited, message);
        }
    }

    /// Charges a session for work that was done already.
    pub(super) fn overdraw(&mut self, key: SessionKey, cost: u32) {
        let rate = self.gateway.rate;
        let Some(session) = self.gateway.sessions.get_mut(key) else {
            return;
        };
        let at = rate.overdraw(&mut session.paid_until, cost, self.context.now);
        let (Some(at), Some(connection)) = (at, session.connection) else {
            return;
        };
        self.hold_back((key, connection), at);
    }

    fn first_frame(&mut self, connection: ConnectionId, payload: &[u8]) {
        let fresh = self
            .gateway
            .connections
            .get_mut(connection)
            .is_some_and(|slot| matches!(slot.state, State::Fresh));
        match decode_client(payload) {
            Ok(Said::Hello(hello)) if fresh => self.hello(connection, hello),
            Ok(
                Said::Hello(_)
                | Said::Acknowledge(_)
                | Said::Join(_)
                | Said::Command(_)
                | Said::Leave(_)
                | Said::Unreliable(_)
                | Said::Attach(_)
                | Said::Ping(_)
                | Said::List(_)
                | Said::Bye(_),
            )
            | Err(_) => {
                let message = "the first frame is a Hello, and nothing follows it before Welcome";
                self.cut(connection, ErrorCode::BadFrame, message);
            }
        }
    }

    /// Keeps a frame that is over the rate until its turn.
    fn hold(&mut self, key: SessionKey, connection: ConnectionId, payload: &[u8]) {
        let Some(session) = self.gateway.sessions.get_mut(key) else {
            return;
        };
        session.held.push(payload);
        if session.held.bytes() > FRAMES_HELD_BYTES_MAX {
            let message = "the client sends faster than it may";
            self.cut(connection, ErrorCode::RateLimited, message);
        }
    }

    /// Reads no more from a client until its rate has room.
    fn hold_back(&mut self, (key, connection): (SessionKey, ConnectionId), at: Instant) {
        let Some(session) = self.gateway.sessions.get_mut(key) else {
            return;
        };
        if session.held.until.replace(at).is_none() {
            self.context
                .out
                .outputs
                .push_back(Output::Pause(connection));
        }
        self.rearm(key);
    }

    /// Takes the held frames in order, as far as the rate has room for them. They count as heard
    /// now: they could not be read before.
    pub(super) fn take_held(&mut self, key: SessionKey) {
        loop {
            let rate = self.gateway.rate;
            let Some(session) = self.gateway.sessions.get_mut(key) else {
                return;
            };
            let Some(connection) = session.connection else {
                return;
            };
            session.last_heard = self.context.now;
            let Some(payload) = session.held.first() else {
                session.held.until = None;
                let resume = Output::Resume(connection);
                return self.context.out.outputs.push_back(resume);
            };
            let said = decode_client(&payload);
            let paid_until = &mut session.paid_until;
            if let Err(at) = rate.charge(paid_until, cost(&said), self.context.now) {
                session.held.until = Some(at);
                return;
            }
            session.held.drop_first();
            self.handle_said(key, connection, said);
        }
    }

    fn take_frame(&mut self, key: SessionKey, connection: ConnectionId, payload: &[u8]) {
        let said = decode_client(payload);
        let rate = self.gateway.rate;
        let Some(session) = self.gateway.sessions.get_mut(key) else {
            return;
        };
        match rate.charge(&mut session.paid_until, cost(&said), self.context.now) {
            Ok(()) => self.handle_said(key, connection, said),
            Err(at) => {
                self.hold_back((key, connection), at);
                self.hold(key, connection, payload);
            }
        }
    }

    fn handle_said(
        &mut self,
        key: SessionKey,
        connection: ConnectionId,
        said: Result<Said, BadFrame>,
    ) {
        match said {
            Ok(said) => self.dispatch(key, connection, said),
            // Of a later version: charged like any other, and let fall.
            Err(BadFrame::Unknown) => {}
            Err(malformed) => {
                let message = malformed.to_string();
                self.cut(connection, ErrorCode::BadFrame, &message);
            }
        }
    }

    fn dispatch(&mut self, key: SessionKey, connection: ConnectionId, said: Said) {
        match said {
            Said::Hello(_) => {
                self.cut(connection, ErrorCode::BadFrame, "a second Hello");
            }
            Said::Acknowledge(_) => self.acknowledge(key),
            Said::Join(join) if join.sequence > Sequence::MAX_FIRST.0 => {
                let message = "a join's number is beyond all bounds";
                self.cut(connection, ErrorCode::BadFrame, message);
            }
            Said::Join(join) => self.join(key, connection, join),
            Said::Command(command) => self.member_request(
                (key, connection),
                (command.handle, command.membership),
                MemberRequest::Command(numbered(command.sequence, command.epoch), command.payload),
            ),
            Said::Leave(leave) => self.member_request(
                (key, connection),
                (leave.handle, leave.membership),
                MemberRequest::Leave(numbered(leave.sequence, leave.epoch)),
            ),
            Said::Unreliable(command) => self.member_request(
                (key, connection),
                (command.handle, command.membership),
                MemberRequest::Unreliable(command.payload),
            ),
            Said::Attach(attach) => self.attach(key, connection, &attach),
            Said::Ping(ping) => {
                let bytes = server_frame(Body::Pong(wire::Pong {
                    nonce: ping.nonce,
                    time_ms: self.context.server_time_ms(),
                }));
                self.context.out.send(connection, bytes);
            }
            Said::List(list) => self.list(key, connection, list),
            Said::Bye(_) => self.bye(key, connection),
        }
    }

    /// Something about a stay: goes to the room's owner if the session is attached to it.
    fn member_request(
        &mut self,
        (key, connection): (SessionKey, ConnectionId),
        (handle, membership): (u64, u32),
        request: MemberRequest,
    ) {
        let (handle, membership) = (Handle(handle), Membership(membership));
        let Some(session) = self.gateway.sessions.get(key) else {
            return;
        };
        match session
            .stay(handle, membership)
            .filter(|stay| stay.attached)
        {
            Some(stay) => {
                let reference = session.reference(&self.context.config.address);
                tell(stay, &reference, request, &mut self.context.out);
            }
            None if matches!(request, MemberRequest::Unreliable(_)) => {}
            None => send_left(
                connection,
                (handle, membership),
                wire::LeaveReason::LeaveNotAMember,
                &mut self.context.out,
            ),
        }
    }

    fn join(&mut self, key: SessionKey, connection: ConnectionId, join: wire::Join) {
        let refusal = match join.room.parse::<EntityId>() {
            Err(invalid) => Refusal::with_code(ErrorCode::RoomNameInvalid, invalid.to_string()),
            Ok(entity) if self.context.kinds.of(&entity).is_none() => {
                let kind = entity.kind();
                let message = format!("this server has no rooms of kind {kind:?}");
                Refusal::with_code(ErrorCode::KindUnknown, message)
            }
            Ok(entity) => match self.note_join(key, &entity, &join) {
                Err(refusal) => refusal,
                Ok(()) => return self.find_room(key, entity, join),
            },
        };
        send_join_refused(
            connection,
            (join.room, join.sequence),
            &refusal,
            &mut self.context.out,
        );
    }

    fn note_join(
        &mut self,
        key: SessionKey,
        entity: &EntityId,
        join: &wire::Join,
    ) -> Result<(), Refusal> {
        let no = |message: &str| Err(Refusal::with_code(ErrorCode::RoomsPerSession, message));
        let Some(session) = self.gateway.sessions.get_mut(key) else {
            return Ok(());
        };
        let known = session.rooms.iter().any(|stay| stay.entity == *entity)
            || session.joining.iter().any(|(joining, _)| joining == entity);
        if !known && session.rooms.len() + session.joining.len() >= ROOMS_PER_SESSION_MAX {
            return no("the session is in as many rooms as it may be");
        }
        if session.joining.len() >= JOINS_PENDING_MAX {
            return no("too many joins of the session wait for an answer");
        }
        session
            .joining
            .push((entity.clone(), Sequence(join.sequence)));
        Ok(())
    }

    fn find_room(&mut self, key: SessionKey, entity: EntityId, join: wire::Join) {
        let Some(session) = self.gateway.sessions.get(key) else {
            return;
        };
        let join = peer::Join {
            player: session.player.clone(),
            session: session.reference(&self.context.config.address),
            sequence: Sequence(join.sequence),
            mode: JoinMode::try_from(join.mode).unwrap_or(JoinMode::JoinExisting),
            open: join.open,
            payload: join.payload,
            hops: 0,
            entity,
        };
        self.context.out.post_here(ToEntity::Join(Box::new(join)));
    }

    fn attach(&mut self, key: SessionKey, connection: ConnectionId, attach: &wire::Attach) {
        let (handle, membership) = (Handle(attach.handle), Membership(attach.membership));
        let Ok(entity) = attach.room.parse::<EntityId>() else {
            return send_left(
                connection,
                (handle, membership),
                wire::LeaveReason::LeaveNotAMember,
                &mut self.context.out,
            );
        };
        let Some(session) = self.gateway.sessions.get_mut(key) else {
            return;
        };
        session.returning = session.returning.saturating_add(1);
        let member = peer::Member {
            handle,
            session: session.reference(&self.context.config.address),
            membership,
            request: MemberRequest::Attach {
                epoch: Epoch(attach.epoch),
                sequence: Sequence(attach.sequence),
            },
        };
        let back = peer::Return {
            entity,
            member,
            hops: 0,
        };
        self.context.out.post_here(ToEntity::Return(Box::new(back)));
    }

    fn bye(&mut self, key: SessionKey, connection: ConnectionId) {
        use wire::LeaveReason::LeaveEnded;
        self.end_session(key, LeaveEnded, None);
        self.close_slot(connection);
        self.context.out.close(connection, None, false);
    }
}

/// The cost of a frame in frames.
fn cost(said: &Result<Said, BadFrame>) -> u32 {
    match said {
        Ok(Said::Join(_) | Said::Attach(_) | Said::List(_)) => JOIN_COST,
        Ok(
            Said::Hello(_)
            | Said::Acknowledge(_)
            | Said::Command(_)
            | Said::Leave(_)
            | Said::Unreliable(_)
            | Said::Ping(_)
            | Said::Bye(_),
        )
        | Err(_) => 1,
    }
}

fn numbered(sequence: u64, epoch: u64) -> Numbered {
    Numbered {
        sequence: Sequence(sequence),
        epoch: Epoch(epoch),
    }
}

/// Tells a client that a stay is over, without asking a room.
pub(super) fn send_left(
    connection: ConnectionId,
    (handle, membership): (Handle, Membership),
    reason: wire::LeaveReason,
    out: &mut WayOut,
) {
    let bytes = server_frame(Body::Left(wire::Left {
        handle: handle.0,
        membership: membership.0,
        reason: reason.into(),
        message: String::new(),
        applied: 0,
    }));
    out.send(connection, bytes);
}

/// Answers a join with a refusal.
pub(super) fn send_join_refused(
    connection: ConnectionId,
    (room, sequence): (String, u64),
    refusal: &Refusal,
    out: &mut WayOut,
) {
    let error = Some(wire_error(refusal));
    let bytes = server_frame(Body::JoinRefused(wire::JoinRefused {
        room,
        sequence,
        error,
    }));
    out.send(connection, bytes);
}

/// Answers a list with a refusal.
pub(super) fn send_list_refused(
    connection: ConnectionId,
    request: u32,
    (code, message): (ErrorCode, &str),
    out: &mut WayOut,
) {
    let bytes = server_frame(Body::Listing(wire::Listing {
        request,
        rooms: Vec::new(),
        truncated: false,
        error: Some(error(code, message)),
    }));
    out.send(connection, bytes);
}
