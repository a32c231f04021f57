//! A reference server with one room, as simple as the protocol's promises allow.

use bytes::Bytes;
use wayfare_protocol::ErrorCode;
use wayfare_protocol::wire::{self, client_frame, reply, server_frame::Body};

const HANDLE: u64 = 0xa;

/// A room whose state is the list of commands that it applied. Each command is announced by an
/// event.
///
/// A command that begins with `r` gets itself as its reply; any other gets an empty reply.
pub(crate) struct RefRoom {
    pub(crate) state: Vec<String>,
    epoch: u64,
    sequence: u64,
    /// Every sent frame of this lineage with its sequence, up to the present epoch.
    history: Vec<(u64, Body)>,
    /// The first sequence of each epoch.
    lineage: Vec<(u64, u64)>,
    member: Option<Member>,
    memberships: u32,
    snapshot: Option<Box<Snapshot>>,
    /// Frames for the connection, if it is open and attached.
    pub(crate) outgoing: Vec<Body>,
    attached: bool,
    session: u8,
    session_forgotten: bool,
    /// The code of the refusal of the next join.
    pub(crate) refusal: Option<u32>,
    /// The reason and the applied position that a former member is given.
    departed: (wire::LeaveReason, u64),
}

#[derive(Clone)]
struct Member {
    membership: u32,
    joined: u64,
    applied: u64,
}

struct Snapshot {
    state: Vec<String>,
    sequence: u64,
    history: Vec<(u64, Body)>,
    member: Option<Member>,
}

impl RefRoom {
    pub(crate) fn new() -> Self {
        Self {
            state: Vec::new(),
            epoch: 1,
            sequence: 0,
            history: Vec::new(),
            lineage: vec![(1, 1)],
            member: None,
            memberships: 0,
            snapshot: None,
            outgoing: Vec::new(),
            attached: false,
            session: 1,
            session_forgotten: false,
            refusal: None,
            departed: (wire::LeaveReason::LeaveNotAMember, 0),
        }
    }

    pub(crate) fn handle_frame(&mut self, body: client_frame::Body) {
        match body {
            client_frame::Body::Hello(hello) => self.hello(&hello),
            client_frame::Body::Join(join) => self.join(&join),
            client_frame::Body::Attach(attach) => self.attach(&attach),
            client_frame::Body::Command(command) => self.command(&command),
            client_frame::Body::Leave(leave) => self.leave(&leave),
            client_frame::Body::Ping(ping) => {
                self.outgoing.push(Body::Pong(wire::Pong {
                    nonce: ping.nonce,
                    time_ms: 0,
                }));
            }
            _ => {}
        }
    }

    pub(crate) fn cut(&mut self) {
        self.attached = false;
        self.outgoing.clear();
    }

    /// Moves the room to a new owner; the gateway attaches to it by itself.
    pub(crate) fn migrate(&mut self) {
        self.epoch += 1;
        self.lineage.push((self.epoch, self.sequence + 1));
        let Some(member) = self.member.clone().filter(|_| self.attached) else {
            return;
        };
        self.outgoing.push(Body::Attached(wire::Attached {
            handle: HANDLE,
            epoch: self.epoch,
            from: self.sequence,
            applied: member.applied,
            failed: 0,
        }));
    }

    /// Sends the position that the room has applied.
    pub(crate) fn acknowledge(&mut self) {
        if let Some(member) = self.member.as_ref().filter(|_| self.attached) {
            let (handle, applied) = (HANDLE, member.applied);
            self.outgoing
                .push(Body::Applied(wire::Applied { handle, applied }));
        }
    }

    /// Sends a fresh view without a request.
    pub(crate) fn resync(&mut self) {
        if self.attached {
            self.send_view();
        }
    }

    pub(crate) fn forget_history(&mut self) {
        self.history.clear();
    }

    pub(crate) fn keep_snapshot(&mut self) {
        if self.member.is_some() {
            self.snapshot = Some(Box::new(Snapshot {
                state: self.state.clone(),
                sequence: self.sequence,
                history: self.history.clone(),
                member: self.member.clone(),
            }));
        }
    }

    /// Rolls the room back to its last snapshot, as after the death of its owner. Returns true if
    /// there is a snapshot.
    pub(crate) fn roll_back(&mut self) -> bool {
        let Some(snapshot) = self.snapshot.take() else {
            return false;
        };
        self.state = snapshot.state;
        self.sequence = snapshot.sequence;
        self.history = snapshot.history;
        self.member = snapshot.member;
        self.epoch += 1;
        self.lineage.push((self.epoch, self.sequence + 1));
        true
    }

    pub(crate) const fn is_attached(&self) -> bool {
        self.attached
    }

    /// Loses the room with its server. Nothing is left of it, but it can be joined again.
    pub(crate) fn lose(&mut self, applied_reported: bool) {
        self.end(wire::LeaveReason::LeaveRoomLost, applied_reported);
    }

    /// Loses the room with its server for good.
    pub(crate) fn vanish(&mut self) {
        self.end(wire::LeaveReason::LeaveRoomGone, false);
    }

    /// Forgets the session and its membership.
    pub(crate) fn forget_session(&mut self) {
        self.session_forgotten = true;
        self.member = None;
        self.snapshot = None;
        self.departed = (wire::LeaveReason::LeaveNotAMember, 0);
    }

