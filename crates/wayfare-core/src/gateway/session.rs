//! A session as its gateway holds it, and its end.

use std::sync::Arc;

use wayfare_protocol::coordination::{Key, Outcome, Revision};
use wayfare_protocol::records::SessionRecord;
use wayfare_protocol::wire::LeaveReason;
use wayfare_protocol::{
    Address, EntityId, Epoch, ErrorCode, Handle, Instant, Membership, PlayerId, Sequence, SessionId,
};

use crate::config::ShardSettings;
use crate::game::Player;
use crate::game::SessionRef;
use crate::in_flight::Call;
use crate::output::ConnectionId;
use crate::peer::{self, ToEntity};
use crate::records::settle::{End, GivenUp, Next, Retry, Settle, Terms, Want};
use crate::report::Report;
use crate::timers::Wake;
use crate::way_out::WayOut;

use super::held::Held;
use super::{Gateway, GatewayTurn, over};

/// The terms for raising the bound of a session's tickets. Nobody else writes that record.
const ACKNOWLEDGEMENT: Terms = Terms {
    reads_max: 3,
    retry: Retry::Unknown,
    is_value_unique: true,
    is_lazy: false,
};

/// Names a session within its gateway; used again after it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SessionKey(u32);

/// A stay of the session in a room, attached or not.
#[derive(Clone, Debug)]
pub(super) struct Stay {
    pub(super) handle: Handle,
    pub(super) membership: Membership,
    pub(super) entity: EntityId,
    pub(super) owner: Address,
    pub(super) attached: bool,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) epoch: Epoch,
    /// Its record, as this gateway wrote it last.
    pub(super) revision: Revision,
    pub(super) ticket_epoch_min: Epoch,
    pub(super) player: Arc<Player>,
    pub(super) connection: Option<ConnectionId>,
    pub(super) detached_at: Instant,
    pub(super) last_heard: Instant,
    pub(super) paid_until: Instant,
    pub(super) held: Held,
    pub(super) rooms: Vec<Stay>,
    /// Joins without an answer.
    pub(super) joining: Vec<(EntityId, Sequence)>,
    /// The number of stays that it asked to attach again and that were not attached, at least those
    /// without an answer.
    pub(super) returning: u32,
    /// The raised bound of tickets, on its way into the record. Boxed: seldom there.
    pub(super) acknowledging: Option<Box<Settle<()>>>,
    pub(super) armed: Option<Instant>,
}

/// The cause for which a session's timer is due.
pub(super) enum Due {
    Silent(ConnectionId),
    Expired,
    Held,
}

impl Session {
    pub(super) fn reference(&self, gateway: &Address) -> SessionRef {
        SessionRef {
            id: self.id,
            epoch: self.epoch,
            gateway: gateway.clone(),
        }
    }

    pub(super) fn stay(&self, handle: Handle, membership: Membership) -> Option<&Stay> {
        self.rooms
            .iter()
            .find(|stay| stay.handle == handle && stay.membership == membership)
    }

    pub(super) fn record(&self, gateway: &Address) -> SessionRecord {
        SessionRecord {
            session: self.id,
            epoch: self.epoch,
            gateway: gateway.clone(),
            ticket_epoch_min: self.ticket_epoch_min,
        }
    }

    /// The next thing that time brings. A client whose frames wait is not silent: nothing is read
    /// from it.
    pub(super) fn poll_timeout(&self, settings: &ShardSettings) -> Option<Wake> {
        Some(match (self.held.until, self.connection) {
            (Some(at), _) => (at, "rate"),
            (None, Some(_)) => over(self.last_heard, settings.silence_max, "silence"),
            (None, None) => over(self.detached_at, settings.session_grace, "session grace"),
        })
    }

    pub(super) fn due(&self, settings: &ShardSettings, now: Instant) -> Option<Due> {
        self.poll_timeout(settings).filter(|(at, _)| *at <= now)?;
        Some(match (self.held.until, self.connection) {
            (Some(_), _) => Due::Held,
            (None, Some(connection)) => Due::Silent(connection),
            (None, None) => Due::Expired,
        })
    }

