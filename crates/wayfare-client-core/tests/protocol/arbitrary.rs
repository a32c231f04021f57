//! Sends arbitrary frames to a client: it must not panic, and the application must get a consistent
//! series of events.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use wayfare_client_core::{Client, CommandId, Credential, Event, Join, Output, RoomKey, Settings};
use wayfare_protocol::wire::{self, client_frame, server_frame::Body};
use wayfare_protocol::{Instant, Sequence, frame};

#[derive(Clone, Debug)]
enum Act {
    Connected,
    Disconnected,
    Timeout,
    Sleep(u64),
    Frame(Body),
    Garbage(Vec<u8>),
    Join(u8),
    Command(u8),
    Unreliable(u8),
    Leave(u8),
    List,
    Bye,
}

/// Small numbers, so that they collide, and the largest, so that overflows are found.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..8u64, 1 => Just(u64::MAX), 1 => Just(u64::MAX - 1)]
}

fn room() -> impl Strategy<Value = String> {
    prop_oneof![9 => (0..3u8).prop_map(room_name), 1 => Just("nonsense".into())]
}

fn room_name(index: u8) -> String {
    format!("plaza/{index}")
}

fn welcome() -> impl Strategy<Value = Body> {
    (0..2u8, any::<bool>(), 0..2u32, 0..3usize).prop_map(|(session, resumed, rooms, ticket)| {
        Body::Welcome(wire::Welcome {
            version: 1,
            session: vec![session; 16].into(),
            player: "ada".into(),
            ticket: vec![7; ticket].into(),
            resumed,
            heartbeat_ms: 1000,
            grace_ms: 1000,
            limits: Some(wire::Limits {
                frame_bytes_max: 0,
                rooms_max: rooms * 3,
                frames_per_second: 0,
            }),
            time_ms: ticket as u64 * (u64::MAX / 3),
        })
    })
}

/// Any reason, among them one of a later version, and often the loss of the room.
fn reason() -> impl Strategy<Value = i32> {
    let lost = i32::from(wire::LeaveReason::LeaveRoomLost);
    prop_oneof![2 => 0..12i32, 1 => Just(lost)]
}

fn refusal() -> impl Strategy<Value = Option<wire::Error>> {
    let error = |code| wire::Error {
        code,
        ..wire::Error::default()
    };
    let code = prop_oneof![Just(1303u32), Just(1400), Just(1501), Just(1599)];
    prop::option::of(code.prop_map(error))
}

fn resync((handle, epoch): (u64, u64), (position, applied): (u64, u64), view: Bytes) -> Body {
    Body::Resync(wire::Resync {
        handle,
        epoch,
        position,
        applied,
        view,
        ..wire::Resync::default()
    })
}

fn room_frame() -> impl Strategy<Value = Body> {
    let numbers = (1..4u64, number(), number(), number());
    let words = (room(), reason(), refusal());
    (numbers, 1..3u32, words, 0..10u8).prop_map(|(numbers, membership, words, sort)| {
        let (room, reason, error) = words;
        let (handle, sequence, command, epoch) = numbers;
        let (payload, view) = (Bytes::new(), Bytes::new());
        let (position, applied, from) = (sequence, command, sequence);
        match sort {
            0 => Body::Event(wire::Event {
                handle,
                sequence,
                payload,
            }),
            1 => Body::Reply(wire::Reply {
                handle,
                sequence,
                command,
                result: None,
            }),
            2 => Body::Applied(wire::Applied { handle, applied }),
            3 => Body::Position(wire::Position { handle, sequence }),
            4 => Body::Attached(wire::Attached {
                handle,
                epoch,
                from,
                applied,
                ..wire::Attached::default()
            }),
            5 => resync((handle, epoch), (position, applied), view),
            6 => {
                let message = String::new();
                Body::Left(wire::Left {
                    handle,
                    membership,
                    reason,
                    message,
                    applied,
                })
            }
            7 => Body::Unreliable(wire::Unreliable {
                handle,
                membership,
                payload,
            }),
            8 => Body::JoinRefused(wire::JoinRefused {
                room,
                sequence,
                error,
            }),
            _ => {
                let sequence = command;
                Body::Joined(wire::Joined {
                    room,
                    sequence,
                    handle,
                    membership,
                    epoch,
                    position,
                    view,
                    applied,
                })
            }
        }
    })
}

