//! Bringing what rooms did to the connections it is for.

use bytes::Bytes;
use wayfare_protocol::limits::BACKLOG_BYTES_SOFT;
use wayfare_protocol::{ErrorCode, Handle, Membership};

use crate::game::SessionRef;
use crate::game::{LeaveReason, Recipients};
use crate::output::{ConnectionId, Output};
use crate::peer::{self, Change, Item, JoinRefused, MemberRequest, NotAMember, Step};
use crate::way_out::WayOut;

use super::GatewayTurn;
use super::attachments::Attached;
use super::connections::Connections;
use super::frames::{send_join_refused, send_left};
use super::session::{SessionKey, Stay, tell};

impl GatewayTurn<'_> {
    /// Accepts a room's step. A step under an epoch below the highest seen is void (R9).
    pub(crate) fn step(&mut self, step: &Step) {
        if !self
            .gateway
            .attachments
            .observe(step.handle, step.epoch, &step.owner)
        {
            return;
        }
        for item in &step.items {
            match item {
                Item::Frames {
                    recipients,
                    bytes,
                    unreliable,
                } => {
                    let Some(room) = self.gateway.attachments.get(step.handle) else {
                        continue;
                    };
                    let handle = unreliable.then_some(step.handle);
                    let mut sender = Sender {
                        connections: &mut self.gateway.connections,
                        out: &mut self.context.out,
                    };
                    sender.fan_out(room, recipients, bytes, handle);
                }
                Item::Session {
                    session,
                    bytes,
                    change,
                } => {
                    // Every gateway gets the whole step; a session is one gateway's business.
                    if self.context.is_here(&session.gateway) {
                        self.session_item(step, session, bytes, *change);
                    }
                }
            }
        }
    }

    fn session_item(&mut self, step: &Step, reference: &SessionRef, bytes: &Bytes, change: Change) {
        let found = self.current(reference);
        let connection = found.and_then(|(_, connection)| connection);
        if let (Change::Attach(_) | Change::Detach(_), Some(connection)) = (change, connection)
            && let Some(slot) = self.gateway.connections.get_mut(connection)
        {
            // What waits is of the stay before.
            slot.drop_unreliable(step.handle);
        }
        match change {
            Change::Attach(membership) => {
                let stay = Stay {
                    handle: step.handle,
                    membership,
                    entity: step.entity.clone(),
                    owner: step.owner.clone(),
                    attached: true,
                };
                let Some((key, Some(connection))) = found else {
                    // Nobody is here to hear it: the room learns that the member is detached, or gone.
                    let request = match self.gateway.ended.contains(reference.id) {
                        true => MemberRequest::End(LeaveReason::LeaveEnded),
                        false => MemberRequest::Detach,
                    };
                    return tell(&stay, reference, request, &mut self.context.out);
                };
                self.attach_stay(key, connection, stay, step);
            }
            Change::Detach(membership) => {
                if let Some((key, _)) = found {
                    self.forget_stay(key, step.handle, membership);
                }
            }
            Change::Cut(code) => {
                if let Some(connection) = connection {
                    let message = "a command's number leaves a gap";
                    self.cut(connection, code, message);
                }
            }
            Change::Nothing => {}
        }
        if let Some(connection) = connection
            && !bytes.is_empty()
        {
            self.context.out.outputs.push_back(Output::Send {
                connection,
                bytes: bytes.clone(),
            });
        }
    }

    /// The session of this reference, if this gateway still holds it under that epoch.
    pub(super) fn current(
        &self,
        reference: &SessionRef,
    ) -> Option<(SessionKey, Option<ConnectionId>)> {
        let key = *self.gateway.by_session.get(&reference.id)?;
        let session = self.gateway.sessions.get(key)?;
        (session.epoch == reference.epoch).then_some((key, session.connection))
    }

    fn attach_stay(&mut self, key: SessionKey, connection: ConnectionId, stay: Stay, step: &Step) {
        let owner = (&step.owner, step.epoch);
        self.gateway
            .attachments
            .attach(step.handle, owner, stay.membership, connection);
        let Some(session) = self.gateway.sessions.get_mut(key) else {
            return;
        };
        let joining = session.joining.len();
        session.joining.retain(|(entity, _)| *entity != stay.entity);
        if session.joining.len() == joining {
            session.returning = session.returning.saturating_sub(1);
        }
        // Another stay in a room of that name is over: the room has at most one of each player.
        let former = session
            .rooms
            .iter()
            .position(|known| known.entity == stay.entity);
        match former {
            Some(index) => {
                let former = std::mem::replace(&mut session.rooms[index], stay.clone());
                if (former.handle, former.membership) != (stay.handle, stay.membership) {
                    self.gateway
                        .attachments
                        .detach(former.handle, former.membership, connection);
                }
            }
            None => session.rooms.push(stay),
        }
    }

    /// Ends a stay of this session, and of no other: what a client says of a membership that is
    /// not its own changes nothing.
    fn forget_stay(&mut self, key: SessionKey, handle: Handle, membership: Membership) {
        let Some(session) = self.gateway.sessions.get_mut(key) else {
            return;
        };
        let meant = |stay: &Stay| (stay.handle, stay.membership) == (handle, membership);
        let Some(index) = session.rooms.iter().position(meant) else {
            return;
        };
        session.rooms.remove(index);
        if let Some(connection) = session.connection {
            self.gateway
                .attachments
                .detach(handle, membership, connection);
        }
    }

    /// A room's owner does not know a stay that the client means.
    pub(crate) fn not_a_member(&mut self, unknown: &NotAMember) {
        let Some((key, connection)) = self.current(&unknown.session) else {
            return;
        };
        self.forget_stay(key, unknown.handle, unknown.membership);
        if let Some(connection) = connection {
            let stay = (unknown.handle, unknown.membership);
            send_left(connection, stay, unknown.reason, &mut self.context.out);
        }
    }

    /// A join that was not taken.
    pub(crate) fn join_refused(&mut self, refused: &JoinRefused) {
        let Some((key, connection)) = self.current(&refused.session) else {
            return;
        };
        if let Some(session) = self.gateway.sessions.get_mut(key) {
            let answered = (refused.entity.clone(), refused.sequence);
            session.joining.retain(|joining| *joining != answered);
        }
        if let Some(connection) = connection {
            let join = (refused.entity.to_string(), refused.sequence.0);
            send_join_refused(connection, join, &refused.refusal, &mut self.context.out);
        }
    }

    /// A room that the client is in cannot be found now: it shall come back and ask again.
    pub(crate) fn unreachable(&mut self, unreachable: &peer::Unreachable) {
        if let Some((_, Some(connection))) = self.current(&unreachable.session) {
            let message = "a room of the session cannot be found now";
            self.cut(connection, ErrorCode::Unavailable, message);
        }
    }
}

