//! A bot's record of what it did and received, in order.

use std::fmt::{self, Display};
use std::time::{Duration, Instant};

use plaza::messages::{Event, World};
use wayfare_client::CommandError;

/// An action or observation of a bot.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// The bot joined, and its view was as of the room's event with this number.
    Joined {
        at: u64,
        view: World,
    },
    /// The bot sent the command with this number.
    Sent(u64),
    /// The answer to that command.
    Answered(u64, Result<(), CommandError>),
    Event {
        at: u64,
        event: Event,
    },
    Resync {
        at: u64,
        /// Everything up to here was not undone.
        stands: u64,
        view: World,
        lost_replies: usize,
        fell_back: bool,
    },
    FellBack,
    /// The connection was lost.
    Interrupted,
    Connected {
        session: String,
    },
    /// The membership ended, or the server violated the protocol.
    Broken(String),
}

/// The record of a bot.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// The bot's name, with which its lines begin.
    pub(crate) name: String,
    /// The player's id.
    pub(crate) player: String,
    began: Instant,
    pub(crate) entries: Vec<(Duration, Entry)>,
}

impl Account {
    pub(crate) fn new(name: String, player: String) -> Self {
        Self {
            name,
            player,
            began: Instant::now(),
            entries: Vec::new(),
        }
    }

    pub(crate) fn note(&mut self, entry: Entry) {
        self.entries.push((self.began.elapsed(), entry));
    }

    /// Returns the text of the command with this number.
    pub(crate) fn words(&self, number: u64) -> String {
        format!("{} {number}", self.name)
    }

    /// Returns the duration of each interruption, from its notice to the next answer to a command.
    pub(crate) fn interruptions(&self) -> Vec<Duration> {
        let mut since = None;
        let mut lasted = Vec::new();
        for (at, entry) in &self.entries {
            match entry {
                Entry::Interrupted => {
                    since.get_or_insert(*at);
                }
                Entry::Answered(_, Ok(())) => {
                    lasted.extend(since.take().map(|since| *at - since));
                }
                _ => {}
            }
        }
        lasted
    }
}

/// Prints a line for each entry.
impl Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is {}", self.name, self.player)?;
        for (at, entry) in &self.entries {
            writeln!(f, "{:9.4} {entry:?}", at.as_secs_f64())?;
        }
        Ok(())
    }
}
