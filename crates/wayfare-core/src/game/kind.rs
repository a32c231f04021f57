//! A kind of room: its name, its rules and its settings.

use std::sync::Arc;
use std::time::Duration;

use wayfare_protocol::EntityId;

use super::logic::{Form, RoomKind};
use super::player::Who;

/// The fate of a room whose handler panicked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnPanic {
    /// It starts again from what storage holds: nothing that was released is lost if it is
    /// `Durable`; otherwise from its last snapshot, or as newly opened if there is none, and
    /// members that the snapshot knows are resynced, the others told that their stay is over.
    #[default]
    Restart,
    /// It closes; its members are told.
    Close,
}

/// When a step's effects are released, and what it survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// At once: the state lives in memory, and the loss of the node is its end, or a fall back to
    /// its last snapshot.
    #[default]
    Volatile,
    /// Once storage holds the step: nothing that anybody was told is lost with the node.
    Durable,
}

/// The fate of a `Volatile` room without snapshots whose node was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLoss {
    /// Its members come back into a new room of that name, and are resynced.
    #[default]
    Reopen,
    /// Its members are told that it is gone.
    Gone,
}

/// The bounds of what a room can replay. The bound that is met first holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryBounds {
    /// At most this many events.
    pub events_max: usize,
    /// At most this many bytes of frames.
    pub bytes_max: usize,
    /// No event older than this.
    pub age_max: Duration,
}

/// The settings that all rooms of a kind share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindSettings {
    /// Time between two ticks; `None` for a room that does not tick.
    pub tick: Option<Duration>,
    /// Members at once.
    pub members_max: u32,
    /// The time for which a detached member stays.
    pub member_grace: Duration,
    /// The time for which a room without members stays; `None` keeps it until it closes itself.
    pub empty_grace: Option<Duration>,
    /// The bounds of its history.
    pub history: HistoryBounds,
    /// The players who may create a room by joining it.
    pub create: Who,
    /// The players who may join a room that exists.
    pub join: Who,
    /// The players who may list rooms that are not private.
    pub list: Who,
    /// The fate of a room whose handler panicked.
    pub on_panic: OnPanic,
    /// When effects are released, and what they survive.
    pub durability: Durability,
    /// The fate of a room without snapshots whose node was lost.
    pub on_loss: OnLoss,
    /// Time between two snapshots; `None` for none of a `Volatile` room, and for as many as its
    /// journal needs of a `Durable` one.
    pub snapshot_every: Option<Duration>,
}

impl KindSettings {
    /// Checks whether anything of its rooms is kept in storage.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.durability == Durability::Durable || self.snapshot_every.is_some()
    }
}

impl Default for KindSettings {
    fn default() -> Self {
        use wayfare_protocol::limits;
        Self {
            tick: None,
            members_max: limits::MEMBERS_MAX,
            member_grace: limits::MEMBER_GRACE,
            empty_grace: Some(limits::EMPTY_GRACE),
            history: HistoryBounds {
                events_max: limits::HISTORY_EVENTS_MAX,
                bytes_max: limits::HISTORY_BYTES_MAX,
                age_max: limits::HISTORY_AGE_MAX,
            },
            create: Who::Anyone,
            join: Who::Anyone,
            list: Who::Anyone,
            on_panic: OnPanic::Restart,
            durability: Durability::Volatile,
            on_loss: OnLoss::Reopen,
            snapshot_every: None,
        }
    }
}

/// A kind of room: its name, its rules, its settings.
pub struct Kind {
    /// The part of a room's id before the `/`.
    pub name: String,
    /// Makes its rooms.
    pub logic: Box<dyn RoomKind>,
    /// The settings that all of them share.
    pub settings: KindSettings,
}

impl Kind {
    pub(crate) fn form(&self) -> Form {
        self.logic.form()
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kind")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// All kinds of a game, shared by its shards.
#[derive(Clone, Debug, Default)]
pub struct Kinds(Arc<Vec<Arc<Kind>>>);

impl Kinds {
    /// These kinds; of two with one name the first is found.
    #[must_use]
    pub fn new(kinds: Vec<Kind>) -> Self {
        Self(Arc::new(kinds.into_iter().map(Arc::new).collect()))
    }

    pub(crate) fn of(&self, entity: &EntityId) -> Option<&Arc<Kind>> {
        self.named(entity.kind())
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Kind>> {
        self.0.iter().find(|kind| kind.name == name)
    }
}
