//! Runs an exchange: a text with the inputs of a client (`>`) and its required outputs (`<`).
//!
//! ```text
//! -- the name of a part, which only other scenarios use
//! == the name of a scenario
//! use another scenario or part
//! > an input: a frame of the server, a call of the application, time
//! < each output, in order, and no other
//! ```
//!
//! Every SDK that ports this client runs the same texts.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use wayfare_client_core::{Client, Credential, Join, JoinMode, Settings, Ticket};
use wayfare_protocol::{Instant, frame};

use crate::format_output::{self, Names};
use crate::parse_input::{self, Words};

/// Runs every scenario of a text.
pub(crate) fn check(text: &str) {
    let texts = parse(text);
    let scenarios = text.lines().filter_map(|line| line.strip_prefix("== "));
    for name in scenarios {
        let mut exchange = Exchange::default();
        exchange.run(name, &texts);
        exchange.assert_no_pending_output(name);
    }
}

type Texts<'a> = BTreeMap<&'a str, Vec<&'a str>>;

fn parse(text: &str) -> Texts<'_> {
    let mut texts: Texts<'_> = BTreeMap::new();
    let mut lines = None;
    for line in text.lines() {
        let heading = line.strip_prefix("== ").or(line.strip_prefix("-- "));
        if let Some(name) = heading {
            assert!(!texts.contains_key(name), "{name:?} twice");
            lines = Some(texts.entry(name).or_default());
        } else if !line.is_empty() && !line.starts_with('#') {
            let lines = lines.as_mut().expect("a heading comes first");
            lines.push(line);
        }
    }
    texts
}

#[derive(Default)]
struct Exchange {
    client: Option<Client>,
    now: Instant,
    names: Names,
    /// Outputs that no line has expected yet.
    pending: VecDeque<String>,
    transcript: String,
}

impl Exchange {
    fn run(&mut self, name: &str, texts: &Texts<'_>) {
        let lines = texts.get(name);
        for line in lines.unwrap_or_else(|| panic!("no scenario {name:?}")) {
            if let Some(other) = line.strip_prefix("use ") {
                self.run(other, texts);
            } else if let Some(input) = line.strip_prefix("> ") {
                self.assert_no_pending_output(name);
                let _ = writeln!(self.transcript, "> {input}");
                self.pending = self.input(input).into();
                for output in &self.pending {
                    let _ = writeln!(self.transcript, "< {output}");
                }
            } else {
                let expect = line.strip_prefix("< ");
                let expect = expect.unwrap_or_else(|| panic!("{line:?} is no line"));
                let shown = self.pending.pop_front();
                let transcript = &self.transcript;
                assert_eq!(
                    shown.as_deref(),
                    Some(expect),
                    "in {name:?}, which went\n{transcript}"
                );
            }
        }
    }

    fn assert_no_pending_output(&self, name: &str) {
        let (pending, transcript) = (&self.pending, &self.transcript);
        assert!(
            pending.is_empty(),
            "{pending:?} is not expected in {name:?}, which went\n{transcript}"
        );
    }

    /// Passes one input to the client and returns its outputs as text.
    fn input(&mut self, input: &str) -> Vec<String> {
        let mut words = Words::new(input);
        let verb = words.next();
        if verb == "client" {
            self.client = Some(Client::new(settings(&mut words), 1, self.now));
            return self.outputs();
        }
        let mut shown = Vec::new();
        let client = self.client.as_mut().expect("a scenario begins with client");
        match verb {
            "connected" => client.handle_connected(self.now),
            "disconnected" => client.handle_disconnected(self.now),
            "wait" => return self.wait(parse_input::duration(words.next())),
            "due" => {
                let (at, reason) = client.poll_timeout().expect("a timeout");
                assert_eq!(reason, words.rest(), "after\n{}", self.transcript);
                self.now = self.now.max(at);
                client.handle_timeout(self.now);
            }
            "idle" => assert_eq!(client.poll_timeout(), None),
            "round-trip" => {
                let expect = parse_input::duration(words.next());
                assert_eq!(client.round_trip(), Some(expect));
            }
            "server-time" => {
                let expect = parse_input::duration(words.next());
                let shown = client.server_clock().map(|clock| clock.time(self.now));
                assert_eq!(shown, Some(expect), "after\n{}", self.transcript);
            }
            "join" | "command" | "cast" | "leave" | "list" | "bye" => {
                shown.extend(self.call(verb, &mut words));
            }
            "garbage" => client.handle_frame(Bytes::from_static(&[0x0a, 0x7f]), self.now),
            "unknown" => client.handle_frame(Bytes::from_static(&[0xfa, 0x07, 0x00]), self.now),
            _ => {
                let bytes = frame::server_frame(parse_input::body(verb, &mut words));
                let payload = frame::split(bytes).next().expect("one frame");
                client.handle_frame(payload, self.now);
            }
        }
        shown.extend(self.outputs());
        shown
    }

