//! The game: its state, its commands and its events.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayfare::prelude::*;

use crate::messages::{
    CHAT_LINES_MAX, Command, Event, Line, Outfit, Point, SIZE, SPEED, TEXT_CHARS_MAX, Walker, World,
};

const TICKS_PER_SECOND: u32 = 20;

/// The settings of plazas: they lose everything when they end.
pub fn settings(kind: Kind<Plaza>) -> Kind<Plaza> {
    kind.tick(hz(TICKS_PER_SECOND)).members_max(100).typed()
}

/// The settings of gardens, which are plazas that are rolled back by a second if their server is
/// lost.
pub fn garden(kind: Kind<Plaza>) -> Kind<Plaza> {
    settings(kind).snapshots_every(Duration::from_secs(1))
}

/// The settings of squares, which are plazas that lose nothing, whatever happens to their server.
pub fn square(kind: Kind<Plaza>) -> Kind<Plaza> {
    settings(kind).durability(Durable)
}

/// A plaza.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Plaza {
    walkers: BTreeMap<PlayerId, Walker>,
    chat: VecDeque<Line>,
}

impl Room for Plaza {
    type Open = ();
    type Join = Outfit;
    type Command = Command;
    type Reply = ();
    type Event = Event;
    type View = World;
    type Note = ();

    fn open((): (), _: &Context<Self>) -> Result<Self, Refusal> {
        Ok(Self::default())
    }

    fn join(&mut self, player: &Player, outfit: Outfit, cx: &Context<Self>) -> Result<(), Refusal> {
        let at = Point {
            x: cx.rng().random_range(0.0..=SIZE),
            y: cx.rng().random_range(0.0..=SIZE),
        };
        let walker = Walker {
            name: player.name().to_owned(),
            color: outfit.color,
            at,
            to: at,
            away: false,
        };
        self.walkers.insert(player.id().clone(), walker.clone());
        let who = player.id().clone();
        cx.send(Everyone.except(player), &Event::Joined { who, walker });
        Ok(())
    }

    fn view(&self, _: &Player, _: &ViewContext) -> World {
        World {
            walkers: self.walkers.clone(),
            chat: self.chat.clone(),
        }
    }

    fn command(
        &mut self,
        player: &Player,
        command: Command,
        cx: &Context<Self>,
    ) -> Result<(), Refusal> {
        match command {
            Command::Say(text) => self.say(player, text.trim(), cx),
            Command::Walk(to) => self.walk(player, to, cx),
            Command::Wave => {
                let who = player.id().clone();
                cx.send(Everyone, &Event::Waved { who });
                Ok(())
            }
        }
    }

    fn tick(&mut self, _: &Context<Self>) {
        for walker in self.walkers.values_mut() {
            walker.walk(SPEED / TICKS_PER_SECOND as f32);
        }
    }

    fn presence(&mut self, player: &Player, attached: bool, cx: &Context<Self>) {
        if let Some(walker) = self.walkers.get_mut(player.id()) {
            walker.away = !attached;
            let (who, away) = (player.id().clone(), walker.away);
            cx.send(Everyone.except(player), &Event::Away { who, away });
        }
    }

    fn leave(&mut self, player: &Player, _: LeaveReason, cx: &Context<Self>) {
        self.walkers.remove(player.id());
        let who = player.id().clone();
        cx.send(Everyone, &Event::Left { who });
    }
}

impl Plaza {
    fn say(&mut self, player: &Player, text: &str, cx: &Context<Self>) -> Result<(), Refusal> {
        if text.is_empty() {
            return Err(Refusal::new("say something"));
        }
        if text.chars().count() > TEXT_CHARS_MAX {
            let message = format!("say it in {TEXT_CHARS_MAX} characters");
            return Err(Refusal::new(message));
        }
        let line = Line {
            who: player.id().clone(),
            name: player.name().to_owned(),
            text: text.to_owned(),
        };
        if self.chat.len() == CHAT_LINES_MAX {
            self.chat.pop_front();
        }
        self.chat.push_back(line.clone());
        cx.send(Everyone, &Event::Said(line));
        Ok(())
    }

    fn walk(&mut self, player: &Player, to: Point, cx: &Context<Self>) -> Result<(), Refusal> {
        if !to.is_on_plaza() {
            let message = format!("the plaza is {SIZE} by {SIZE} steps");
            return Err(Refusal::new(message));
        }
        if let Some(walker) = self.walkers.get_mut(player.id()) {
            walker.to = to;
            let (who, from) = (player.id().clone(), walker.at);
            cx.send(Everyone, &Event::Walks { who, from, to });
        }
        Ok(())
    }
}