    /// Forgets what was read from a connection that is gone: the client sends it again.
    pub(super) fn drop_held(&mut self) {
        self.held = Held::default();
    }
}

#[derive(Debug, Default)]
pub(super) struct Sessions {
    // Boxed: a slot that was used once costs a word and no more.
    slots: Vec<Option<Box<Session>>>,
    free: Vec<u32>,
}

impl Sessions {
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn insert(&mut self, session: Session) -> SessionKey {
        let session = Some(Box::new(session));
        if let Some(index) = self.free.pop() {
            self.slots[index as usize] = session;
            return SessionKey(index);
        }
        self.slots.push(session);
        SessionKey(u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX))
    }

    pub(super) fn get(&self, key: SessionKey) -> Option<&Session> {
        self.slots.get(key.0 as usize)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, key: SessionKey) -> Option<&mut Session> {
        self.slots.get_mut(key.0 as usize)?.as_deref_mut()
    }

    fn remove(&mut self, key: SessionKey) -> Option<Session> {
        let session = self.slots.get_mut(key.0 as usize)?.take()?;
        self.free.push(key.0);
        Some(*session)
    }
}

impl Gateway {
    /// Checks whether a session of this gateway, or a login in flight, uses this record.
    pub(crate) fn is_held_here(&self, key: &Key) -> bool {
        let player = key
            .strip_prefix("session/")
            .and_then(|id| id.parse::<PlayerId>().ok());
        player.is_some_and(|player| {
            self.by_player.contains_key(&player) || self.logins.include(&player)
        })
    }
}