    /// Starts another room with the same name, handle and membership numbers.
    fn end(&mut self, reason: wire::LeaveReason, applied_reported: bool) {
        let member = self.member.take();
        let applied = member.as_ref().filter(|_| applied_reported);
        self.departed = (reason, applied.map_or(0, |member| member.applied));
        if let Some(member) = member.filter(|_| self.attached) {
            self.send_left(member.membership);
        }
        self.attached = false;
        self.epoch += 1;
        self.lineage = vec![(self.epoch, 1)];
        self.sequence = 0;
        self.state.clear();
        self.history.clear();
        self.snapshot = None;
        self.memberships = 0;
    }

    fn send_left(&mut self, membership: u32) {
        let (reason, applied) = self.departed;
        self.outgoing.push(Body::Left(wire::Left {
            handle: HANDLE,
            membership,
            reason: reason.into(),
            message: String::new(),
            applied,
        }));
    }

    fn hello(&mut self, hello: &wire::Hello) {
        use wire::hello::Credential;
        let resumed = matches!(hello.credential, Some(Credential::Ticket(_)));
        if std::mem::take(&mut self.session_forgotten) {
            self.session += 1;
            if resumed {
                let code = ErrorCode::TicketExpired.code();
                return self.send_ended(code);
            }
        }
        self.outgoing.push(Body::Welcome(wire::Welcome {
            version: 1,
            session: Bytes::copy_from_slice(&[self.session; 16]),
            player: "ada".into(),
            ticket: Bytes::from_static(b"ticket"),
            resumed,
            heartbeat_ms: 10_000,
            grace_ms: 60_000,
            limits: None,
            time_ms: 0,
        }));
    }

    fn join(&mut self, join: &wire::Join) {
        let repeated = |member: &&Member| join.sequence <= member.joined;
        if self.member.as_ref().filter(repeated).is_none() {
            if let Some(code) = self.refusal.take() {
                let error = wire::Error {
                    code,
                    ..wire::Error::default()
                };
                return self.outgoing.push(Body::JoinRefused(wire::JoinRefused {
                    room: join.room.clone(),
                    sequence: join.sequence,
                    error: Some(error),
                }));
            }
            self.memberships += 1;
            self.member = Some(Member {
                membership: self.memberships,
                joined: join.sequence,
                applied: join.sequence,
            });
        }
        self.attached = true;
        self.outgoing.push(Body::Joined(wire::Joined {
            room: join.room.clone(),
            sequence: join.sequence,
            handle: HANDLE,
            membership: self.memberships,
            epoch: self.epoch,
            position: self.sequence,
            view: self.view(),
            applied: self.member.as_ref().map_or(0, |member| member.applied),
        }));
    }

    fn attach(&mut self, attach: &wire::Attach) {
        let Some(member) = self.member.clone() else {
            return self.send_left(attach.membership);
        };
        assert_eq!(member.membership, attach.membership);
        self.attached = true;
        let behind =
            |(epoch, first): &&(u64, u64)| *epoch > attach.epoch && *first <= attach.sequence;
        let fell_back = self.lineage.iter().any(|epoch| behind(&epoch));
        let oldest = self
            .history
            .first()
            .map_or(self.sequence + 1, |(first, _)| *first);
        if fell_back || attach.sequence + 1 < oldest {
            return self.send_view();
        }
        self.outgoing.push(Body::Attached(wire::Attached {
            handle: HANDLE,
            epoch: self.epoch,
            from: attach.sequence,
            applied: member.applied,
            failed: 0,
        }));
        let missed = self.history.iter().filter(|(at, _)| *at > attach.sequence);
        self.outgoing.extend(missed.map(|(_, body)| body.clone()));
        self.acknowledge();
    }

    fn command(&mut self, command: &wire::Command) {
        let Some(member) = self.member.as_mut().filter(|_| self.attached) else {
            return;
        };
        if command.membership != member.membership || command.sequence <= member.applied {
            return;
        }
        if command.sequence > member.applied + 1 {
            self.attached = false;
            return self.send_ended(ErrorCode::SequenceGap.code());
        }
        member.applied = command.sequence;
        let text = String::from_utf8_lossy(&command.payload).into_owned();
        let payload = command.payload.clone();
        self.sequence += 1;
        let event = wire::Event {
            handle: HANDLE,
            sequence: self.sequence,
            payload,
        };
        self.send(Body::Event(event));
        if text.starts_with('r') {
            self.sequence += 1;
            self.send(Body::Reply(wire::Reply {
                handle: HANDLE,
                sequence: self.sequence,
                command: command.sequence,
                result: Some(reply::Result::Payload(command.payload.clone())),
            }));
        }
        self.state.push(text);
    }

    fn leave(&mut self, leave: &wire::Leave) {
        let Some(member) = self.member.as_ref().filter(|_| self.attached) else {
            return;
        };
        if leave.membership != member.membership || leave.sequence != member.applied + 1 {
            return;
        }
        self.member = None;
        self.attached = false;
        self.snapshot = None;
        self.departed = (wire::LeaveReason::LeaveRequested, leave.sequence);
        self.send_left(leave.membership);
    }

    fn send_ended(&mut self, code: u32) {
        let error = Some(wire::Error {
            code,
            ..wire::Error::default()
        });
        self.outgoing.push(Body::Ended(wire::Ended { error }));
    }

    fn send(&mut self, body: Body) {
        self.history.push((self.sequence, body.clone()));
        self.outgoing.push(body);
    }

    fn send_view(&mut self) {
        let applied = self.member.as_ref().map_or(0, |member| member.applied);
        self.outgoing.push(Body::Resync(wire::Resync {
            handle: HANDLE,
            epoch: self.epoch,
            position: self.sequence,
            applied,
            view: self.view(),
            failed: 0,
            stands: self.sequence,
        }));
    }

    fn view(&self) -> Bytes {
        self.state.join(" ").into()
    }
}
