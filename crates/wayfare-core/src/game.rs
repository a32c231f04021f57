//! What a shard knows of a game: rooms as objects that take bytes and leave effects.
//!
//! The façade turns a typed room into these traits; everything here is in payload bytes.

use std::sync::Arc;
use std::time::Duration;

use wayfare_protocol::storage::{Outcome, Request};
use wayfare_protocol::{EntityId, ErrorCode, PlayerId};

use crate::turn::Turn;

pub use wayfare_protocol::wire::LeaveReason;

/// Somebody whose identity was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Player {
    /// The `sub` of the token, or an id made up for a guest.
    pub id: PlayerId,
    /// The name to show to others; the id if the token has none.
    pub name: Arc<str>,
    /// Let in without a token.
    pub guest: bool,
}

/// A room's or the server's "no", with a reason for the person at the other end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What sort of refusal.
    pub code: ErrorCode,
    /// The application's own number; 0 if none.
    pub detail: u32,
    /// For the person at the other end.
    pub message: String,
}

impl Refusal {
    /// The room's own refusal.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::Refused,
            detail: 0,
            message: message.into(),
        }
    }

    /// A refusal of another sort than the room's own.
    pub fn with_code(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            detail: 0,
            message: message.into(),
        }
    }

    /// The same refusal with the application's own number.
    #[must_use]
    pub fn detail(mut self, detail: u32) -> Self {
        self.detail = detail;
        self
    }
}

/// One room's state and rules.
///
/// Handlers are synchronous and short. What a handler sends through its [`Turn`] is released only
/// if it returns well: a refusal or a panic drops it.
pub trait RoomLogic {
    /// A player comes in, and is a member already while this runs. What is sent to the player by
    /// name follows its view; what is sent to everyone is in it.
    ///
    /// # Errors
    /// A refusal keeps the player out.
    fn join(&mut self, player: &Player, payload: &[u8], turn: &Turn<'_>) -> Result<(), Refusal>;

    /// Appends what this player gets to see of the room, on joining and on a resync.
    ///
    /// # Errors
    /// If the view cannot be encoded.
    fn view(&self, player: &Player, into: &mut Vec<u8>) -> Result<(), Refusal>;

    /// A member's command; its answer is appended to `reply`, nothing appended being an answer too.
    ///
    /// # Errors
    /// A refusal is the answer.
    fn command(
        &mut self,
        player: &Player,
        payload: &[u8],
        reply: &mut Vec<u8>,
        turn: &Turn<'_>,
    ) -> Result<(), Refusal>;

    /// One beat of the kind's tick rate.
    fn tick(&mut self, turn: &Turn<'_>) {
        let _ = turn;
    }

    /// A note that the room left for itself came due.
    ///
    /// # Errors
    /// If the note does not decode; it is reported and dropped.
    fn note(&mut self, note: &[u8], turn: &Turn<'_>) -> Result<(), Refusal> {
        let _ = (note, turn);
        Ok(())
    }

    /// A player is no longer a member.
    fn leave(&mut self, player: &Player, reason: LeaveReason, turn: &Turn<'_>) {
        let _ = (player, reason, turn);
    }

    /// A member's connection was lost (`false`) or is back (`true`); it stays a member meanwhile.
    fn presence(&mut self, player: &Player, attached: bool, turn: &Turn<'_>) {
        let _ = (player, attached, turn);
    }

    /// Appends the whole state, or of a state in parts what there is beside them.
    ///
    /// # Errors
    /// If it cannot be encoded.
    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal>;

    /// Applies a change that was logged by [`Turn::change`]: only for [`Form::Changes`].
    ///
    /// # Errors
    /// If it does not decode; the room is then not restored.
    fn apply(&mut self, change: &[u8]) -> Result<(), Refusal> {
        let _ = change;
        Err(Refusal::with_code(
            ErrorCode::Internal,
            "this kind of room logs no changes",
        ))
    }

    /// Takes the numbers of the parts that changed since this was called last, each once; at first
    /// all of them. Only for [`Form::Parts`].
    fn take_dirty_parts(&mut self) -> Vec<u32> {
        Vec::new()
    }

    /// Appends one part; `false` if there is none of this number any more.
    ///
    /// # Errors
    /// If it cannot be encoded.
    fn part(&self, number: u32, into: &mut Vec<u8>) -> Result<bool, Refusal> {
        let _ = (number, into);
        Ok(false)
    }

    /// Puts a part in its place, `None` removing it; it is not dirty by that.
    ///
    /// # Errors
    /// If it does not decode; the room is then not restored.
    fn set_part(&mut self, number: u32, part: Option<&[u8]>) -> Result<(), Refusal> {
        let _ = (number, part);
        Err(Refusal::with_code(
            ErrorCode::Internal,
            "this kind of room has no parts",
        ))
    }

    /// Another entity's request; the answer is appended to `reply`, or comes later by
    /// [`Turn::reply`]. Only of kinds whose form is asked, see [`RoomKind::is_asked`].
    ///
    /// # Errors
    /// A refusal is the answer.
    fn request(
        &mut self,
        caller: &Caller,
        payload: &[u8],
        reply: &mut Vec<u8>,
        turn: &Turn<'_>,
    ) -> Result<Answered, Refusal> {
        let _ = (caller, payload, reply, turn);
        Err(Refusal::with_code(
            ErrorCode::NotAllowed,
            "this kind of entity answers no requests",
        ))
    }

    /// The answer to [`Turn::ask`], or why there is none.
    ///
    /// # Errors
    /// If the tag does not decode; it is reported and dropped.
    fn answer(
        &mut self,
        tag: &[u8],
        answer: Result<&[u8], AskError>,
        turn: &Turn<'_>,
    ) -> Result<(), Refusal> {
        let _ = (tag, answer, turn);
        Ok(())
    }
}

/// Who asked: an entity, wherever it lives by the time it is answered. It can be kept and stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Caller {
    /// The entity that asked.
    pub entity: EntityId,
    /// Which of its asks: never used twice by one entity.
    pub ask: u64,
}

