//! The messages between players and the plaza.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use wayfare::PlayerId;
use wayfare::schemars::{self, JsonSchema};

/// The size of the plaza, in both directions.
pub const SIZE: f32 = 1000.0;
/// The speed of a walker, in steps per second.
pub const SPEED: f32 = 120.0;
/// The longest text that one can say, in characters.
pub const TEXT_CHARS_MAX: usize = 200;
/// The number of chat lines that a new player gets.
pub const CHAT_LINES_MAX: usize = 20;

/// The data of a join. The name comes with the player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outfit {
    /// The colour of the coat; grey by default.
    #[serde(default)]
    pub color: Color,
}

/// The colours of coats.
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

/// An action of a player.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Says something, to everybody: `{"say": "hi"}`.
    Say(String),
    /// Walks to a point in a straight line: `{"walk": {"x": 500, "y": 500}}`.
    Walk(Point),
    /// Waves: `"wave"`.
    Wave,
}

/// An event that everybody on the plaza sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A player joined.
    Joined {
        /// The player.
        who: PlayerId,
        /// The player's appearance and place.
        walker: Walker,
    },
    /// A player left.
    Left {
        /// The player.
        who: PlayerId,
    },
    /// A player said something.
    Said(Line),
    /// A player starts to walk, at [`SPEED`]. Clients compute the positions in between themselves,
    /// so a whole walk is one event and moves smoothly on every screen.
    Walks {
        /// The player.
        who: PlayerId,
        /// The player's present place.
        from: Point,
        /// The end of the walk.
        to: Point,
    },
    /// A player waved.
    Waved {
        /// The player.
        who: PlayerId,
    },
    /// A player's connection was lost or restored.
    Away {
        /// The player.
        who: PlayerId,
        /// True if the connection is lost.
        away: bool,
    },
}

/// The view of a new player.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct World {
    /// All players, including oneself.
    pub walkers: BTreeMap<PlayerId, Walker>,
    /// The last lines of chat, oldest first.
    pub chat: VecDeque<Line>,
}

/// A player on the plaza.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Walker {
    /// The player's name.
    pub name: String,
    /// The colour of the coat.
    pub color: Color,
    /// The present place.
    pub at: Point,
    /// The end of the walk, or the present place if the player stands.
    pub to: Point,
    /// True while the connection is lost.
    pub away: bool,
}

impl Walker {
    /// Moves on by at most `distance`.
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
    /// The distance from the west.
    pub x: f32,
    /// The distance from the north.
    pub y: f32,
}

impl Point {
    /// Returns true if this place is on the plaza.
    #[must_use]
    pub fn is_on_plaza(self) -> bool {
        // A value that is not a number is in no range.
        (0.0..=SIZE).contains(&self.x) && (0.0..=SIZE).contains(&self.y)
    }
}

/// A line of chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// The speaker.
    pub who: PlayerId,
    /// The speaker's name at that time. The player may have left.
    pub name: String,
    /// The text.
    pub text: String,
}
