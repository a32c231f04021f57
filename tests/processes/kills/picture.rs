//! A client's picture of the plaza: the last view, with every event since.

use std::fmt::{self, Display};

use plaza::messages::{CHAT_LINES_MAX, Event, World};

/// A client's plaza.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture(pub(crate) World);

impl Picture {
    pub(crate) fn apply(&mut self, event: &Event) {
        let Self(World { walkers, chat }) = self;
        match event {
            Event::Joined { who, walker } => {
                walkers.insert(who.clone(), walker.clone());
            }
            Event::Left { who } => {
                walkers.remove(who);
            }
            Event::Said(line) => {
                if chat.len() == CHAT_LINES_MAX {
                    chat.pop_front();
                }
                chat.push_back(line.clone());
            }
            Event::Away { who, away } => {
                if let Some(walker) = walkers.get_mut(who) {
                    walker.away = *away;
                }
            }
            // Nobody walks here.
            Event::Walks { .. } | Event::Waved { .. } => {}
        }
    }

    /// Returns true if this many players are in the room and connected.
    pub(crate) fn is_complete(&self, walkers: usize, me: &str) -> bool {
        let here = self.0.walkers.iter();
        let here = here.filter(|(who, walker)| who.as_str() == me || !walker.away);
        here.count() == walkers && self.0.walkers.len() == walkers
    }

    /// Returns the picture without one's own connection state, which nobody is told.
    pub(crate) fn seen_by_anybody(mut self, me: &str) -> Self {
        let mine = self.0.walkers.iter_mut();
        for (_, walker) in mine.filter(|(who, _)| who.as_str() == me) {
            walker.away = false;
        }
        self
    }
}

impl Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (who, walker) in &self.0.walkers {
            let (x, y, away) = (walker.at.x, walker.at.y, walker.away);
            let away = if away { " (away)" } else { "" };
            write!(f, "{who} at {x:.0},{y:.0}{away}, ")?;
        }
        f.write_str("chat")?;
        let mut lines = self.0.chat.iter();
        lines.try_for_each(|line| write!(f, " {:?}", line.text))
    }
}