fn ended() -> impl Strategy<Value = Body> {
    let code = prop_oneof![Just(1500u32), Just(1201), Just(1502)];
    (code, 0..3000u32).prop_map(|(code, retry_after_ms)| {
        let error = Some(wire::Error {
            code,
            retry_after_ms,
            ..wire::Error::default()
        });
        Body::Ended(wire::Ended { error })
    })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => Just(Act::Connected),
        2 => Just(Act::Disconnected),
        4 => Just(Act::Timeout),
        2 => (0..3000u64).prop_map(Act::Sleep),
        8 => welcome().prop_map(Act::Frame),
        30 => room_frame().prop_map(Act::Frame),
        1 => ended().prop_map(Act::Frame),
        1 => (0..9u64).prop_map(|nonce| Act::Frame(Body::Pong(wire::Pong { nonce, time_ms: nonce * 1000 }))),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Act::Garbage),
        6 => (0..3u8).prop_map(Act::Join),
        12 => any::<u8>().prop_map(Act::Command),
        1 => any::<u8>().prop_map(Act::Unreliable),
        2 => any::<u8>().prop_map(Act::Leave),
        1 => Just(Act::List),
    ]
}

/// The events that the application received for one stay.
#[derive(Debug, Default, PartialEq, Eq)]
struct StayLog {
    position: Option<Sequence>,
    over: bool,
}

/// Drives a client and checks every output against the rules.
struct Watch {
    client: Client,
    now: Instant,
    connecting: bool,
    connected: bool,
    greeted: bool,
    ended: bool,
    rooms: BTreeMap<RoomKey, StayLog>,
    open: BTreeSet<CommandId>,
}

