//! Parses the inputs of an exchange.
//!
//! `a` is a handle, `#2` a sequence of the client, `@10` a sequence of the room, `e=5` an epoch,
//! `m=1` a membership. The remaining text is the payload, and `x*3` repeats a text.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::wire::{self, reply, server_frame::Body};

/// The words of one line. `key=value`, `#n` and `@n` may stand anywhere.
pub(crate) struct Words<'a> {
    words: Vec<&'a str>,
}

impl<'a> Words<'a> {
    pub(crate) fn new(line: &'a str) -> Self {
        Self {
            words: line.split_whitespace().collect(),
        }
    }

    pub(crate) fn next(&mut self) -> &'a str {
        if self.words.is_empty() {
            return "";
        }
        self.words.remove(0)
    }

    pub(crate) fn option(&mut self, key: &str) -> Option<&'a str> {
        let value = |word: &&'a str| word.strip_prefix(key)?.strip_prefix('=');
        let index = self.words.iter().position(|word| value(word).is_some())?;
        value(&self.words.remove(index))
    }

    fn flag(&mut self, flag: &str) -> bool {
        let index = self.words.iter().position(|word| *word == flag);
        index.map(|index| self.words.remove(index)).is_some()
    }

    fn marked(&mut self, mark: char) -> u64 {
        let index = self.words.iter().position(|word| word.starts_with(mark));
        index.map_or(0, |index| number(&self.words.remove(index)[1..]))
    }

    fn option_number(&mut self, key: &str) -> u64 {
        self.option(key).map_or(0, number)
    }

    fn option_number32(&mut self, key: &str) -> u32 {
        u32::try_from(self.option_number(key)).expect("32 bits")
    }

    pub(crate) fn rest(&mut self) -> String {
        std::mem::take(&mut self.words).join(" ")
    }
}

pub(crate) fn number(text: &str) -> u64 {
    match text {
        "max" => u64::MAX,
        text => text
            .parse()
            .unwrap_or_else(|_| panic!("{text:?} is no number")),
    }
}

pub(crate) fn duration(text: &str) -> Duration {
    match text.strip_suffix("ms") {
        Some(millis) => Duration::from_millis(number(millis)),
        None => Duration::from_secs(number(text.strip_suffix('s').expect("s or ms"))),
    }
}

pub(crate) fn payload(text: impl AsRef<str>) -> Bytes {
    let text = text.as_ref();
    match text.split_once('*') {
        Some((part, times)) => part.repeat(times.parse().expect("a count")).into(),
        None => text.to_owned().into(),
    }
}

/// Returns the session id for a text: the text padded to 16 bytes.
pub(crate) fn session(text: &str) -> Bytes {
    format!("{text:0>16}").into()
}

fn handle(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap_or_else(|_| panic!("{text:?} is no handle"))
}

fn error(code: &str, words: &mut Words<'_>) -> wire::Error {
    wire::Error {
        code: u32::try_from(number(code)).expect("a code"),
        detail: words.option_number32("detail"),
        retry_after_ms: words.option_number32("retry"),
        message: words.rest(),
    }
}

/// Returns the server frame with this name.
pub(crate) fn body(verb: &str, words: &mut Words<'_>) -> Body {
    match verb {
        "welcome" => Body::Welcome(welcome(words)),
        "ended" => {
            let code = words.next();
            let error = Some(error(code, words));
            Body::Ended(wire::Ended { error })
        }
        "joined" => Body::Joined(wire::Joined {
            room: words.next().into(),
            handle: handle(words.next()),
            sequence: words.marked('#'),
            membership: words.option_number32("m"),
            epoch: words.option_number("e"),
            position: words.marked('@'),
            applied: words.option_number("applied"),
            view: words.rest().into(),
        }),
        "join-refused" => Body::JoinRefused(wire::JoinRefused {
            room: words.next().into(),
            sequence: words.marked('#'),
            error: words.option("error").map(|code| error(code, words)),
        }),
        "pong" => Body::Pong(wire::Pong {
            time_ms: words.option_number("time"),
            nonce: number(words.next()),
        }),
        "listing" => Body::Listing(listing(words)),
        verb => room_body(verb, handle(words.next()), words),
    }
}

fn room_body(verb: &str, handle: u64, words: &mut Words<'_>) -> Body {
    let sequence = words.marked('@');
    let applied = words.marked('#');
    let epoch = words.option_number("e");
    let membership = words.option_number32("m");
    match verb {
        "event" => Body::Event(wire::Event {
            handle,
            sequence,
            payload: words.rest().into(),
        }),
        "unreliable" => Body::Unreliable(wire::Unreliable {
            handle,
            membership,
            payload: words.rest().into(),
        }),
        "reply" => Body::Reply(wire::Reply {
            handle,
            sequence,
            command: applied,
            result: Some(match words.option("error") {
                Some(code) => reply::Result::Error(error(code, words)),
                None => reply::Result::Payload(words.rest().into()),
            }),
        }),
        "applied" => Body::Applied(wire::Applied { handle, applied }),
        "position" => Body::Position(wire::Position { handle, sequence }),
        "attached" => Body::Attached(wire::Attached {
            handle,
            epoch,
            from: sequence,
            applied,
            failed: words.option_number("failed"),
        }),
        "resync" => Body::Resync(wire::Resync {
            handle,
            epoch,
            position: sequence,
            applied,
            failed: words.option_number("failed"),
            // By default the events after the position of the view are void.
            stands: words.option("stands").map_or(sequence, number),
            view: words.rest().into(),
        }),
        "left" => Body::Left(wire::Left {
            handle,
            membership,
            reason: words.option("reason").map_or(0, leave_reason).into(),
            message: words.rest(),
            applied,
        }),
        verb => panic!("{verb:?} is no input"),
    }
}

fn leave_reason(text: &str) -> u16 {
    u16::try_from(number(text)).expect("a reason")
}

fn welcome(words: &mut Words<'_>) -> wire::Welcome {
    wire::Welcome {
        version: words.option("version").map_or(1, |version| {
            u32::try_from(number(version)).expect("a version")
        }),
        resumed: words.flag("resumed"),
        heartbeat_ms: words.option_number32("heartbeat"),
        grace_ms: 60_000,
        time_ms: words.option_number("time"),
        limits: Some(wire::Limits {
            frame_bytes_max: words.option_number32("frame"),
            rooms_max: words.option_number32("rooms"),
            frames_per_second: 100,
        }),
        session: session(words.next()),
        ticket: words.next().to_owned().into(),
        player: "ada".into(),
    }
}

fn listing(words: &mut Words<'_>) -> wire::Listing {
    let request = u32::try_from(number(words.next())).expect("a request");
    let error = words.option("error").map(|code| error(code, words));
    let truncated = words.flag("truncated");
    let rooms = words.rest();
    let room = |room: &str| wire::ListedRoom {
        room: room.into(),
        members: 1,
        members_max: 8,
        locked: false,
        properties: BTreeMap::new(),
    };
    wire::Listing {
        request,
        rooms: rooms.split_whitespace().map(room).collect(),
        truncated,
        error,
    }
}
