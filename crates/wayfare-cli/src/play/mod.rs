//! `wayfare play`: joins a room from a terminal, prints events, and sends typed lines.

mod line;
mod print;
mod record;

use std::io::BufRead;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::sync::mpsc;
use tokio::time::timeout;
use wayfare_client::{Client, Credential, End, JoinMode, Room, RoomEvent, State};

use line::Line;
use record::Record;

/// Joins a room, prints its events, and sends it what is typed.
#[derive(Args, Clone, Debug)]
pub(crate) struct Play {
    /// The addresses of the server, and the room: [default: ws://127.0.0.1:7777 plaza/main].
    #[arg(value_name = "URL|ROOM")]
    targets: Vec<String>,
    /// A token of `token mint`; without one you are a guest.
    #[arg(long, env = "WAYFARE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Your name, as a guest.
    #[arg(long, default_value = "")]
    name: String,
    /// The data of the join, as JSON.
    #[arg(long, value_name = "JSON")]
    join: Option<String>,
    /// The settings of the room if the join creates it, as JSON.
    #[arg(long, value_name = "JSON")]
    open: Option<String>,
    /// Join only if the room exists.
    #[arg(long)]
    existing: bool,
    /// The longest wait before a reconnect, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 10_000)]
    backoff_max: u64,
    /// Write everything sent, answered and received to this file, as one JSON object per line.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// The time after which a person is told that no server answers.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// The target: addresses have a scheme, rooms have none.
#[derive(Debug, PartialEq)]
struct Target {
    urls: Vec<String>,
    room: String,
}

impl Target {
    fn of(targets: &[String]) -> Result<Self> {
        let (mut urls, rooms): (Vec<String>, Vec<String>) = targets
            .iter()
            .cloned()
            .partition(|target| target.contains("://"));
        if urls.is_empty() {
            urls.push("ws://127.0.0.1:7777".into());
        }
        let room = match <[String; 1]>::try_from(rooms) {
            Ok([room]) => room,
            Err(rooms) if rooms.is_empty() => "plaza/main".into(),
            Err(rooms) => bail!("one room at a time, not {}", rooms.join(" and ")),
        };
        Ok(Self { urls, room })
    }
}

/// Runs until the input ends, the person leaves or the membership ends.
pub(crate) fn run(play: Play) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(converse(play))
}

/// An input of the conversation that does not come from the room.
enum Aside {
    /// A line was typed; `None` at the end of the input.
    Typed(Option<String>),
    /// A command was answered.
    Answered(u64, record::Answer),
}

async fn converse(play: Play) -> Result<()> {
    let mut record = Record::create(play.record.as_deref())?;
    let target = Target::of(&play.targets)?;
    let (client, room) = enter(&play, &target).await?;
    let mut states = client.states();
    let (asides, mut heard) = mpsc::channel(64);
    read_input(asides.clone());
    let mut conversation = Conversation {
        sent: 0,
        waiting: 0,
        input_ended: false,
        asides,
        room,
    };
    let view = print::view(conversation.room.view::<rmpv::Value>());
    println!(
        "joined {} — type `say hello`, or `/help`\n{view}",
        target.room
    );
    record.joined(&view)?;
    let mut ended_told = false;
    while !conversation.is_over() {
        tokio::select! {
            event = conversation.room.next::<rmpv::Value>() => match event {
                None => break,
                Some(event) => {
                    let over = matches!(event, RoomEvent::Left { .. } | RoomEvent::Unread);
                    println!("{}", print::event(&event));
                    record.event(&event)?;
                    if over {
                        break;
                    }
                }
            },
            Some(aside) = heard.recv() => conversation.take(aside, &mut record)?,
            Ok(()) = states.changed() => {
                let state = states.borrow_and_update().clone();
                eprintln!("{}", print::state(&state));
                record.state(&state)?;
                if let State::Ended(_) = state {
                    ended_told = true;
                    break;
                }
            }
        }
    }
    // Events that arrived before the last answer are printed before leaving.
    while let Ok(Some(event)) =
        timeout(Duration::ZERO, conversation.room.next::<rmpv::Value>()).await
    {
        println!("{}", print::event(&event));
        record.event(&event)?;
    }
    client.close().await;
    // The room may have reported its end first. The session knows the reason.
    let state = states.borrow_and_update().clone();
    if let State::Ended(end) = state
        && end != End::Bye
    {
        if !ended_told {
            eprintln!("{}", print::state(&State::Ended(end.clone())));
            record.state(&State::Ended(end.clone()))?;
        }
        record.finish()?;
        bail!("{end}");
    }
    record.finish()
}

