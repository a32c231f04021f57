//! A client and a reference room with a network between them that a test disturbs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroUsize;

use bytes::Bytes;
use wayfare_client_core::{
    Client, CommandError, CommandId, Credential, Event, Join, LeaveReason, Output, RoomKey,
    Settings,
};
use wayfare_protocol::wire::server_frame::Body;
use wayfare_protocol::{Instant, frame};

use crate::ref_room::RefRoom;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Command { answered: bool },
    ToServer,
    ToClient,
    Timeout,
    Cut,
    RefuseConnection,
    Migrate,
    Acknowledge,
    ForgetHistory,
    Resync,
    Snapshot,
    RollBack,
    LoseRoom { applied_reported: bool },
    RoomIsGone,
    RefuseJoin { code: u32 },
    ForgetSession,
    Leave,
}

/// A client, a room, and a connection with its frames in flight.
pub(crate) struct World {
    client: Client,
    pub(crate) now: Instant,
    pub(crate) server: RefRoom,
    pub(crate) refused: u32,
    pub(crate) connected: bool,
    pub(crate) to_server: VecDeque<Bytes>,
    to_client: VecDeque<Body>,
    pub(crate) room: Option<RoomKey>,
    pub(crate) given: u32,
    open: BTreeMap<CommandId, String>,
    pub(crate) answers: BTreeMap<String, Result<Bytes, CommandError>>,
    /// The state that the application builds from views and events.
    pub(crate) seen: Vec<String>,
    /// The commands applied since the application was last notified of a rollback.
    pub(crate) promised: BTreeSet<String>,
    pub(crate) rollback_reported: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        let settings = Settings::new(NonZeroUsize::MIN, Credential::guest());
        let now = Instant::ORIGIN;
        let client = Client::new(settings, 1, now);
        let mut world = Self {
            client,
            now,
            server: RefRoom::new(),
            refused: 0,
            connected: false,
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            room: None,
            given: 0,
            open: BTreeMap::new(),
            answers: BTreeMap::new(),
            seen: Vec::new(),
            promised: BTreeSet::new(),
            rollback_reported: false,
        };
        world.join();
        world.drain();
        world
    }

    pub(crate) fn act(&mut self, act: Act) {
        match act {
            Act::Command { answered } => self.command(answered),
            Act::ToServer => {
                if let Some(payload) = self.to_server.pop_front() {
                    self.server
                        .handle_frame(frame::decode_client(&payload).expect("a frame"));
                }
            }
            Act::ToClient => {
                if let Some(body) = self.to_client.pop_front() {
                    let payload = frame::split(frame::server_frame(body)).next();
                    self.client
                        .handle_frame(payload.expect("one frame"), self.now);
                }
            }
            Act::Timeout => {
                if let Some((at, _)) = self.client.poll_timeout() {
                    self.now = self.now.max(at);
                    self.client.handle_timeout(self.now);
                }
            }
            Act::Cut if self.connected => {
                self.close();
                self.client.handle_disconnected(self.now);
            }
            Act::Cut => {}
            Act::RefuseConnection => self.refused = 1,
            Act::Migrate => self.server.migrate(),
            Act::Acknowledge => self.server.acknowledge(),
            Act::ForgetHistory => self.server.forget_history(),
            Act::Snapshot => self.server.keep_snapshot(),
            // A command carries no epoch, so a room that was rolled back cannot tell a command
            // numbered before the rollback from one numbered after it. The server must let no
            // earlier command arrive: here it ends the connection.
            Act::RollBack => {
                if self.server.roll_back() && self.connected {
                    self.act(Act::Cut);
                }
            }
            Act::Resync => self.server.resync(),
            Act::LoseRoom { applied_reported } => self.server.lose(applied_reported),
            Act::RoomIsGone => self.server.vanish(),
            Act::RefuseJoin { code } => self.server.refusal = Some(code),
            Act::ForgetSession => {
                self.server.forget_session();
                if self.connected {
                    self.act(Act::Cut);
                }
            }
            Act::Leave => {
                if let Some(room) = self.room.take() {
                    self.client.leave(room, self.now).expect("a member");
                }
            }
        }
        self.drain();
    }

    /// Joins the room again whenever the client is not in it.
    fn join(&mut self) {
        let join = Join::new("plaza/a".parse().expect("a room"));
        self.client.join(join, self.now).expect("tried");
    }

    fn command(&mut self, answered: bool) {
        let Some(room) = self.room else {
            return;
        };
        self.given += 1;
        let text = format!("{}{}", if answered { "r" } else { "q" }, self.given);
        let payload = Bytes::from(text.clone());
        let id = self.client.command(room, payload, self.now).expect("taken");
        self.open.insert(id, text);
    }

    fn close(&mut self) {
        self.connected = false;
        self.to_server.clear();
        self.to_client.clear();
        self.server.cut();
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Connect { .. } if self.refused > 0 => {
                    self.refused -= 1;
                    self.client.handle_disconnected(self.now);
                }
                Output::Connect { .. } => {
                    self.connected = true;
                    self.client.handle_connected(self.now);
                }
                Output::Send(payload) => self.to_server.push_back(payload),
                Output::Disconnect => self.close(),
                Output::Event(event) => self.handle_event(event),
            }
        }
        if self.connected {
            self.to_client.extend(self.server.outgoing.drain(..));
        }
        self.server.outgoing.clear();
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::Joined { room, view, .. } => {
                self.room = Some(room);
                self.seen = words(&view);
            }
            Event::Event { payload, .. } => self.seen.push(word(&payload)),
            Event::Resync {
                view, fell_back, ..
            } => {
                self.seen = words(&view);
                if fell_back {
                    self.handle_rollback();
                }
            }
            Event::FellBack { .. } => self.handle_rollback(),
            Event::Reply {
                command, result, ..
            } => {
                let text = self.open.remove(&command).expect("answered once");
                if matches!(result, Ok(_) | Err(CommandError::ReplyLost)) {
                    self.promised.insert(text.clone());
                }
                self.answers.insert(text, result);
            }
            Event::Left { reason, .. } => {
                let known = matches!(
                    reason,
                    LeaveReason::Requested | LeaveReason::RoomGone | LeaveReason::Ended
                );
                assert!(known, "{reason:?}");
                self.room = None;
                // A member that leaves is not notified of the room's fate.
                self.promised.clear();
                self.join();
            }
            Event::JoinRefused { .. } => self.join(),
            Event::Connected { .. } | Event::Interrupted { .. } | Event::SessionLost => {}
            event => panic!("{event:?}"),
        }
    }

    fn handle_rollback(&mut self) {
        self.rollback_reported = true;
        self.promised.clear();
    }

    /// Repairs the network and runs until everything is finished.
    pub(crate) fn run_until_idle(&mut self) {
        self.refused = 0;
        for _ in 0..20_000 {
            if !self.to_client.is_empty() {
                self.act(Act::ToClient);
            } else if !self.to_server.is_empty() {
                self.act(Act::ToServer);
            } else if !self.connected || !self.server.is_attached() {
                self.act(Act::Timeout);
            } else if !self.open.is_empty() {
                self.act(Act::Acknowledge);
            } else {
                return;
            }
        }
        panic!("never settles, {:?} are open", self.open);
    }
}

fn word(payload: &Bytes) -> String {
    String::from_utf8_lossy(payload).into_owned()
}

fn words(view: &Bytes) -> Vec<String> {
    word(view).split_whitespace().map(Into::into).collect()
}
