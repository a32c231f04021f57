//! Formats the outputs of a client as the lines of an exchange.

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_client_core::{CommandId, Event, ListId, Listing, Output, RoomKey, ServerError};
use wayfare_protocol::wire::{client_frame::Body, hello};
use wayfare_protocol::{Handle, frame};

/// Names for joins (`r1`, `r2`, …) and commands (`c1`, `c2`, …) in their order.
#[derive(Default)]
pub(crate) struct Names {
    rooms: Vec<RoomKey>,
    commands: BTreeMap<CommandId, usize>,
}

impl Names {
    pub(crate) fn room(&mut self, key: RoomKey) -> String {
        let index = self.rooms.iter().position(|known| *known == key);
        let index = index.unwrap_or_else(|| {
            self.rooms.push(key);
            self.rooms.len() - 1
        });
        format!("r{}", index + 1)
    }

    pub(crate) fn room_key(&self, name: &str) -> RoomKey {
        let index = name.strip_prefix('r').and_then(|index| index.parse().ok());
        let index: usize = index.unwrap_or_else(|| panic!("{name:?} is no stay"));
        self.rooms[index - 1]
    }

    pub(crate) fn command(&mut self, id: CommandId) -> String {
        let next = self.commands.len() + 1;
        format!("c{}", self.commands.entry(id).or_insert(next))
    }
}

pub(crate) fn output(output: &Output, names: &mut Names) -> String {
    let text = match output {
        Output::Connect { endpoint } => format!("connect {endpoint}"),
        Output::Disconnect => "disconnect".into(),
        Output::Send(payload) => frame_text(&frame::decode_client(payload).expect("a frame")),
        Output::Event(event) => format!("* {}", event_text(event, names)),
    };
    text.trim_end().to_owned()
}

fn text(payload: &Bytes) -> String {
    match payload.len() {
        0..40 => String::from_utf8_lossy(payload).into_owned(),
        length => format!("{length} bytes"),
    }
}

fn frame_text(body: &Body) -> String {
    let target = |handle, membership| format!("{:x} m={membership}", Handle(handle).0);
    match body {
        Body::Hello(hello) => {
            let versions = format!("{}-{}", hello.version_min, hello.version_max);
            let credential = match hello.credential.as_ref() {
                Some(hello::Credential::Token(token)) => format!("token={token}"),
                Some(hello::Credential::Ticket(ticket)) => format!("ticket={}", text(ticket)),
                Some(hello::Credential::Guest(guest)) => format!("guest {}", guest.name),
                None => "nobody".into(),
            };
            format!("hello {versions} {} {credential}", hello.sdk)
        }
        Body::Acknowledge(_) => "acknowledge".into(),
        Body::Join(join) => {
            let mode = join.mode().as_str_name();
            let open = match join.open.len() {
                0 => String::new(),
                _ => format!(" open={}", text(&join.open)),
            };
            let payload = text(&join.payload);
            format!("{mode} {} #{}{open} {payload}", join.room, join.sequence)
        }
        Body::Command(command) => format!(
            "command {} #{} {}",
            target(command.handle, command.membership),
            command.sequence,
            text(&command.payload)
        ),
        Body::Leave(leave) => format!(
            "leave {} #{}",
            target(leave.handle, leave.membership),
            leave.sequence
        ),
        Body::Attach(attach) => format!(
            "attach {} {} e={} @{}",
            attach.room,
            target(attach.handle, attach.membership),
            attach.epoch,
            attach.sequence
        ),
        Body::Unreliable(unreliable) => format!(
            "unreliable {} {}",
            target(unreliable.handle, unreliable.membership),
            text(&unreliable.payload)
        ),
        Body::Ping(ping) => format!("ping {}", ping.nonce),
        Body::List(list) => format!("list {} {} {:?}", list.request, list.kind, list.properties),
        Body::Bye(_) => "bye".into(),
    }
}

fn event_text(event: &Event, names: &mut Names) -> String {
    match event {
        Event::Connected {
            player, resumed, ..
        } => {
            let how = if *resumed { "resumed" } else { "anew" };
            format!("connected {how} {player}")
        }
        // The delay is random; the tests of `route` check its bounds.
        Event::Interrupted { cause, .. } => format!("interrupted: {cause}"),
        Event::SessionLost => "session lost".into(),
        Event::Ended(end) => format!("ended: {end}"),
        Event::Joined {
            room,
            view,
            position,
        } => format!("joined {} @{position} {}", names.room(*room), text(view)),
        Event::JoinRefused { room, error } => {
            format!("join refused {}: {error}", names.room(*room))
        }
        Event::Event {
            room,
            sequence,
            payload,
        } => format!("event {} @{sequence} {}", names.room(*room), text(payload)),
        Event::Unreliable { room, payload } => {
            format!("unreliable {} {}", names.room(*room), text(payload))
        }
        Event::Reply {
            room,
            command,
            result,
        } => {
            let (room, command) = (names.room(*room), names.command(*command));
            match result {
                Ok(payload) => format!("reply {room} {command} {}", text(payload)),
                Err(error) => format!("reply {room} {command}! {error}"),
            }
        }
        Event::Resync {
            room,
            view,
            position,
            lost_replies,
            fell_back,
            ..
        } => {
            let room = names.room(*room);
            let back = if *fell_back { " fell back" } else { "" };
            format!(
                "resync {room} @{position} lost={lost_replies}{back} {}",
                text(view)
            )
        }
        Event::FellBack { room } => format!("fell back {}", names.room(*room)),
        Event::Left {
            room,
            reason,
            message,
        } => format!("left {}: {reason} {message}", names.room(*room)),
        Event::Listing { list, result } => listing_text(*list, result),
    }
}

fn listing_text(list: ListId, result: &Result<Listing, ServerError>) -> String {
    match result {
        Ok(listing) => {
            let rooms = listing.rooms.iter().map(|listed| listed.room.as_str());
            let rooms = rooms.collect::<Vec<_>>().join(" ");
            let more = if listing.truncated { " and more" } else { "" };
            format!("{list:?} {rooms}{more}")
        }
        Err(error) => format!("{list:?}! {error}"),
    }
}
