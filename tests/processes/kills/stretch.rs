//! The part of a bot's account since its last full view.

use plaza::messages::{Event, World};

use super::account::{Account, Entry};
use super::picture::Picture;

/// The last view of a bot and everything after it, without an interruption.
pub(crate) struct Stretch<'a> {
    account: &'a Account,
    from: u64,
    view: &'a World,
    events: Vec<(u64, &'a Event)>,
}

impl<'a> Stretch<'a> {
    pub(crate) fn last_of(account: &'a Account) -> Self {
        let mut entries = account.entries.iter().rev();
        let mut events = Vec::new();
        let (from, view) = entries
            .find_map(|(_, entry)| match entry {
                Entry::Event { at, event } => {
                    events.push((*at, event));
                    None
                }
                Entry::Joined { at, view } | Entry::Resync { at, view, .. } => Some((*at, view)),
                _ => None,
            })
            .unwrap_or_else(|| panic!("{} never joined", account.name));
        events.reverse();
        Self {
            account,
            from,
            view,
            events,
        }
    }

    /// Describes a contradiction between this stretch and another.
    pub(crate) fn contradiction(&self, other: &Self) -> Option<String> {
        let from = self.from.max(other.from);
        let (mine, theirs) = (
            self.about_others(other, from),
            other.about_others(self, from),
        );
        if mine != theirs {
            let differs = mine.iter().zip(&theirs).find(|(one, other)| one != other);
            let (ours, others) = (mine.len(), theirs.len());
            return Some(format!(
                "{ours} and {others} events from {from} on, {differs:?}"
            ));
        }
        // The bot with the longer stretch provides the state of the room at the time of the other's
        // view.
        let (now, then) = (Picture(other.view.clone()), self.picture_at(other.from)?);
        let [now, then] = [now, then].map(|picture| {
            let picture = picture.seen_by_anybody(&self.account.player);
            picture.seen_by_anybody(&other.account.player)
        });
        (now != then).then(|| format!("at {} [{then}] and [{now}]", other.from))
    }

    /// Returns the events about others, because nobody is told about themselves.
    fn about_others(&self, other: &Self, from: u64) -> Vec<(u64, &'a Event)> {
        let both = [&self.account.player, &other.account.player];
        let is_about_others = |event: &Event| match event {
            Event::Joined { who, .. } | Event::Left { who } | Event::Away { who, .. } => {
                both.iter().all(|one| *one != who.as_str())
            }
            _ => true,
        };
        let events = self.events.iter().copied();
        let later = events.filter(|(at, event)| *at > from && is_about_others(event));
        later.collect()
    }

    fn picture_at(&self, position: u64) -> Option<Picture> {
        if position < self.from {
            return None;
        }
        let mut picture = Picture(self.view.clone());
        let until = self.events.iter().take_while(|(at, _)| *at <= position);
        until.for_each(|(_, event)| picture.apply(event));
        Some(picture)
    }
}
