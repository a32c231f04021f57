//! The settings of a kind of room: [`Kind`].

use std::time::Duration;

use schemars::JsonSchema;
use wayfare_core::game::{self, Durability, HistoryBounds, KindSettings, OnLoss, OnPanic, Who};

use crate::hosted::HostedKind;
use crate::state_form::StateForm;
use crate::types::RoomTypes;
use crate::{Changes, Parts, Room};

/// `hertz` times a second, as the time between two: for [`Kind::tick`].
///
/// ```
/// assert_eq!(wayfare::hz(20), std::time::Duration::from_millis(50));
/// ```
#[must_use]
pub const fn hz(hertz: u32) -> Duration {
    match Duration::from_secs(1).checked_div(hertz) {
        Some(period) => period,
        // Refused by name when the game starts.
        None => Duration::ZERO,
    }
}

/// What is the same for all rooms of one kind. Nothing needs to be set.
///
/// ```
/// # use wayfare::{Kind, Room, Who, hz};
/// # use std::time::Duration;
/// fn arena<R: Room>(kind: Kind<R>) -> Kind<R> {
///     kind.tick(hz(20))
///         .members_max(16)
///         .create(Who::Authenticated)
///         .snapshots_every(Duration::from_secs(10))
/// }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Kind<R> {
    settings: KindSettings,
    form: StateForm<R>,
    types: Option<RoomTypes>,
}

impl<R: Room> Kind<R> {
    pub(crate) fn new() -> Self {
        Self {
            settings: KindSettings::default(),
            form: StateForm::Whole,
            types: None,
        }
    }

    /// Calls [`Room::tick`] this often: `tick(hz(20))`. A room does not tick unless told to.
    pub fn tick(mut self, every: Duration) -> Self {
        self.settings.tick = Some(every);
        self
    }

    /// Members at once: 1000 unless set.
    pub fn members_max(mut self, members: u32) -> Self {
        self.settings.members_max = members;
        self
    }

