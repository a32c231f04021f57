//! What rooms and players of a simulation say to each other: words that carry numbers, so that
//! whoever hears them can tell what is missing.

use std::collections::BTreeMap;

use crate::ranges::Ranges;

/// One life of a room: from its opening to its end, by whatever it was brought back meanwhile.
pub type Life = u64;

/// Where a room's word comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The life of the room.
    pub life: Life,
    /// Tells apart the times it was brought back.
    pub branch: u64,
}

/// A word of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// Where it comes from.
    pub origin: Origin,
    /// The defects that the room has found in what reached it.
    pub defects: u64,
    /// Whom it is for, and its number among those.
    pub to: To<'a>,
    /// It says that a note, a future or an ask has ended.
    pub ends_errand: bool,
}

/// Whom a word is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To<'a> {
    /// Everyone, or everyone else, or whoever is told that everyone else was told: each hears
    /// each of these numbers.
    Everyone(u64),
    /// One player, who hears each of its own numbers; the first behind a join is in its view.
    One {
        /// Which.
        player: &'a str,
        /// The number.
        number: u64,
        /// The greeting behind a join.
        welcome: bool,
    },
    /// Whoever happens to hear it.
    Anyone(u64),
}

impl<'a> Word<'a> {
    /// Reads one.
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

/// The answer to a deed: where it was done.
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

/// A room as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Where it comes from.
    pub origin: Origin,
    /// The last number said to everyone.
    pub everyone: u64,
    /// The last number said to who looks.
    pub one: u64,
    /// The defects that the room has found in what reached it.
    pub defects: u64,
    /// The first of these in words.
    pub defect: String,
    /// Notes, futures and asks that have not ended.
    pub pending: u64,
    /// What it has done for each seat.
    pub done: BTreeMap<u32, Ranges>,
}

impl View {
    /// Reads one.
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