struct Sender<'a> {
    connections: &'a mut Connections,
    out: &'a mut WayOut,
}

impl Sender<'_> {
    fn fan_out(
        &mut self,
        room: &Attached,
        recipients: &Recipients,
        bytes: &Bytes,
        unreliable: Option<Handle>,
    ) {
        match recipients {
            Recipients::One(membership) => {
                if let Some(connection) = room.connection(*membership) {
                    self.send(connection, bytes, unreliable);
                }
            }
            Recipients::Only(memberships) => {
                for membership in memberships {
                    if let Some(connection) = room.connection(*membership) {
                        self.send(connection, bytes, unreliable);
                    }
                }
            }
            Recipients::Everyone => {
                for (_, connection) in room.members() {
                    self.send(*connection, bytes, unreliable);
                }
            }
            Recipients::ExceptOne(_) | Recipients::Except(_) => {
                for (membership, connection) in room.members() {
                    if recipients.include(*membership) {
                        self.send(*connection, bytes, unreliable);
                    }
                }
            }
        }
    }

    /// Reliable frames are queued; unreliable ones wait, newest only, while there is a backlog.
    fn send(&mut self, connection: ConnectionId, bytes: &Bytes, unreliable: Option<Handle>) {
        if let Some(handle) = unreliable {
            let Some(slot) = self.connections.get_mut(connection) else {
                return;
            };
            if slot.backlog > BACKLOG_BYTES_SOFT {
                return slot.keep_unreliable(handle, bytes.clone());
            }
            // One that waits still is older.
            slot.drop_unreliable(handle);
        }
        self.out.send(connection, bytes.clone());
    }
}
