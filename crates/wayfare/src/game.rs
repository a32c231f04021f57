//! The kinds of a game, checked before it runs.

use std::fmt;

use wayfare_core::game;
use wayfare_protocol::{EntityId, InvalidId};

/// The mistakes in a game, found before it runs.
#[derive(Debug, thiserror::Error)]
pub struct InvalidGame {
    problems: Vec<Problem>,
}

impl InvalidGame {
    /// Returns the mistakes. There is at least one.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for InvalidGame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the game cannot run as it is")?;
        for problem in &self.problems {
            write!(f, "\n  - {problem}")?;
        }
        Ok(())
    }
}

/// A mistake in a game, with its correction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There are no rooms to serve.
    #[error("it has no rooms: add one with `.room::<MyRoom>(\"my-room\", |kind| kind)`")]
    NoRooms,
    /// The name of a kind is invalid.
    #[error("{0}: a kind is the first part of a room's id, such as \"plaza\" in plaza/main")]
    KindName(InvalidId),
    /// Two kinds have the same name.
    #[error("there are two kinds {0:?}: give each `.room` and `.entity` a name of its own")]
    KindTwice(String),
    /// A kind's tick interval is zero.
    #[error(
        "kind {0:?} has no time between two ticks: say how often, such as `.tick(hz(20))`, \
         or leave `.tick` out"
    )]
    TickZero(String),
    /// A kind's snapshot interval is zero.
    #[error(
        "kind {0:?} has no time between two snapshots: say how often, such as \
         `.snapshots_every(Duration::from_secs(10))`, or leave it out"
    )]
    SnapshotsZero(String),
    /// A room has no place for members.
    #[error("a room of kind {0:?} has no place for anybody: set `.members_max` to 1 or more")]
    MembersZero(String),
}

/// Returns the mistakes in these kinds, if there are any.
pub(crate) fn check(kinds: &[game::Kind]) -> Result<(), InvalidGame> {
    let mut problems = Vec::new();
    if kinds.is_empty() {
        problems.push(Problem::NoRooms);
    }
    for (index, kind) in kinds.iter().enumerate() {
        if let Err(invalid) = EntityId::new(&kind.name, "any") {
            problems.push(Problem::KindName(invalid));
        }
        if kinds[..index].iter().any(|other| other.name == kind.name) {
            problems.push(Problem::KindTwice(kind.name.clone()));
        }
        check_settings(kind, &mut problems);
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(InvalidGame { problems }),
    }
}

fn check_settings(kind: &game::Kind, problems: &mut Vec<Problem>) {
    let settings = &kind.settings;
    if settings.tick.is_some_and(|every| every.is_zero()) {
        problems.push(Problem::TickZero(kind.name.clone()));
    }
    if settings.snapshot_every.is_some_and(|every| every.is_zero()) {
        problems.push(Problem::SnapshotsZero(kind.name.clone()));
    }
    if settings.members_max == 0 {
        problems.push(Problem::MembersZero(kind.name.clone()));
    }
}