    /// Makes a call of the application; returns the error as text if the call is refused.
    fn call(&mut self, verb: &str, words: &mut Words<'_>) -> Option<String> {
        let (client, now) = (self.client.as_mut()?, self.now);
        let error = match verb {
            "join" => {
                let mut join = Join::new(words.next().parse().expect("a room"));
                join.mode = match words.option("mode") {
                    Some("existing") => JoinMode::Existing,
                    Some("create") => JoinMode::Create,
                    _ => JoinMode::OrCreate,
                };
                join.open = words
                    .option("open")
                    .map(parse_input::payload)
                    .unwrap_or_default();
                join.payload = parse_input::payload(words.rest());
                let joined = client.join(join, now);
                joined.map(|key| self.names.room(key)).err()?.to_string()
            }
            "command" => {
                let room = self.names.room_key(words.next());
                let given = client.command(room, parse_input::payload(words.rest()), now);
                given.map(|id| self.names.command(id)).err()?.to_string()
            }
            "cast" => {
                let room = self.names.room_key(words.next());
                let sent = client.send_unreliable(room, parse_input::payload(words.rest()), now);
                sent.err()?.to_string()
            }
            "leave" => {
                let room = self.names.room_key(words.next());
                client.leave(room, now).err()?.to_string()
            }
            "list" => {
                let kind = words.next().to_owned();
                let properties = words.option("map").map(|map| ("map".into(), map.into()));
                let asked = client.list(&kind, properties.into_iter().collect(), 0, now);
                asked.err()?.to_string()
            }
            _ => {
                client.bye(now);
                return None;
            }
        };
        Some(format!("! {error}"))
    }

    /// Lets time pass and handles each timeout when it is due.
    fn wait(&mut self, duration: Duration) -> Vec<String> {
        let until = self.now + duration;
        let mut shown = Vec::new();
        while let Some(client) = self.client.as_mut() {
            match client.poll_timeout() {
                Some((at, _)) if at <= until => {
                    self.now = self.now.max(at);
                    client.handle_timeout(self.now);
                }
                _ => break,
            }
            shown.extend(self.outputs());
        }
        self.now = until;
        shown
    }

    fn outputs(&mut self) -> Vec<String> {
        let Some(client) = self.client.as_mut() else {
            return Vec::new();
        };
        std::iter::from_fn(|| client.poll_output())
            .map(|output| format_output::output(&output, &mut self.names))
            .collect()
    }
}

fn settings(words: &mut Words<'_>) -> Settings {
    let endpoints = words.option("endpoints").map_or(1, parse_input::number);
    let credential = words
        .option("token")
        .map_or_else(Credential::guest, |token| Credential::Token(token.into()));
    let endpoints = usize::try_from(endpoints).ok().and_then(NonZeroUsize::new);
    let mut settings = Settings::new(endpoints.expect("endpoints"), credential);
    settings.sdk = "test".into();
    settings.resume = words
        .option("resume")
        .map(|ticket| Ticket(parse_input::payload(ticket)));
    settings.give_up_after = words.option("give-up").map(parse_input::duration);
    if let Some(commands) = words.option("commands") {
        settings.outstanding_commands_max = commands.parse().expect("commands");
    }
    if let Some(bytes) = words.option("bytes") {
        settings.outstanding_bytes_max = bytes.parse().expect("bytes");
    }
    settings
}
