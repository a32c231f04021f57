//! What one bot did and saw, in the order in which it did and saw it.

use std::fmt::{self, Display};
use std::time::{Duration, Instant};

use plaza::messages::{Event, World};
use wayfare_client::CommandError;

/// One thing that a bot did, saw or was told.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// Joined, and was shown the room as of its event with this number.
    Joined {
        at: u64,
        view: World,
    },
    /// Said something, by its number.
    Sent(u64),
    /// The one answer to it.
    Answered(u64, Result<(), CommandError>),
    Event {
        at: u64,
        event: Event,
    },
    Resync {
        at: u64,
        /// What was told up to here is not undone.
        stands: u64,
        view: World,
        lost_replies: usize,
        fell_back: bool,
    },
    FellBack,
    /// Without a connection.
    Interrupted,
    Connected {
        session: String,
    },
    /// The stay is over, or made no sense.
    Broken(String),
}

/// A bot's own account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// What it is called; its words begin with it.
    pub(crate) name: String,
    /// Who it is to the server.
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

    /// The words of the command with this number.
    pub(crate) fn words(&self, number: u64) -> String {
        format!("{} {number}", self.name)
    }

    /// How long each interruption lasted: from its notice to the next answer to a command.
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

/// A line for each entry.
impl Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is {}", self.name, self.player)?;
        for (at, entry) in &self.entries {
            writeln!(f, "{:9.4} {entry:?}", at.as_secs_f64())?;
        }
        Ok(())
    }
}
