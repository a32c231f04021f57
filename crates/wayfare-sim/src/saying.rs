//! The messages between rooms and players of a simulation: texts with numbers, so that the receiver
//! can tell if one is missing.

use std::collections::BTreeMap;

use crate::ranges::Ranges;

/// A life of a room: from its opening to its end, through all restarts and recoveries.
pub type Life = u64;

/// The origin of a room's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The life of the room.
    pub life: Life,
    /// The branch, which changes whenever the room is restored.
    pub branch: u64,
}

/// A message of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// The origin.
    pub origin: Origin,
    /// The number of defects that the room has found in its input.
    pub defects: u64,
    /// The recipients, with the message's number among theirs.
    pub to: To<'a>,
    /// True if it reports that a note, a future or an ask has ended.
    pub ends_errand: bool,
}

/// The recipients of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To<'a> {
    /// Everyone, everyone else, or the one player who is told about a message to everyone else.
    /// Each receives each of these numbers.
    Everyone(u64),
    /// A player, who receives each number of its own. The first one after a join is in its view.
    One {
        /// The player.
        player: &'a str,
        /// The number.
        number: u64,
        /// True for the greeting after a join.
        welcome: bool,
    },
    /// Anybody, unreliably.
    Anyone(u64),
}

impl<'a> Word<'a> {
    /// Parses a message.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut words = text.splitn(8, ' ');
        let sort = words.next()?;
        let mut number = || words.next()?.parse::<u64>().ok();
        let origin = Origin {
            life: number()?,
            branch: number()?,
        };
        let number_of_word = number()?;
        let defects = number()?;
        let to = match sort {
            "all" | "others" | "mine" => To::Everyone(number_of_word),
            "one" => To::One {
                player: words.next()?,
                number: number_of_word,
                welcome: words.next()? == "welcome",
            },
            "any" => To::Anyone(number_of_word),
            _ => return None,
        };
        let ends = |word| matches!(word, "after" | "run" | "ask");
        Some(Self {
            origin,
            defects,
            to,
            ends_errand: sort == "all" && words.next().is_some_and(ends),
        })
    }
}

/// Parses the reply to a command: the origin, and the command's number.
#[must_use]
pub fn parse_reply(text: &str) -> Option<(Origin, u32)> {
    let mut words = text.split(' ');
    let mut number = || words.next()?.parse::<u64>().ok();
    let origin = Origin {
        life: number()?,
        branch: number()?,
    };
    Some((origin, u32::try_from(number()?).ok()?))
}

/// A view of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The origin.
    pub origin: Origin,
    /// The last number sent to everyone.
    pub everyone: u64,
    /// The last number sent to the viewer.
    pub one: u64,
    /// The number of defects that the room has found in its input.
    pub defects: u64,
    /// The description of the first defect.
    pub defect: String,
    /// The number of notes, futures and asks that have not ended.
    pub pending: u64,
    /// The commands executed for each seat.
    pub done: BTreeMap<u32, Ranges>,
}

impl View {
    /// Parses a view.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut numbers = lines.next()?.split(' ').map(str::parse::<u64>);
        let mut number = || numbers.next()?.ok();
        let origin = Origin {
            life: number()?,
            branch: number()?,
        };
        let (everyone, one, defects, pending) = (number()?, number()?, number()?, number()?);
        let defect = lines.next().unwrap_or_default().to_owned();
        let done = lines.map(|line| {
            let (seat, ranges) = line.split_once(' ')?;
            Some((seat.parse().ok()?, ranges.parse().ok()?))
        });
        Some(Self {
            origin,
            everyone,
            one,
            defects,
            defect,
            pending,
            done: done.collect::<Option<_>>()?,
        })
    }
}
