//! A room that executes the test's instructions, and records the calls of its handlers.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayfare::prelude::*;
use wayfare::testing::Table;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Probe {
    pub(crate) opened_with: String,
    pub(crate) log: Vec<String>,
    timers: Vec<TimerId>,
    #[serde(skip)]
    pub(crate) greetings: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Does nothing.
    Nothing,
    /// Writes to the log.
    Log(String),
    /// Sends the text to everyone.
    Say(String),
    /// Sends the text to this audience.
    SayTo(Whom, String),
    /// Sends the text to everyone, unreliably.
    Murmur(String),
    /// Says hello to each member by name.
    Greet,
    /// Draws twice in one expression.
    Draw,
    /// Leaves a note that logs itself.
    After(Duration, String),
    /// Cancels the timer of this index.
    Cancel(usize),
    /// Kicks a player.
    Kick(PlayerId, String),
    /// Closes the room.
    Close,
    /// Locks it or unlocks it.
    Lock(bool),
    /// Hides it or shows it.
    Hide(bool),
    /// Sets or removes a property.
    Property(String, Option<String>),
    /// Checks if this player is a member, and counts the members.
    Count(PlayerId),
    /// Sends the text to everyone, changes nothing else, and refuses.
    Refuse(String),
    /// Sends the text to everyone, and panics.
    Panic(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Whom {
    Me,
    Id(PlayerId),
    Ids(Vec<PlayerId>),
    ButMe,
    ButIds(Vec<PlayerId>),
}

impl Room for Probe {
    type Open = String;
    type Join = String;
    type Command = Ask;
    type Reply = u64;
    type Event = String;
    type View = Vec<String>;
    type Note = String;

    fn open(open: String, cx: &Context<Self>) -> Result<Self, Refusal> {
        if open == "refuse" {
            return Err(Refusal::new("it stays closed").detail(7));
        }
        if open == "with a timer" {
            cx.after(Duration::from_secs(1), "opened".to_owned());
        }
        Ok(Self {
            opened_with: open,
            ..Self::default()
        })
    }

    fn join(&mut self, player: &Player, join: String, cx: &Context<Self>) -> Result<(), Refusal> {
        match join.as_str() {
            "refuse me" => return Err(Refusal::new("no entry").detail(9)),
            "greet me" => cx.send(player, &format!("welcome, {}", player.name())),
            "tell all" => cx.send(Everyone, &format!("{} is here", player.name())),
            _ => {}
        }
        self.log.push(format!("{} joined", player.name()));
        Ok(())
    }

    fn view(&self, player: &Player, _: &ViewContext<'_>) -> Vec<String> {
        let mine = std::iter::once(format!("for {}", player.name()));
        mine.chain(self.log.iter().cloned()).collect()
    }

    fn command(&mut self, player: &Player, ask: Ask, cx: &Context<Self>) -> Result<u64, Refusal> {
        match ask {
            Ask::Nothing => {}
            Ask::Log(text) => self.log.push(text),
            Ask::Say(text) => cx.send(Everyone, &text),
            Ask::SayTo(whom, text) => say_to(player, &whom, &text, cx),
            Ask::Murmur(text) => cx.send_unreliable(Everyone, &text),
            Ask::Greet => {
                self.greetings += 1;
                for member in cx.members() {
                    cx.send(&member, &format!("hello, {}", member.name()));
                }
            }
            Ask::Draw => {
                let (first, second) = (cx.rng().random::<u32>(), cx.rng().random::<u32>());
                return Ok(u64::from(first) << 32 | u64::from(second));
            }
            Ask::After(delay, note) => self.timers.push(cx.after(delay, note)),
            Ask::Cancel(index) => cx.cancel(self.timers[index]),
            Ask::Kick(player, message) => cx.kick(&player, &message),
            Ask::Close => cx.close(),
            Ask::Lock(locked) => cx.set_locked(locked),
            Ask::Hide(hidden) => cx.set_private(hidden),
            Ask::Property(name, Some(value)) => cx.set_property(&name, &value),
            Ask::Property(name, None) => cx.remove_property(&name),
            Ask::Count(player) => {
                assert_eq!(cx.is_member(&player), cx.member(&player).is_some());
                return Ok(cx.member_count() as u64 * 10 + u64::from(cx.is_member(&player)));
            }
            Ask::Refuse(text) => {
                cx.send(Everyone, &text);
                return Err(Refusal::new("I refuse").detail(42));
            }
            Ask::Panic(text) => {
                cx.send(Everyone, &text);
                panic!("as I was told");
            }
        }
        Ok(0)
    }

    fn tick(&mut self, cx: &Context<Self>) {
        self.log.push(format!("tick at {:?}", cx.now()));
    }

    fn note(&mut self, note: String, cx: &Context<Self>) {
        self.log.push(format!("{note} at {:?}", cx.now()));
    }

    fn leave(&mut self, player: &Player, reason: LeaveReason, _: &Context<Self>) {
        self.log.push(format!("{} left: {reason:?}", player.name()));
    }

    fn presence(&mut self, player: &Player, attached: bool, _: &Context<Self>) {
        let now = if attached { "back" } else { "away" };
        self.log.push(format!("{} {now}", player.name()));
    }
}

fn say_to(player: &Player, whom: &Whom, text: &String, cx: &Context<'_, Probe>) {
    match whom {
        Whom::Me => cx.send(player, text),
        Whom::Id(id) => cx.send(id, text),
        Whom::Ids(ids) => cx.send(ids, text),
        Whom::ButMe => cx.send(Everyone.except(player), text),
        Whom::ButIds(ids) => cx.send(Everyone.except(ids.as_slice()), text),
    }
}

/// Opens a room that ada, bob and cleo join, one after the other.
pub(crate) fn three_players() -> Table<Probe> {
    let mut table = Table::open(String::new());
    for player in ["ada", "bob", "cleo"] {
        table.join(player, String::new()).unwrap();
    }
    table
}

pub(crate) fn id(name: &str) -> PlayerId {
    name.parse().unwrap()
}

pub(crate) fn text(text: &str) -> String {
    text.to_owned()
}
