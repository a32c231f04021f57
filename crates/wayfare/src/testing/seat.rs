//! A player's end of the connection, with its sent and received messages.

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_core::ConnectionId;
use wayfare_core::game::Refusal;
use wayfare_protocol::ErrorCode;
use wayfare_protocol::wire::{self, client_frame::Body as Say, reply, server_frame::Body as Hear};

use crate::LeaveReason;

/// The end of a player's membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The reason.
    pub reason: LeaveReason,
    /// The room's message; empty if there was none.
    pub message: String,
}

/// A player: a minimal client, without timeouts because nothing is late here.
#[derive(Debug, Default)]
pub(super) struct Seat {
    pub(super) connection: Option<ConnectionId>,
    /// The ticket that resumes the session; `None` without a session.
    pub(super) ticket: Option<Bytes>,
    pub(super) stay: Option<Stay>,
    /// The data of the last join, to join again.
    join: Option<(Bytes, Bytes)>,
    /// The last number of this session in this room, of joins, commands and leaves.
    sequence: u64,
    pub(super) join_refused: Option<Refusal>,
    /// The reason why the server ended the last connection.
    pub(super) ended: Option<Refusal>,
    /// Received payloads that the test has not read yet.
    pub(super) events: Vec<Bytes>,
    pub(super) unreliable: Vec<Bytes>,
    pub(super) resyncs: Vec<Bytes>,
    pub(super) left: Option<Left>,
    replies: BTreeMap<u64, Result<Bytes, Refusal>>,
}

/// A membership of the room.
#[derive(Debug)]
pub(super) struct Stay {
    pub(super) view: Bytes,
    handle: u64,
    membership: u32,
    epoch: u64,
    /// The highest sequence received.
    position: u64,
    applied: u64,
}

impl Seat {
    /// Resets the numbers after the server has forgotten the session.
    pub(super) fn forget_session(&mut self) {
        self.ticket = None;
        self.stay = None;
        self.sequence = 0;
        self.replies.clear();
    }

    pub(super) fn say_join(&mut self, room: &str, open: Bytes, payload: Bytes) -> Say {
        self.sequence += 1;
        self.join_refused = None;
        self.join = Some((open.clone(), payload.clone()));
        Say::Join(wire::Join {
            room: room.to_owned(),
            sequence: self.sequence,
            mode: wire::JoinMode::JoinOrCreate.into(),
            open,
            payload,
        })
    }

    /// Repeats the join, as clients do whose room was lost with its node and can be opened anew.
    pub(super) fn say_join_again(&mut self, room: &str) -> Option<Say> {
        self.left
            .take_if(|left| left.reason == LeaveReason::RoomLost)?;
        let (open, payload) = self.join.clone()?;
        Some(self.say_join(room, open, payload))
    }

    /// Makes the next command and its number; `None` outside the room.
    pub(super) fn say_command(&mut self, payload: Bytes) -> Option<(u64, Say)> {
        let stay = self.stay.as_ref()?;
        self.sequence += 1;
        let command = Say::Command(wire::Command {
            handle: stay.handle,
            membership: stay.membership,
            sequence: self.sequence,
            payload,
            epoch: stay.epoch,
        });
        Some((self.sequence, command))
    }

    pub(super) fn say_unreliable(&self, payload: Bytes) -> Option<Say> {
        let stay = self.stay.as_ref()?;
        Some(Say::Unreliable(wire::Unreliable {
            handle: stay.handle,
            membership: stay.membership,
            payload,
        }))
    }

    pub(super) fn say_leave(&mut self) -> Option<Say> {
        let stay = self.stay.as_ref()?;
        self.sequence += 1;
        Some(Say::Leave(wire::Leave {
            handle: stay.handle,
            membership: stay.membership,
            sequence: self.sequence,
            epoch: stay.epoch,
        }))
    }

    pub(super) fn say_attach(&self, room: &str) -> Option<Say> {
        let stay = self.stay.as_ref()?;
        Some(Say::Attach(wire::Attach {
            room: room.to_owned(),
            handle: stay.handle,
            membership: stay.membership,
            epoch: stay.epoch,
            sequence: stay.position,
        }))
    }

    /// Returns the answer to a command, once. It is empty if the command was applied without a
    /// reply.
    pub(super) fn take_reply(&mut self, command: u64) -> Option<Result<Bytes, Refusal>> {
        let applied = |stay: &Stay| stay.applied >= command;
        self.replies.remove(&command).or_else(|| {
            self.stay
                .as_ref()
                .is_some_and(applied)
                .then(|| Ok(Bytes::new()))
        })
    }

    pub(super) fn hear(&mut self, body: Hear) {
        match body {
            Hear::Welcome(welcome) => {
                self.ticket = Some(welcome.ticket);
                self.ended = None;
            }
            Hear::Ended(ended) => self.ended = Some(refusal(ended.error)),
            Hear::Joined(joined) => self.hear_joined(joined),
            Hear::JoinRefused(refused) => self.join_refused = Some(refusal(refused.error)),
            Hear::Event(event) => {
                self.advance(event.sequence);
                self.events.push(event.payload);
            }
            Hear::Reply(reply) => self.hear_reply(reply),
            Hear::Unreliable(unreliable) => self.unreliable.push(unreliable.payload),
            Hear::Left(left) => {
                self.stay = None;
                self.left = Some(Left {
                    reason: left.reason().into(),
                    message: left.message,
                });
            }
            Hear::Resync(resync) => self.hear_resync(resync),
            Hear::Applied(applied) => self.with_stay(|stay| stay.applied = applied.applied),
            Hear::Attached(attached) => self.with_stay(|stay| stay.epoch = attached.epoch),
            Hear::Position(position) => {
                self.with_stay(|stay| stay.position = stay.position.max(position.sequence));
            }
            Hear::Pong(_) | Hear::Listing(_) => {}
        }
    }

    fn hear_joined(&mut self, joined: wire::Joined) {
        self.left = None;
        self.stay = Some(Stay {
            view: joined.view,
            handle: joined.handle,
            membership: joined.membership,
            epoch: joined.epoch,
            position: joined.position,
            applied: joined.sequence,
        });
    }

    fn hear_reply(&mut self, reply: wire::Reply) {
        self.advance(reply.sequence);
        let outcome = match reply.result {
            Some(reply::Result::Payload(payload)) => Ok(payload),
            Some(reply::Result::Error(error)) => Err(refusal(Some(error))),
            None => Ok(Bytes::new()),
        };
        self.replies.insert(reply.command, outcome);
    }

    fn hear_resync(&mut self, resync: wire::Resync) {
        self.resyncs.push(resync.view);
        let applied = resync.applied;
        self.with_stay(|stay| {
            stay.epoch = resync.epoch;
            stay.position = resync.position;
            stay.applied = applied;
        });
        // Commands in flight are dropped, and numbers continue behind the applied one.
        self.sequence = applied;
    }

    fn advance(&mut self, sequence: u64) {
        self.with_stay(|stay| {
            let position = stay.position;
            assert!(
                sequence > position,
                "event {sequence} came behind event {position}"
            );
            stay.position = sequence;
        });
    }

    fn with_stay(&mut self, change: impl FnOnce(&mut Stay)) {
        if let Some(stay) = &mut self.stay {
            change(stay);
        }
    }
}

fn refusal(error: Option<wire::Error>) -> Refusal {
    let error = error.unwrap_or_default();
    Refusal {
        code: ErrorCode::from_code(error.code).unwrap_or(ErrorCode::Internal),
        detail: error.detail,
        message: error.message,
    }
}
