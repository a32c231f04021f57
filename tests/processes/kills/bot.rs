//! A bot that sends commands without pause and records everything it receives.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use plaza::messages::{Command, Event, Outfit, World};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};
use wayfare_client::{Client, CommandError, Room, RoomEvent, State};

use super::account::{Account, Entry};
use super::picture::Picture;

/// The maximum number of unanswered commands.
const OUTSTANDING_MAX: usize = 3;
/// The number of commands that each bot sends after the last kill.
const LAST_COMMANDS: u64 = 10;
/// The text of the last line in every room.
pub(crate) const LAST_WORDS: &str = "that was all";

/// The stage of the test, the same for all bots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// All bots join.
    Gather,
    Talk,
    /// The bots send a few more commands, then wait for their answers and the last words.
    Listen,
}

/// The behaviour of a bot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// The pause between two commands, so that rooms that answer at once leave the machine to the
    /// others.
    pub(crate) pace: Duration,
    /// The longest time until it notices that the server is back.
    pub(crate) backoff_max: Duration,
}

type Answer = Result<(), CommandError>;
type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

pub(crate) struct Bot {
    client: Client,
    states: watch::Receiver<State>,
    room: Room,
    me: String,
    account: Arc<Mutex<Account>>,
    /// The pending answers, in the order of sending.
    answering: VecDeque<(u64, Answering)>,
    sent: u64,
    commands_max: Option<u64>,
    pace: Interval,
}

impl Bot {
    /// Joins a room as a guest.
    pub(crate) async fn join(url: &str, name: String, room: &str, manner: Manner) -> Self {
        let client = Client::builder().endpoint(url).guest(&name);
        let client = client.backoff_max(manner.backoff_max);
        let client = client.connect().await.unwrap();
        let states = client.states();
        let State::Connected { player, .. } = states.borrow().clone() else {
            panic!("{name} is not connected");
        };
        let me = player.to_string();
        let room = client.join(room, &Outfit::default()).await.unwrap();
        let mut account = Account::new(name, me.clone());
        let (at, view) = (room.position(), room.view().unwrap());
        account.note(Entry::Joined { at, view });
        let mut pace = interval(manner.pace);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            client,
            states,
            room,
            me,
            account: Arc::new(Mutex::new(account)),
            answering: VecDeque::new(),
            sent: 0,
            commands_max: None,
            pace,
        }
    }

    /// Returns the account, which can be read at any time.
    pub(crate) fn account(&self) -> Arc<Mutex<Account>> {
        Arc::clone(&self.account)
    }

    /// Acts by the stages until the last words are received, or its membership ends. Drops `quiet`
    /// when it waits only for the last words.
    pub(crate) async fn play(
        mut self,
        mut stage: watch::Receiver<Stage>,
        quiet: watch::Receiver<()>,
    ) {
        let mut quiet = Some(quiet);
        loop {
            let now = *stage.borrow_and_update();
            if now == Stage::Listen {
                self.commands_max.get_or_insert(self.sent + LAST_COMMANDS);
            }
            let done = self.commands_max == Some(self.sent);
            if done && self.answering.is_empty() {
                quiet = None;
            }
            let may_talk = now != Stage::Gather && !done;
            let talks = may_talk && self.answering.len() < OUTSTANDING_MAX;
            tokio::select! {
                biased;
                (number, answer) = answered(&mut self.answering) => {
                    self.note(Entry::Answered(number, answer));
                }
                happened = self.room.next() => {
                    if self.hear(happened) {
                        break;
                    }
                }
                Ok(()) = self.states.changed() => self.note_state(),
                Ok(()) = stage.changed() => {}
                _ = self.pace.tick(), if talks => self.talk(),
            }
        }
        drop(quiet);
        self.client.close().await;
    }

    /// Waits until this many players are in the room and connected, and sends the last words.
    pub(crate) async fn end(mut self, walkers: usize) {
        let mut picture = Picture(self.room.view().unwrap());
        while !picture.is_complete(walkers, &self.me) {
            let happened = self.room.next::<Event>().await;
            if let Some(RoomEvent::Event(event)) = &happened {
                picture.apply(event);
            }
            if self.hear(happened) {
                return;
            }
        }
        let said = self.room.send(&Command::Say(LAST_WORDS.into())).await;
        self.note(Entry::Answered(0, said));
        while let happened = self.room.next().await
            && !self.hear(happened)
        {}
        self.client.close().await;
    }

    fn talk(&mut self) {
        self.sent += 1;
        let words = self.account_now().words(self.sent);
        self.note(Entry::Sent(self.sent));
        let sender = self.room.sender();
        let answering = async move { sender.send(&Command::Say(words)).await };
        self.answering.push_back((self.sent, Box::pin(answering)));
    }

    /// Records an event. Returns true if it is the last one.
    fn hear(&mut self, happened: Option<RoomEvent<Event>>) -> bool {
        let entry = match happened {
            Some(RoomEvent::Event(event)) => Entry::Event {
                at: self.room.position(),
                event,
            },
            Some(RoomEvent::Resync(resync)) => match resync.view.decode::<World>() {
                Ok(view) => Entry::Resync {
                    at: resync.position,
                    stands: resync.stands,
                    view,
                    lost_replies: resync.lost_replies,
                    fell_back: resync.fell_back,
                },
                Err(error) => Entry::Broken(error.to_string()),
            },
            Some(RoomEvent::FellBack) => Entry::FellBack,
            other => Entry::Broken(format!("{other:?}")),
        };
        let over = match &entry {
            Entry::Event {
                event: Event::Said(line),
                ..
            } => line.text == LAST_WORDS,
            Entry::Broken(_) => true,
            _ => false,
        };
        self.note(entry);
        over
    }

    fn note_state(&mut self) {
        let state = self.states.borrow_and_update().clone();
        match state {
            State::Connecting => {}
            State::Interrupted { .. } => self.note(Entry::Interrupted),
            State::Connected { session, .. } => {
                let session = session.to_string();
                self.note(Entry::Connected { session });
            }
            State::Ended(end) => self.note(Entry::Broken(end.to_string())),
        }
    }

    fn note(&self, entry: Entry) {
        self.account_now().note(entry);
    }

    fn account_now(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap()
    }
}

/// Waits for the first answer. The order of these calls is the order of the commands, so that they
/// are sent in that order.
async fn answered(answering: &mut VecDeque<(u64, Answering)>) -> (u64, Answer) {
    poll_fn(|cx| {
        for index in 0..answering.len() {
            if let Poll::Ready(answer) = answering[index].1.as_mut().poll(cx) {
                let number = answering.remove(index).map_or(0, |(number, _)| number);
                return Poll::Ready((number, answer));
            }
        }
        Poll::Pending
    })
    .await
}
