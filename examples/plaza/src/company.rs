//! The people in a room, as a bot knows them: bots play for people, and rest where there are none.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::messages::{Event, World};

/// The players of all bots of this process, by their ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bots(Arc<Mutex<BTreeSet<String>>>);

impl Bots {
    /// Notes a bot, before it joins a room.
    pub(crate) fn insert(&self, bot: String) {
        let mut bots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bots.insert(bot);
    }

    fn contains(&self, player: &str) -> bool {
        let bots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bots.contains(player)
    }
}

/// The connected people in a room, without bots.
#[derive(Debug)]
pub(crate) struct Company {
    bots: Bots,
    people: BTreeSet<String>,
}

impl Company {
    pub(crate) fn new(bots: Bots, world: &World) -> Self {
        let mut company = Self {
            bots,
            people: BTreeSet::new(),
        };
        company.handle_view(world);
        company
    }

    pub(crate) fn handle_view(&mut self, world: &World) {
        let here = world.walkers.iter().filter(|(_, walker)| !walker.away);
        let here = here.map(|(who, _)| who.to_string());
        self.people = here.filter(|who| !self.bots.contains(who)).collect();
    }

    pub(crate) fn handle_event(&mut self, event: &Event) {
        match event {
            Event::Joined { who, .. } | Event::Away { who, away: false } => {
                let who = who.to_string();
                if !self.bots.contains(&who) {
                    self.people.insert(who);
                }
            }
            Event::Left { who } | Event::Away { who, away: true } => {
                self.people.remove(&who.to_string());
            }
            Event::Said(_) | Event::Walks { .. } | Event::Waved { .. } => {}
        }
    }

    /// Returns true if nobody is there to see what a bot does.
    pub(crate) fn is_absent(&self) -> bool {
        self.people.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, VecDeque};

    use serde::Deserialize;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};
    use wayfare::PlayerId;

    use super::*;
    use crate::messages::{Color, Point, Walker};

    fn id(name: &str) -> PlayerId {
        let name: StrDeserializer<'_, Error> = name.into_deserializer();
        PlayerId::deserialize(name).unwrap()
    }

    fn walker(away: bool) -> Walker {
        let at = Point { x: 1.0, y: 1.0 };
        Walker {
            name: "somebody".to_owned(),
            color: Color::Red,
            at,
            to: at,
            away,
        }
    }

    #[test]
    fn only_connected_people_are_company() {
        let bots = Bots::default();
        bots.insert("bot".to_owned());
        let mut world = World {
            walkers: BTreeMap::new(),
            chat: VecDeque::new(),
        };
        world.walkers.insert(id("bot"), walker(false));
        world.walkers.insert(id("gone"), walker(true));
        let mut company = Company::new(bots, &world);
        assert!(company.is_absent());
        let (who, away) = (id("gone"), false);
        company.handle_event(&Event::Away { who, away });
        assert!(!company.is_absent());
        let (who, away) = (id("gone"), true);
        company.handle_event(&Event::Away { who, away });
        assert!(company.is_absent());
        let walker = walker(false);
        for who in [id("bot"), id("ada")] {
            let walker = walker.clone();
            company.handle_event(&Event::Joined { who, walker });
        }
        assert!(!company.is_absent());
        company.handle_event(&Event::Left { who: id("ada") });
        assert!(company.is_absent());
    }
}
