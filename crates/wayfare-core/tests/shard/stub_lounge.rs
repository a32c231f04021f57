//! A room whose commands are words, so that a test can make it do anything.

use std::time::Duration;

use wayfare_core::game::{Kind, KindSettings, LeaveReason, Player, Refusal, RoomKind, RoomLogic};
use wayfare_core::{Audience, HandlerContext};
use wayfare_protocol::PlayerId;

/// Everything that happened to it, one line each.
#[derive(Default)]
pub(crate) struct Lounge {
    log: Vec<String>,
}

pub(crate) struct LoungeKind;

/// Kinds `lounge` with these settings.
pub(crate) fn lounge(settings: KindSettings) -> Kind {
    Kind {
        name: "lounge".into(),
        logic: Box::new(LoungeKind),
        settings,
    }
}

impl RoomKind for LoungeKind {
    fn open(&self, open: &[u8], cx: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        match open {
            b"refuse" => return Err(Refusal::new("not today")),
            b"panic" => panic!("the lounge fell in"),
            b"private" => cx.set_private(true),
            _ => {}
        }
        Ok(Box::new(Lounge::default()))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        let text = String::from_utf8_lossy(snapshot);
        Ok(Box::new(Lounge {
            log: text.lines().map(str::to_owned).collect(),
        }))
    }
}

impl Lounge {
    fn note_down(&mut self, line: impl Into<String>) {
        self.log.push(line.into());
    }
}

fn all(cx: &HandlerContext<'_>, text: &str) {
    cx.send(Audience::Everyone, |bytes| {
        bytes.extend_from_slice(text.as_bytes());
    });
}

fn id(name: &str) -> PlayerId {
    PlayerId::new(name).unwrap()
}

impl RoomLogic for Lounge {
    fn join(
        &mut self,
        player: &Player,
        payload: &[u8],
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        match payload {
            b"refuse" => return Err(Refusal::new("not you").detail(7)),
            b"panic" => panic!("what a guest"),
            b"kicked" => cx.kick(&player.id, "out"),
            _ => {}
        }
        self.note_down(format!("join {}", player.id));
        cx.send(Audience::Only(std::slice::from_ref(&player.id)), |bytes| {
            bytes.extend_from_slice(b"welcome");
        });
        all(cx, &format!("{} came", player.id));
        Ok(())
    }

    /// The log; once somebody said `show`, who is attached instead.
    fn view(&self, _: &Player, cx: &HandlerContext<'_>, into: &mut Vec<u8>) -> Result<(), Refusal> {
        let attached = cx.members().filter(|member| cx.is_attached(&member.id));
        let view = match self.log.iter().any(|line| line.ends_with(": show")) {
            true => attached.map(|member| member.id.to_string()).collect(),
            false => self.log.clone(),
        };
        into.extend_from_slice(view.join("\n").as_bytes());
        Ok(())
    }

    fn command(
        &mut self,
        player: &Player,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let text = String::from_utf8_lossy(payload).into_owned();
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        self.note_down(format!("{}: {text}", player.id));
        match word {
            "say" => all(cx, rest),
            "quiet" | "show" => {}
            "echo" => reply.extend_from_slice(rest.as_bytes()),
            "others" => cx.send(
                Audience::Except(std::slice::from_ref(&player.id)),
                |bytes| {
                    bytes.extend_from_slice(rest.as_bytes());
                },
            ),
            "to" => {
                let (who, what) = rest.split_once(' ').unwrap();
                cx.send(Audience::Only(&[id(who)]), |bytes| {
                    bytes.extend_from_slice(what.as_bytes());
                });
            }
            "wave" => cx.send_unreliable(Audience::Everyone, |bytes| {
                bytes.extend_from_slice(rest.as_bytes());
            }),
            "refuse" => {
                all(cx, "never heard");
                return Err(Refusal::new("no").detail(3));
            }
            "panic" => {
                all(cx, "never heard");
                panic!("as asked");
            }
            "after" => {
                let (millis, note) = rest.split_once(' ').unwrap();
                let delay = Duration::from_millis(millis.parse().unwrap());
                cx.after(delay, |bytes| bytes.extend_from_slice(note.as_bytes()));
            }
            "kick" => cx.kick(&id(rest), "told to"),
            "lock" => cx.set_locked(true),
            "unlock" => cx.set_locked(false),
            "close" => cx.close(),
            "set" => {
                let (name, value) = rest.split_once('=').unwrap();
                cx.set_property(name, Some(value));
            }
            "who" => {
                let names: Vec<&str> = cx.members().map(|player| player.id.as_str()).collect();
                reply.extend_from_slice(names.join(",").as_bytes());
            }
            "dice" => {
                use rand::Rng;
                reply.extend_from_slice(cx.rng().next_u64().to_string().as_bytes());
            }
            "fill" => cx.send(Audience::Everyone, |bytes| {
                bytes.resize(bytes.len() + rest.parse::<usize>().unwrap(), b'x');
            }),
            other => return Err(Refusal::new(format!("what is {other}?"))),
        }
        Ok(())
    }

    fn tick(&mut self, cx: &HandlerContext<'_>) {
        all(cx, &format!("tick {}", cx.age().as_millis()));
    }

    fn note(&mut self, note: &[u8], cx: &HandlerContext<'_>) -> Result<(), Refusal> {
        match note {
            b"panic" => panic!("by note"),
            b"bad" => Err(Refusal::new("unreadable")),
            note => {
                all(cx, &format!("note {}", String::from_utf8_lossy(note)));
                Ok(())
            }
        }
    }

    fn leave(&mut self, player: &Player, reason: LeaveReason, cx: &HandlerContext<'_>) {
        self.note_down(format!("leave {} {reason:?}", player.id));
        all(cx, &format!("{} left: {reason:?}", player.id));
    }

    fn presence(&mut self, player: &Player, attached: bool, cx: &HandlerContext<'_>) {
        all(
            cx,
            &format!(
                "{} {}",
                player.id,
                if attached { "is back" } else { "is away" }
            ),
        );
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        into.extend_from_slice(self.log.join("\n").as_bytes());
        Ok(())
    }
}