impl GatewayTurn<'_> {
    /// The session has no connection any more; its rooms are told, and it waits for its client.
    pub(super) fn detach_session(&mut self, key: SessionKey) {
        let Some(session) = self.gateway.sessions.get_mut(key) else {
            return;
        };
        let connection = session.connection.take();
        session.detached_at = self.context.now;
        session.drop_held();
        session.joining.clear();
        let reference = session.reference(&self.context.config.address);
        for stay in &mut session.rooms {
            if std::mem::replace(&mut stay.attached, false) {
                if let Some(connection) = connection {
                    self.gateway
                        .attachments
                        .detach(stay.handle, stay.membership, connection);
                }
                tell(
                    stay,
                    &reference,
                    peer::MemberRequest::Detach,
                    &mut self.context.out,
                );
            }
        }
        self.rearm(key);
    }

    /// Ends a session: its rooms are told why, its connection is closed, its record is given up.
    pub(super) fn end_session(
        &mut self,
        key: SessionKey,
        reason: LeaveReason,
        close: Option<(ErrorCode, &str)>,
    ) {
        let Some(session) = self.remove_session(key) else {
            return;
        };
        if !session.joining.is_empty() || session.returning > 0 {
            self.gateway.ended.insert(session.id, self.context.now);
        }
        let reference = session.reference(&self.context.config.address);
        for stay in &session.rooms {
            tell(
                stay,
                &reference,
                peer::MemberRequest::End(reason),
                &mut self.context.out,
            );
        }
        if let (Some(connection), Some((code, message))) = (session.connection, close) {
            self.cut(connection, code, message);
        }
        if reason != LeaveReason::LeaveReplaced {
            let key = SessionRecord::key(&session.player.id);
            self.context.release(key, session.revision);
        }
    }

    /// Takes a session out of every list; its connection and its rooms are the caller's to settle.
    pub(super) fn remove_session(&mut self, key: SessionKey) -> Option<Session> {
        let session = self.gateway.sessions.get_mut(key)?;
        self.gateway
            .timers
            .arm(super::TimerKey::Session(key), &mut session.armed, None);
        let session = self.gateway.sessions.remove(key)?;
        if self.gateway.by_session.get(&session.id) == Some(&key) {
            self.gateway.by_session.remove(&session.id);
        }
        if self.gateway.by_player.get(&session.player.id) == Some(&key) {
            self.gateway.by_player.remove(&session.player.id);
        }
        if let Some(connection) = session.connection {
            for stay in &session.rooms {
                self.gateway
                    .attachments
                    .detach(stay.handle, stay.membership, connection);
            }
        }
        Some(session)
    }

    /// Another gateway took a session that was here.
    pub(crate) fn session_taken(&mut self, taken: &peer::SessionTaken) {
        let Some(key) = self.gateway.by_session.get(&taken.session).copied() else {
            return;
        };
        if self
            .gateway
            .sessions
            .get(key)
            .is_none_or(|session| session.epoch >= taken.epoch)
        {
            return;
        }
        if taken.replaced {
            let why = (
                ErrorCode::SessionReplaced,
                "the same player logged in elsewhere",
            );
            return self.end_session(key, LeaveReason::LeaveReplaced, Some(why));
        }
        let connection = self
            .gateway
            .sessions
            .get(key)
            .and_then(|session| session.connection);
        if let Some(connection) = connection {
            // Its rooms hear that it is detached, under an epoch that is void wherever the client
            // has attached over its new connection already.
            let why = "the session goes on over another connection";
            self.cut(connection, ErrorCode::SessionResumed, why);
        }
        self.remove_session(key);
    }

    /// The client has its ticket: the record says so, and earlier tickets are void.
    pub(super) fn acknowledge(&mut self, key: SessionKey) {
        let Some(session) = self.gateway.sessions.get_mut(key) else {
            return;
        };
        if session.ticket_epoch_min == session.epoch {
            return;
        }
        session.ticket_epoch_min = session.epoch;
        let key = SessionRecord::key(&session.player.id);
        let value = session.record(&self.context.config.address).encode();
        let known = session.revision;
        let (settle, request) = Settle::write_first(key, ACKNOWLEDGEMENT, known, (value, ()));
        session.acknowledging = Some(Box::new(settle));
        let call = Call::Acknowledge {
            session: session.id,
            epoch: session.epoch,
        };
        self.context.ask(call, request);
    }

    /// The answer to [`GatewayTurn::acknowledge`]. Where the session has ended meanwhile, the record is
    /// found at another revision when it is given up.
    pub(crate) fn acknowledged(&mut self, (id, epoch): (SessionId, Epoch), outcome: Outcome) {
        let session = self.gateway.by_session.get(&id).copied();
        let session = session.and_then(|key| self.gateway.sessions.get_mut(key));
        let Some(session) = session.filter(|session| session.epoch == epoch) else {
            return;
        };
        let Some(mut settle) = session.acknowledging.take() else {
            return;
        };
        let known = session.revision;
        let next = settle.handle_coordination(outcome, |found, _| match found {
            Some(found) if found.revision == known => {
                let value = session.record(&self.context.config.address).encode();
                Want::Value(value, ())
            }
            // Another gateway's, or gone: who took it tells this one, or did.
            Some(_) | None => Want::Leave(()),
        });
        match next {
            Next::Ask(request) => {
                session.acknowledging = Some(settle);
                let session = id;
                self.context
                    .ask(Call::Acknowledge { session, epoch }, request);
            }
            Next::Ended(End::Settled(revision, ())) => session.revision = revision,
            Next::Ended(End::GivenUp(GivenUp::Failed(failure))) => {
                self.context.out.report(Report::CoordinationFailed(failure));
            }
            Next::Ended(End::GivenUp(GivenUp::Contended) | End::Others(()) | End::Gone(())) => {}
        }
    }
}

/// Tells the owner of a room something about a stay.
pub(super) fn tell(
    stay: &Stay,
    session: &SessionRef,
    request: peer::MemberRequest,
    out: &mut WayOut,
) {
    let member = peer::Member {
        handle: stay.handle,
        session: session.clone(),
        membership: stay.membership,
        request,
    };
    out.post(&stay.owner, ToEntity::Member(member));
}