impl Watch {
    fn new() -> Self {
        let now = Instant::ORIGIN;
        let settings = Settings::new(NonZeroUsize::MIN, Credential::guest());
        let mut watch = Self {
            client: Client::new(settings, 1, now),
            now,
            connecting: false,
            connected: false,
            greeted: false,
            ended: false,
            rooms: BTreeMap::new(),
            open: BTreeSet::new(),
        };
        watch.drain();
        watch
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Connected if self.connecting => {
                (self.connecting, self.connected) = (false, true);
                self.client.handle_connected(self.now);
            }
            Act::Disconnected if self.connecting || self.connected => {
                (self.connecting, self.connected, self.greeted) = (false, false, false);
                self.client.handle_disconnected(self.now);
            }
            Act::Connected | Act::Disconnected => {}
            Act::Timeout => self.timeout(),
            Act::Sleep(millis) => {
                self.now = self.now + Duration::from_millis(millis);
                self.client.handle_timeout(self.now);
            }
            Act::Frame(body) => {
                let payload = frame::split(frame::server_frame(body)).next();
                self.frame(payload.expect("one frame"));
            }
            Act::Garbage(bytes) => self.frame(bytes.into()),
            Act::Join(index) => {
                let room = room_name(index).parse().expect("a room");
                if let Ok(key) = self.client.join(Join::new(room), self.now) {
                    assert_eq!(self.rooms.insert(key, StayLog::default()), None);
                }
            }
            Act::Command(index) => {
                let given = self.room(index).map(|room| {
                    self.client
                        .command(room, Bytes::from_static(b"go"), self.now)
                });
                if let Some(Ok(id)) = given {
                    assert!(self.open.insert(id));
                }
            }
            Act::Unreliable(index) => {
                if let Some(room) = self.room(index) {
                    let _ = self.client.send_unreliable(room, Bytes::new(), self.now);
                }
            }
            Act::Leave(index) => {
                if let Some(room) = self.room(index) {
                    let _ = self.client.leave(room, self.now);
                }
            }
            Act::List => {
                let _ = self.client.list("plaza", BTreeMap::new(), 0, self.now);
            }
            Act::Bye => self.client.bye(self.now),
        }
        self.drain();
    }

    fn frame(&mut self, payload: Bytes) {
        if self.connected {
            self.client.handle_frame(payload, self.now);
        }
    }

    /// Handles one timeout. A handled timeout must not be due again at the same instant.
    fn timeout(&mut self) {
        for _ in 0..3 {
            match self.client.poll_timeout() {
                Some((at, _)) => self.now = self.now.max(at),
                None => return,
            }
            self.client.handle_timeout(self.now);
            self.drain();
            if self
                .client
                .poll_timeout()
                .is_none_or(|(at, _)| at > self.now)
            {
                return;
            }
        }
        panic!("a timeout that never ends");
    }

    fn room(&self, index: u8) -> Option<RoomKey> {
        let index = usize::from(index) % self.rooms.len().max(1);
        self.rooms.keys().nth(index).copied()
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            assert!(!self.ended, "{output:?} after the end");
            match output {
                Output::Connect { .. } => {
                    assert!(!self.connecting && !self.connected);
                    self.connecting = true;
                }
                Output::Disconnect => {
                    assert!(self.connecting || self.connected);
                    (self.connecting, self.connected, self.greeted) = (false, false, false);
                }
                Output::Send(payload) => {
                    assert!(self.connected);
                    let hello = matches!(
                        frame::decode_client(&payload),
                        Ok(client_frame::Body::Hello(_))
                    );
                    assert_eq!(hello, !self.greeted);
                    self.greeted = true;
                }
                Output::Event(event) => self.handle_event(&event),
            }
        }
    }

    fn handle_event(&mut self, event: &Event) {
        match *event {
            Event::Connected { .. } => assert!(self.greeted),
            Event::Interrupted { .. } => assert!(!self.connecting && !self.connected),
            Event::Ended(_) => self.ended = true,
            Event::Joined { room, position, .. } => {
                let log = self.stay(room);
                assert_eq!(log.position.replace(position), None);
            }
            Event::JoinRefused { room, .. } => {
                let log = self.stay(room);
                assert_eq!(log.position, None);
                log.over = true;
            }
            Event::Event { room, sequence, .. } => {
                let log = self.stay(room);
                assert!(log.position < Some(sequence));
                log.position = Some(sequence);
            }
            Event::Resync { room, position, .. } => self.stay(room).position = Some(position),
            Event::Left { room, .. } => self.stay(room).over = true,
            Event::Reply { room, command, .. } => {
                self.stay(room);
                assert!(
                    self.open.remove(&command),
                    "{command:?} got a second answer"
                );
            }
            Event::FellBack { room } | Event::Unreliable { room, .. } => {
                self.stay(room);
            }
            Event::SessionLost | Event::Listing { .. } => {}
        }
    }

    /// Returns an open stay. A stay that is over must not get events.
    fn stay(&mut self, room: RoomKey) -> &mut StayLog {
        let log = self.rooms.get_mut(&room).expect("a stay that was begun");
        assert!(!log.over);
        log
    }
}

proptest! {
    #[test]
    fn arbitrary_frames_never_confuse_the_client(
        acts in prop::collection::vec(act(), 0..200),
    ) {
        let mut watch = Watch::new();
        for act in acts {
            watch.act(act);
        }
        watch.act(Act::Bye);
        prop_assert!(watch.ended);
        prop_assert_eq!(watch.client.poll_timeout(), None);
        prop_assert!(watch.open.is_empty(), "every command is answered in the end");
        prop_assert!(watch.rooms.values().all(|log| log.over));
    }
}
