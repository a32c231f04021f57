//! The settings of a kind of room: [`Kind`].

use std::time::Duration;

use schemars::JsonSchema;
use wayfare_core::game::{self, Durability, HistoryBounds, KindSettings, OnLoss, OnPanic, Who};

use crate::hosted::HostedKind;
use crate::read_back::ReadBack;
use crate::state_form::StateForm;
use crate::types::RoomTypes;
use crate::{Changes, Parts, Room};

/// Converts a rate in `hertz` to the time between two ticks, for [`Kind::tick`].
///
/// ```
/// assert_eq!(wayfare::hz(20), std::time::Duration::from_millis(50));
/// ```
#[must_use]
pub const fn hz(hertz: u32) -> Duration {
    match Duration::from_secs(1).checked_div(hertz) {
        Some(period) => period,
        // Zero is refused with a message when the game starts.
        None => Duration::ZERO,
    }
}

/// The settings of all rooms of a kind. All have defaults.
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
    read_back: ReadBack,
    types: Option<RoomTypes>,
}

impl<R: Room> Kind<R> {
    pub(crate) fn new() -> Self {
        Self {
            settings: KindSettings::default(),
            form: StateForm::Whole,
            read_back: ReadBack::default(),
            types: None,
        }
    }

    /// Calls [`Room::tick`] at this interval: `tick(hz(20))`. By default a room does not tick.
    pub fn tick(mut self, every: Duration) -> Self {
        self.settings.tick = Some(every);
        self
    }

    /// Sets the maximum number of members: 1000 by default.
    pub fn members_max(mut self, members: u32) -> Self {
        self.settings.members_max = members;
        self
    }

    /// Sets how long a member whose connection is lost stays: 30 s by default.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.member_grace = grace;
        self
    }

    /// Sets how long an empty room stays: 30 s by default. Then it closes. A `Durable` one is put
    /// away instead, and restored by the next join. A room with running timers, or with futures or
    /// asks in flight, is not put away.
    pub fn empty_after(mut self, grace: Duration) -> Self {
        self.settings.empty_grace = Some(grace);
        self
    }

    /// Keeps an empty room until it closes itself.
    pub fn keep_when_empty(mut self) -> Self {
        self.settings.empty_grace = None;
        self
    }

    /// Sets how much a room can replay to a client that lost its connection: 1024 events, 256 KiB
    /// or 60 s by default. A client that missed more gets a view instead.
    pub fn history(mut self, bounds: HistoryBounds) -> Self {
        self.settings.history = bounds;
        self
    }

    /// Sets who may create a room of this kind by joining it: anyone by default.
    pub fn create(mut self, who: Who) -> Self {
        self.settings.create = who;
        self
    }

    /// Sets who may join an existing room: anyone by default.
    pub fn join(mut self, who: Who) -> Self {
        self.settings.join = who;
        self
    }

    /// Sets who may list rooms that are not private: anyone by default.
    pub fn list(mut self, who: Who) -> Self {
        self.settings.list = who;
        self
    }

    /// Sets what happens after a panic in a handler: by default the room restarts. With
    /// `OnPanic::Close` its members are notified that it closed, and which of their commands are
    /// stored. The next join restores it in that state.
    pub fn on_panic(mut self, on_panic: OnPanic) -> Self {
        self.settings.on_panic = on_panic;
        self
    }

    /// Sets when a room's replies and events are released, and what it survives: `Volatile` by
    /// default.
    ///
    /// A `Volatile` room releases them at once and lives in memory. It survives planned events
    /// (moves, drains, upgrades). The loss of its node ends it, or rolls it back to its last
    /// snapshot. A `Durable` room releases them once storage has the step, which costs a commit
    /// that all rooms of a node share. It survives everything: nothing that a player has received
    /// is ever undone.
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

    /// Sets what happens to a room without stored state (`Volatile` and without snapshots) when its
    /// node is lost. By default it reopens empty, with its members, who get a view. With
    /// `OnLoss::Gone` they are notified that it is gone.
    pub fn on_loss(mut self, on_loss: OnLoss) -> Self {
        self.settings.on_loss = on_loss;
        self
    }

    /// Takes a snapshot at this interval, to which the room is rolled back after a panic or the
    /// loss of its node. By default none are taken.
    ///
    /// Everything after the last snapshot is then lost, and the members are told: they get a view
    /// of the rolled-back room instead of further events. A `Durable` room loses nothing. Its
    /// snapshots depend on the size of its journal, and this setting makes them more frequent.
    pub fn snapshots_every(mut self, every: Duration) -> Self {
        self.settings.snapshot_every = Some(every);
        self
    }

    /// Logs steps as changes instead of whole states: see [`Changes`]. Every change outside of
    /// [`cx.apply`](crate::Context::apply) is then lost on recovery. Of this and
    /// [`in_parts`](Self::in_parts) the last call counts.
    pub fn log_changes(mut self) -> Self
    where
        R: Changes,
    {
        self.form = StateForm::changes();
        self
    }

    /// Stores the state in parts, and writes only those that were touched: see [`Parts`].
    pub fn in_parts(mut self) -> Self
    where
        R: Parts,
    {
        self.form = StateForm::parts();
        self
    }

    /// Provides the types of these rooms' messages to clients: the program's command `types` writes
    /// them as TypeScript. It costs a served room nothing.
    ///
    /// All message types need `#[derive(JsonSchema)]`, which is in the prelude. It also reads
    /// serde's attributes. For a type with its own implementation of serde's traits, use an
    /// attribute such as `#[schemars(with = "String")]`, or implement [`JsonSchema`].
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
    /// /** The message types of rooms of the kind `counter`. */
    /// export interface CounterTypes {
    ///   Open: null;
    ///   Join: null;
    ///   Command: Command;
    ///   Reply: null;
    ///   Event: number;
    ///   View: Counter;
    /// }
    ///
    /// /** The message types of each kind of room. */
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

    /// Reads back every state that is written, in release builds, too.
    pub(crate) fn read_back_all(mut self) -> Self {
        self.read_back = ReadBack::All;
        self
    }

    pub(crate) fn form(&self) -> StateForm<R> {
        self.form
    }

    pub(crate) fn named(self, name: &str) -> game::Kind {
        game::Kind {
            name: name.to_owned(),
            logic: Box::new(HostedKind::new(self.form, self.read_back)),
            settings: self.settings,
        }
    }
}

impl<R> Clone for Kind<R> {
    fn clone(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            form: self.form,
            read_back: self.read_back.clone(),
            types: self.types,
        }
    }
}