/// Whether a request was answered at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// By what was appended to the reply.
    Now,
    /// Not yet: [`Turn::reply`] will, or the caller's deadline ends it.
    Later,
}

/// Why an ask has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// It was heard and refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No answer came by the deadline. The request may have been carried out, or may still be.
    #[error("no answer came in time")]
    Late,
}

/// Where documents are kept: for futures of rooms, which may wait for it. A shard never calls it.
pub trait DocumentStore: Send + Sync {
    /// Carries out a request about documents.
    fn call(&self, request: Request) -> std::pin::Pin<Box<dyn Future<Output = Outcome> + Send>>;
}

/// The same, to hand round.
#[derive(Clone)]
pub struct Documents(pub Arc<dyn DocumentStore>);

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Documents")
    }
}

/// A future of a room, and what it brings back: a note, encoded.
pub struct Work(pub std::pin::Pin<Box<dyn Future<Output = Vec<u8>> + Send>>);

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Work")
    }
}

/// Makes the rooms of one kind.
pub trait RoomKind: Send + Sync {
    /// A new room. It has no members yet, so nothing can be sent.
    ///
    /// # Errors
    /// A refusal answers the join that would have created the room.
    fn open(&self, open: &[u8], turn: &Turn<'_>) -> Result<Box<dyn RoomLogic>, Refusal>;

    /// The room of a snapshot, of a state in parts without them.
    ///
    /// # Errors
    /// If the bytes are no such snapshot.
    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal>;

    /// How its state is written down.
    fn form(&self) -> Form {
        Form::Whole
    }

    /// Whether its entities are asked by others and joined by nobody.
    fn is_asked(&self) -> bool {
        false
    }
}

/// How the state of a kind is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As a whole, whenever it changed: at most [`STATE_BYTES_MAX`] bytes.
    ///
    /// [`STATE_BYTES_MAX`]: wayfare_protocol::limits::STATE_BYTES_MAX
    #[default]
    Whole,
    /// By its changes, each logged with [`Turn::change`], and now and then as a whole.
    Changes,
    /// In numbered parts, of which those that changed are written.
    Parts,
}

/// Whom a kind allows something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Who {
    /// Every player, guests included.
    #[default]
    Anyone,
    /// Players with a token.
    Authenticated,
    /// No client; only the server itself.
    Nobody,
}

impl Who {
    /// Whether this player is among them.
    #[must_use]
    pub fn includes(self, player: &Player) -> bool {
        match self {
            Who::Anyone => true,
            Who::Authenticated => !player.guest,
            Who::Nobody => false,
        }
    }
}

/// What becomes of a room whose handler panicked.
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

/// What becomes of a `Volatile` room without snapshots whose node was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLoss {
    /// Its members come back into a new room of that name, and are resynced.
    #[default]
    Reopen,
    /// Its members are told that it is gone.
    Gone,
}

/// How far back a room can replay. Whichever bound is met first holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryBounds {
    /// At most this many events.
    pub events_max: usize,
    /// At most this many bytes of frames.
    pub bytes_max: usize,
    /// No event older than this.
    pub age_max: Duration,
}

/// What is the same for all rooms of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindSettings {
    /// Time between two ticks; `None` for a room that does not tick.
    pub tick: Option<Duration>,
    /// Members at once.
    pub members_max: u32,
    /// How long a detached member stays.
    pub member_grace: Duration,
    /// How long a room without members stays; `None` keeps it until it closes itself.
    pub empty_grace: Option<Duration>,
    /// How far back it can replay.
    pub history: HistoryBounds,
    /// Who may create one by joining.
    pub create: Who,
    /// Who may join one that exists.
    pub join: Who,
    /// Who may list those that are not private.
    pub list: Who,
    /// What becomes of one whose handler panicked.
    pub on_panic: OnPanic,
    /// When effects are released, and what they survive.
    pub durability: Durability,
    /// What becomes of one without snapshots whose node was lost.
    pub on_loss: OnLoss,
    /// Time between two snapshots; `None` for none of a `Volatile` room, and for as many as its
    /// journal needs of a `Durable` one.
    pub snapshot_every: Option<Duration>,
}

impl KindSettings {
    /// Whether anything of its rooms is kept in storage.
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
    /// What is the same for all of them.
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