    /// How long a member whose connection is lost stays: 30 s unless set.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.member_grace = grace;
        self
    }

    /// How long a room without members stays: 30 s unless set. Then it closes; a `Durable` one is
    /// put away instead, and comes back with the next join. One with timers running, or with
    /// futures or asks under way, is not put away.
    pub fn empty_after(mut self, grace: Duration) -> Self {
        self.settings.empty_grace = Some(grace);
        self
    }

    /// A room without members stays until it closes itself.
    pub fn keep_when_empty(mut self) -> Self {
        self.settings.empty_grace = None;
        self
    }

    /// How far back a room can replay to a client that lost its connection: 1024 events, 256 KiB
    /// or 60 s unless set. A client that was gone for longer gets a view instead.
    pub fn history(mut self, bounds: HistoryBounds) -> Self {
        self.settings.history = bounds;
        self
    }

    /// Who may create such a room by joining it: anyone unless set.
    pub fn create(mut self, who: Who) -> Self {
        self.settings.create = who;
        self
    }

    /// Who may join one that exists: anyone unless set.
    pub fn join(mut self, who: Who) -> Self {
        self.settings.join = who;
        self
    }

    /// Who may list those that are not private: anyone unless set.
    pub fn list(mut self, who: Who) -> Self {
        self.settings.list = who;
        self
    }

    /// What becomes of a room whose handler panicked: it restarts unless set. With `OnPanic::Close`
    /// its members are told that it closed, and which of their commands storage has; with the next
    /// join it comes back as it was then.
    pub fn on_panic(mut self, on_panic: OnPanic) -> Self {
        self.settings.on_panic = on_panic;
        self
    }

    /// When a room's replies and events are released, and what it survives: `Volatile` unless set.
    ///
    /// A `Volatile` room is heard at once and lives in memory: it survives whatever is planned
    /// (moves, drains, upgrades), and the loss of its node ends it, or makes it fall back to its
    /// last snapshot. A `Durable` room is heard once storage holds the step, which costs a commit
    /// that all rooms of a node share, and survives everything: nothing that anybody was told is
    /// ever taken back.
    ///
    /// ```
    /// # use wayfare::prelude::*;
    /// # fn board<R: Room>(kind: Kind<R>) -> Kind<R> {
    /// kind.durability(Durable)
    /// # }
    /// ```
    pub fn durability(mut self, durability: Durability) -> Self {
        self.settings.durability = durability;
        self
    }

    /// What becomes of a room of which nothing is kept, one that is `Volatile` and takes no
    /// snapshots, when its node is lost: it reopens unless set, empty, and its members are in it
    /// again and get a view. With `OnLoss::Gone` they are told that it is gone.
    pub fn on_loss(mut self, on_loss: OnLoss) -> Self {
        self.settings.on_loss = on_loss;
        self
    }

    /// Takes a snapshot this often, to fall back to after a panic or the loss of the node. None are
    /// taken unless set.
    ///
    /// What came after the last snapshot is then lost, and nobody is left to believe otherwise: the
    /// room's members get a view of the room as it is again, in place of events that continue. A
    /// `Durable` room loses nothing; its snapshots are taken as its journal needs them, and this
    /// makes them more frequent.
    pub fn snapshots_every(mut self, every: Duration) -> Self {
        self.settings.snapshot_every = Some(every);
        self
    }

    /// Logs steps as changes rather than as whole states: see [`Changes`], and mind that whatever
    /// is changed outside of [`cx.apply`](crate::Context::apply) is then lost on recovery. Of this
    /// and [`in_parts`](Self::in_parts) the last one holds.
    pub fn log_changes(mut self) -> Self
    where
        R: Changes,
    {
        self.form = StateForm::changes();
        self
    }

    /// Writes the state in parts, and only those that were touched: see [`Parts`].
    pub fn in_parts(mut self) -> Self
    where
        R: Parts,
    {
        self.form = StateForm::parts();
        self
    }

    /// Gives clients the types of what is said in these rooms: the program's command `types` writes
    /// them as TypeScript. A room that is served costs this nothing.
    ///
    /// All that goes over the wire needs `#[derive(JsonSchema)]`, which the prelude has; it reads
    /// serde's attributes too, so that there is nothing to say twice. A type that writes serde's traits
    /// itself says what that looks like with `#[schemars(with = "String")]`, or implements
    /// [`JsonSchema`] itself.
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use wayfare::prelude::*;
    ///
    /// #[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
    /// struct Counter {
    ///     count: i64,
    /// }
    ///
    /// /// What players do.
    /// #[derive(Deserialize, JsonSchema)]
    /// #[serde(rename_all = "snake_case")]
    /// enum Command {
    ///     Add(i64),
    ///     Reset,
    /// }
    ///
    /// impl SimpleRoom for Counter {
    ///     type Command = Command;
    ///     type Event = i64;
    /// #   fn command(&mut self, _: &Player, _: Command, _: &Context<Self>) -> Result<(), Refusal> { Ok(()) }
    ///     // …
    /// }
    ///
    /// let game = wayfare::serve().name("count").room::<Counter>("counter", |kind| kind.typed());
    /// assert_eq!(
    ///     game.types(&[])?,
    ///     r#"// Made by `count types`; do not edit.
    ///
    /// /** What is said in rooms of the kind `counter`. */
    /// export interface CounterTypes {
    ///   Open: null;
    ///   Join: null;
    ///   Command: Command;
    ///   Reply: null;
    ///   Event: number;
    ///   View: Counter;
    /// }
    ///
    /// /** What is said in the rooms of each kind. */
    /// export interface Kinds {
    ///   counter: CounterTypes;
    /// }
    ///
    /// /** What players do. */
    /// export type Command = "reset" | { add: number };
    ///
    /// export interface Counter {
    ///   count: number;
    /// }
    /// "#
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn typed(mut self) -> Self
    where
        R::Open: JsonSchema,
        R::Join: JsonSchema,
        R::Command: JsonSchema,
        R::Reply: JsonSchema,
        R::Event: JsonSchema,
        R::View: JsonSchema,
    {
        self.types = Some(RoomTypes::of::<R>());
        self
    }

    pub(crate) fn types(&self) -> Option<RoomTypes> {
        self.types
    }

    pub(crate) fn form(&self) -> StateForm<R> {
        self.form
    }

    pub(crate) fn named(self, name: &str) -> game::Kind {
        game::Kind {
            name: name.to_owned(),
            logic: Box::new(HostedKind::new(self.form)),
            settings: self.settings,
        }
    }
}

impl<R> Clone for Kind<R> {
    fn clone(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            form: self.form,
            types: self.types,
        }
    }
}
