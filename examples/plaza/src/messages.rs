//! What players and the plaza say to each other.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use wayfare::PlayerId;
use wayfare::schemars::{self, JsonSchema};

/// The plaza reaches from 0 to here, in both directions.
pub const SIZE: f32 = 1000.0;
/// Steps that a walker takes in a second.
pub const SPEED: f32 = 120.0;
/// The longest thing one can say, in characters.
pub const TEXT_CHARS_MAX: usize = 200;
/// The lines of chat that who comes in gets to read.
pub const CHAT_LINES_MAX: usize = 20;

/// What one brings: the name comes with the player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outfit {
    /// The colour of the coat; grey unless said.
    #[serde(default)]
    pub color: Color,
}

/// Coats there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "colours")]
pub enum Color {
    #[default]
    Grey,
    Red,
    Orange,
    Yellow,
    Green,
    Teal,
    Blue,
    Purple,
    Pink,
}

/// What a player does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Says something, to everybody: `{"say": "hi"}`.
    Say(String),
    /// Walks there, in a straight line: `{"walk": {"x": 500, "y": 500}}`.
    Walk(Point),
    /// Waves: `"wave"`.
    Wave,
}

/// What everybody on the plaza sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Somebody came in.
    Joined {
        /// Who.
        who: PlayerId,
        /// As one sees them.
        walker: Walker,
    },
    /// Somebody is gone.
    Left {
        /// Who.
        who: PlayerId,
    },
    /// Somebody said something.
    Said(Line),
    /// Somebody sets out, at [`SPEED`]. Clients draw the way in between themselves: one event for
    /// a whole walk, and as smooth as their screens.
    Walks {
        /// Who.
        who: PlayerId,
        /// Where they are now.
        from: Point,
        /// Where they will stop.
        to: Point,
    },
    /// Somebody waved.
    Waved {
        /// Who.
        who: PlayerId,
    },
    /// Somebody's connection was lost, or is back.
    Away {
        /// Who.
        who: PlayerId,
        /// Lost.
        away: bool,
    },
}

/// What one sees when coming in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct World {
    /// Everybody, oneself included.
    pub walkers: BTreeMap<PlayerId, Walker>,
    /// The last lines of chat, oldest first.
    pub chat: VecDeque<Line>,
}

/// Somebody on the plaza.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Walker {
    /// What to call them.
    pub name: String,
    /// The colour of their coat.
    pub color: Color,
    /// Where they are.
    pub at: Point,
    /// Where they walk to; where they are if they stand.
    pub to: Point,
    /// Their connection is lost, for now.
    pub away: bool,
}

impl Walker {
    /// Walks on, as far as `distance`.
    pub fn walk(&mut self, distance: f32) {
        let (x, y) = (self.to.x - self.at.x, self.to.y - self.at.y);
        let left = x.hypot(y);
        if left <= distance {
            self.at = self.to;
        } else {
            self.at.x += x / left * distance;
            self.at.y += y / left * distance;
        }
    }
}

/// A place on the plaza.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    /// From west to east.
    pub x: f32,
    /// From north to south.
    pub y: f32,
}

impl Point {
    /// Whether this is on the plaza at all.
    #[must_use]
    pub fn is_on_plaza(self) -> bool {
        // Nothing that is not a number lies in a range.
        (0.0..=SIZE).contains(&self.x) && (0.0..=SIZE).contains(&self.y)
    }
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// By whom.
    pub who: PlayerId,
    /// What they were called then; they may be gone.
    pub name: String,
    /// What.
    pub text: String,
}