async fn enter(play: &Play, target: &Target) -> Result<(Client, Room)> {
    let mut builder = Client::builder().credential(match &play.token {
        Some(token) => Credential::Token(token.clone()),
        None => Credential::Guest {
            name: play.name.clone(),
        },
    });
    builder = builder.backoff_max(Duration::from_millis(play.backoff_max));
    for url in &target.urls {
        builder = builder.endpoint(url);
    }
    eprintln!("connecting to {} …", target.urls.join(", "));
    let client = builder.connect_within(CONNECT_TIME_MAX).connect().await;
    let client = client.with_context(|| {
        format!(
            "no server answered at {}; start one with `wayfare dev`, or name another address",
            target.urls.join(", ")
        )
    })?;
    let mut join = client.room(&target.room);
    if play.existing {
        join = join.mode(JoinMode::Existing);
    }
    if let Some(open) = &play.open {
        join = join.open_raw(line::payload(open).context("--open is not JSON")?);
    }
    let brings = match &play.join {
        Some(brings) => line::payload(brings).context("--join is not JSON")?,
        None => bytes::Bytes::new(),
    };
    let room = join
        .join_raw(brings)
        .await
        .with_context(|| format!("cannot join {}", target.room))?;
    Ok((client, room))
}

/// Reads lines on a thread of its own, because reading a terminal blocks.
fn read_input(asides: mpsc::Sender<Aside>) {
    std::thread::spawn(move || {
        for typed in std::io::stdin().lock().lines() {
            let Ok(typed) = typed else { break };
            if asides.blocking_send(Aside::Typed(Some(typed))).is_err() {
                return;
            }
        }
        // It is no error if the receiver is gone.
        drop(asides.blocking_send(Aside::Typed(None)));
    });
}

struct Conversation {
    room: Room,
    sent: u64,
    waiting: u64,
    input_ended: bool,
    asides: mpsc::Sender<Aside>,
}

impl Conversation {
    /// Returns true if the input has ended and every command is answered.
    fn is_over(&self) -> bool {
        self.input_ended && self.waiting == 0
    }

    fn take(&mut self, aside: Aside, record: &mut Record) -> Result<()> {
        match aside {
            Aside::Typed(None) => self.input_ended = true,
            Aside::Typed(Some(typed)) => match line::parse(&typed) {
                Ok(Line::Nothing) => {}
                Ok(Line::Help) => println!("{}", line::HELP),
                Ok(Line::View) => println!("{}", print::view(self.room.view::<rmpv::Value>())),
                Ok(Line::Quit) => self.input_ended = true,
                Ok(Line::Command(payload)) => self.send(&typed, payload, record)?,
                Err(error) => eprintln!("{error:#}"),
            },
            Aside::Answered(number, answer) => {
                self.waiting -= 1;
                if let Some(text) = print::answer(&answer) {
                    println!("{text}");
                }
                record.answered(number, &answer)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, typed: &str, payload: bytes::Bytes, record: &mut Record) -> Result<()> {
        self.sent += 1;
        self.waiting += 1;
        let number = self.sent;
        record.sent(number, typed)?;
        let (sender, asides) = (self.room.sender(), self.asides.clone());
        tokio::spawn(async move {
            let answer = sender.send_raw(payload).await;
            // If the conversation is over, the answer is not needed.
            drop(asides.send(Aside::Answered(number, answer)).await);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_room_come_in_any_order() {
        let check = |targets: &[&str], urls: &[&str], room: &str| {
            let targets: Vec<String> = targets.iter().map(|text| (*text).into()).collect();
            let urls = urls.iter().map(|text| (*text).into()).collect();
            let expected = Target {
                urls,
                room: room.into(),
            };
            assert_eq!(Target::of(&targets).unwrap(), expected);
        };
        check(&[], &["ws://127.0.0.1:7777"], "plaza/main");
        check(&["ws://a:1", "chess/7"], &["ws://a:1"], "chess/7");
        check(
            &["chess/7", "ws://a:1", "ws://b:1"],
            &["ws://a:1", "ws://b:1"],
            "chess/7",
        );
        assert!(Target::of(&["chess/7".into(), "chess/8".into()]).is_err());
    }
}
