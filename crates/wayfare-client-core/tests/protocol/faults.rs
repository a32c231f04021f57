//! A client and a reference room with a bad network between them: nothing is lost, nothing comes
//! twice, and what cannot be kept is told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use wayfare_client_core::{
    Client, CommandError, CommandId, Credential, Event, Join, Output, RoomKey, Settings,
};
use wayfare_protocol::wire::server_frame::Body;
use wayfare_protocol::{Instant, frame};

use crate::ref_room::RefRoom;

#[derive(Clone, Copy, Debug)]
enum Act {
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
    FallBack,
}

fn steady() -> impl Strategy<Value = Act> {
    prop_oneof![
        20 => any::<bool>().prop_map(|answered| Act::Command { answered }),
        30 => Just(Act::ToServer),
        30 => Just(Act::ToClient),
        6 => Just(Act::Timeout),
        4 => Just(Act::Cut),
        1 => Just(Act::RefuseConnection),
        2 => Just(Act::Migrate),
        3 => Just(Act::Acknowledge),
        1 => Just(Act::ForgetHistory),
        1 => Just(Act::Resync),
    ]
}

fn volatile() -> impl Strategy<Value = Act> {
    prop_oneof![20 => steady(), 1 => Just(Act::Snapshot), 1 => Just(Act::FallBack)]
}

/// One client, one room, one connection with what is under way on it.
struct World {
    client: Client,
    now: Instant,
    server: RefRoom,
    refused: u32,
    connected: bool,
    to_server: VecDeque<Bytes>,
    to_client: VecDeque<Body>,
    room: Option<RoomKey>,
    given: u32,
    open: BTreeMap<CommandId, String>,
    answers: BTreeMap<String, Result<Bytes, CommandError>>,
    /// What the application makes of views and events.
    seen: Vec<String>,
    /// What was answered since the application was last told that something was undone.
    promised: BTreeSet<String>,
    told_undone: bool,
}

impl World {
    fn new() -> Self {
        let settings = Settings::new(NonZeroUsize::MIN, Credential::guest());
        let now = Instant::ORIGIN;
        let mut client = Client::new(settings, 1, now);
        let join = Join::new("plaza/a".parse().expect("a room"));
        let _ = client.join(join, now);
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
            told_undone: false,
        };
        world.drain();
        world
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Command { answered } => self.command(answered),
            Act::ToServer => {
                if let Some(payload) = self.to_server.pop_front() {
                    self.server
                        .hear(frame::decode_client(&payload).expect("a frame"));
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
            // A command carries no epoch, so a room that fell back cannot tell one that was
            // numbered before from one numbered since. It is on the server to let nothing of
            // before arrive: here, by ending the connection.
            Act::FallBack => {
                if self.server.fall_back() && self.connected {
                    self.act(Act::Cut);
                }
            }
            Act::Resync => self.server.resync(),
        }
        self.drain();
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
                Output::Event(event) => self.told(event),
            }
        }
        if self.connected {
            self.to_client.extend(self.server.says.drain(..));
        }
        self.server.says.clear();
    }

    fn told(&mut self, event: Event) {
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
                    self.undone();
                }
            }
            Event::FellBack { .. } => self.undone(),
            Event::Reply {
                command, result, ..
            } => {
                let text = self.open.remove(&command).expect("answered once");
                self.promised.insert(text.clone());
                self.answers.insert(text, result);
            }
            Event::Connected { .. } | Event::Interrupted { .. } => {}
            event => panic!("{event:?}"),
        }
    }

    fn undone(&mut self) {
        self.told_undone = true;
        self.promised.clear();
    }

    /// The network works from now on: everything comes to its end.
    fn settle(&mut self) {
        self.refused = 0;
        for _ in 0..20_000 {
            if !self.to_client.is_empty() {
                self.act(Act::ToClient);
            } else if !self.to_server.is_empty() {
                self.act(Act::ToServer);
            } else if !self.connected {
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

fn run(acts: &[Act]) -> World {
    let mut world = World::new();
    for act in acts {
        world.act(*act);
    }
    world.settle();
    assert_eq!(world.seen, world.server.state, "client and room agree");
    assert_eq!(u32::try_from(world.answers.len()), Ok(world.given));
    world
}

proptest! {
    #[test]
    fn a_room_that_keeps_its_state_applies_every_command_once_and_in_order(
        acts in prop::collection::vec(steady(), 0..300),
    ) {
        let forgets = acts.iter().any(|act| matches!(act, Act::ForgetHistory | Act::Resync));
        let world = run(&acts);
        let numbers = |text: &String| text[1..].parse::<u32>().expect("a number");
        let applied: Vec<u32> = world.server.state.iter().map(numbers).collect();
        prop_assert_eq!(applied, (1..=world.given).collect::<Vec<_>>());
        prop_assert!(!world.told_undone);
        for (text, answer) in &world.answers {
            let expect = if text.starts_with('r') { text.as_str() } else { "" };
            match answer {
                Ok(payload) => prop_assert_eq!(payload, expect),
                Err(error) => prop_assert!(forgets && *error == CommandError::ReplyLost),
            }
        }
    }

    #[test]
    fn a_room_that_falls_back_applies_nothing_twice_and_the_client_is_told(
        acts in prop::collection::vec(volatile(), 0..300),
    ) {
        let world = run(&acts);
        let mut applied = world.server.state.clone();
        applied.sort();
        applied.dedup();
        prop_assert_eq!(applied.len(), world.server.state.len());
        prop_assert!(world.promised.iter().all(|text| applied.contains(text)));
    }
}

#[test]
fn a_silent_network_is_noticed_and_left() {
    let mut world = World::new();
    world.settle();
    world.act(Act::Command { answered: true });
    let start = world.now;
    world.to_server.clear();
    while world.connected {
        world.act(Act::Timeout);
        world.to_server.clear();
    }
    assert!(world.now.since(start) <= Duration::from_secs(25));
    world.settle();
    assert_eq!(world.server.state, ["r1"]);
}

#[test]
fn a_client_never_gives_up_by_itself() {
    let mut world = World::new();
    world.refused = 2000;
    world.act(Act::Cut);
    while !world.connected {
        world.act(Act::Timeout);
    }
    assert!(world.now.since(Instant::ORIGIN) > Duration::from_hours(1));
    world.settle();
    assert!(world.room.is_some());
}
