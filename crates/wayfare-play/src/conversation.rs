//! The conversation between a person and a room.

use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use rmpv::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;
use wayfare_client::{Client, End, Room, RoomEvent, State};

use crate::line::{self, Line};
use crate::names::Names;
use crate::print;
use crate::record::{Answer, Record};
use crate::screen::{self, Keyboard, Screen};

/// Inputs that wait for the conversation.
const ASIDES_MAX: usize = 64;

/// An input of the conversation that does not come from the room.
enum Aside {
    /// A line was typed; `None` at the end of the input.
    Typed(Option<String>),
    /// A command was answered.
    Answered(u64, Answer),
}

/// A room, a terminal, and what was sent.
pub(crate) struct Conversation {
    client: Client,
    room: Room,
    screen: Screen,
    names: Names,
    record: Record,
    sent: u64,
    waiting: u64,
    /// Nothing more is sent: the input has ended, or the person leaves.
    input_ended: bool,
    /// The end of the session was printed.
    end_told: bool,
    asides: mpsc::Sender<Aside>,
    heard: mpsc::Receiver<Aside>,
}

impl Conversation {
    /// Begins to read the input.
    pub(crate) fn start(client: Client, room: Room, record: Record) -> Result<Self> {
        let (screen, keyboard) = screen::open()?;
        let (asides, heard) = mpsc::channel(ASIDES_MAX);
        read_input(keyboard, asides.clone());
        Ok(Self {
            client,
            room,
            screen,
            names: Names::default(),
            record,
            sent: 0,
            waiting: 0,
            input_ended: false,
            end_told: false,
            asides,
            heard,
        })
    }

    /// Converses until one side ends it, and says goodbye.
    pub(crate) async fn run(mut self, name: &str) -> Result<()> {
        let view = self.view();
        self.screen
            .line(&format!("joined {name} — type `say hello`, or `/help`"));
        self.screen.line(&view);
        self.record
            .joined(&print::view(self.room.view::<Value>(), &Names::default()))?;
        self.converse().await?;
        // Events that arrived before the last answer are printed before leaving.
        while let Ok(Some(event)) = timeout(Duration::ZERO, self.room.next::<Value>()).await {
            self.hear(&event)?;
        }
        let states = self.client.states();
        self.client.clone().close().await;
        // The room may have reported its end first. The session knows the reason.
        let state = states.borrow().clone();
        if let State::Ended(end) = &state
            && *end != End::Bye
        {
            if !self.end_told {
                self.change(&state)?;
            }
            self.record.finish()?;
            bail!("{end}");
        }
        self.record.finish()
    }

    async fn converse(&mut self) -> Result<()> {
        let mut states = self.client.states();
        while !self.is_over() {
            tokio::select! {
                event = self.room.next::<Value>() => match event {
                    None => return Ok(()),
                    Some(event) => {
                        self.hear(&event)?;
                        if matches!(event, RoomEvent::Left { .. } | RoomEvent::Unread) {
                            return Ok(());
                        }
                    }
                },
                Some(aside) = self.heard.recv() => self.take(aside)?,
                Ok(()) = states.changed() => {
                    let state = states.borrow_and_update().clone();
                    self.change(&state)?;
                    if self.end_told {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns true if the input has ended and every command is answered, or nobody reads.
    const fn is_over(&self) -> bool {
        self.screen.is_gone() || self.input_ended && self.waiting == 0
    }

    fn hear(&mut self, event: &RoomEvent<Value>) -> Result<()> {
        match event {
            RoomEvent::Event(value) | RoomEvent::Unreliable(value) => {
                self.names.learn_event(value);
            }
            RoomEvent::Resync(resync) => {
                let view = resync.view.decode::<Value>();
                view.iter().for_each(|view| self.names.learn(view));
            }
            _ => {}
        }
        for line in print::event(event, &self.names) {
            self.screen.line(&line);
        }
        self.record.event(event)
    }

    fn change(&mut self, state: &State) -> Result<()> {
        self.screen.notice(&print::state(state));
        self.end_told = matches!(state, State::Ended(_));
        self.record.state(state)
    }

    fn take(&mut self, aside: Aside) -> Result<()> {
        match aside {
            Aside::Typed(None) => self.input_ended = true,
            Aside::Typed(Some(typed)) => match line::parse(&typed) {
                Ok(Line::Nothing) => {}
                Ok(Line::Help) => self.screen.text(line::HELP),
                Ok(Line::View) => {
                    let view = self.view();
                    self.screen.text(&view);
                }
                Ok(Line::Quit) => self.input_ended = true,
                Ok(Line::Command(payload)) => self.send(&typed, payload)?,
                Err(error) => self.screen.notice(&format!("{error:#}")),
            },
            Aside::Answered(number, answer) => {
                self.waiting -= 1;
                if let Some(text) = print::answer(&answer, &self.names) {
                    self.screen.line(&text);
                }
                self.record.answered(number, &answer)?;
            }
        }
        Ok(())
    }

    fn view(&mut self) -> String {
        let view = self.room.view::<Value>();
        view.iter().for_each(|view| self.names.learn(view));
        print::view(view, &self.names)
    }

    fn send(&mut self, typed: &str, payload: Bytes) -> Result<()> {
        self.sent += 1;
        self.waiting += 1;
        let number = self.sent;
        self.record.sent(number, typed)?;
        let (sender, asides) = (self.room.sender(), self.asides.clone());
        tokio::spawn(async move {
            let answer = sender.send_raw(payload).await;
            // If the conversation is over, the answer is not needed.
            drop(asides.send(Aside::Answered(number, answer)).await);
        });
        Ok(())
    }
}

/// Reads lines on a thread of its own, because reading blocks.
fn read_input(keyboard: Keyboard, asides: mpsc::Sender<Aside>) {
    std::thread::spawn(move || {
        keyboard.read(|typed| asides.blocking_send(Aside::Typed(Some(typed))).is_ok());
        // It is no error if the receiver is gone.
        drop(asides.blocking_send(Aside::Typed(None)));
    });
}
