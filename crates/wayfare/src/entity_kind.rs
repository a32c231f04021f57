//! The settings of a kind of entity: [`EntityKind`].

use std::time::Duration;

use wayfare_core::game::{self, Durability, KindSettings, OnPanic, Who};

use crate::hosted_entity::HostedEntityKind;
use crate::state_form::StateForm;
use crate::{Changes, Entity, Parts};

/// What is the same for all entities of one kind. Nothing needs to be set.
///
/// ```
/// # use wayfare::prelude::*;
/// # use std::time::Duration;
/// fn guilds<E: Entity>(kind: EntityKind<E>) -> EntityKind<E> {
///     kind.durability(Durable).idle_after(Duration::from_secs(300))
/// }
/// ```
#[derive(Debug)]
#[must_use]
pub struct EntityKind<E> {
    settings: KindSettings,
    idleness: Idleness,
    form: StateForm<E>,
}

/// What was said about it, if anything.
#[derive(Clone, Copy, Debug)]
enum Idleness {
    Unsaid,
    After(Duration),
    Never,
}

impl<E: Entity> EntityKind<E> {
    pub(crate) fn new() -> Self {
        let settings = KindSettings {
            create: Who::Nobody,
            join: Who::Nobody,
            list: Who::Nobody,
            ..KindSettings::default()
        };
        Self {
            settings,
            idleness: Idleness::Unsaid,
            form: StateForm::Whole,
        }
    }

    /// Calls [`Entity::tick`] this often. An entity does not tick unless told to, and not while it
    /// is put away.
    pub fn tick(mut self, every: Duration) -> Self {
        self.settings.tick = Some(every);
        self
    }

    /// When a step's answers, asks and futures are released, and what the entity survives:
    /// `Volatile` unless set. See [`Kind::durability`](crate::Kind::durability).
    pub fn durability(mut self, durability: Durability) -> Self {
        self.settings.durability = durability;
        self
    }

    /// Takes a snapshot this often: see [`Kind::snapshots_every`](crate::Kind::snapshots_every).
    pub fn snapshots_every(mut self, every: Duration) -> Self {
        self.settings.snapshot_every = Some(every);
        self
    }

    /// How long an entity that nobody asks stays in memory: 30 s unless set, if it is `Durable`.
    /// Then it is put away, and brought back when it is asked again; until then it does not tick.
    /// One with timers running, futures or asks under way is not idle.
    ///
    /// A `Volatile` entity has nowhere to go: it stays in memory, unless this is set; then to be
    /// idle is its end.
    pub fn idle_after(mut self, idle: Duration) -> Self {
        self.idleness = Idleness::After(idle);
        self
    }

    /// It stays in memory until it closes itself.
    pub fn keep_awake(mut self) -> Self {
        self.idleness = Idleness::Never;
        self
    }

    /// What becomes of an entity whose handler panicked: it restarts unless set.
    pub fn on_panic(mut self, on_panic: OnPanic) -> Self {
        self.settings.on_panic = on_panic;
        self
    }

    /// Logs steps as changes: see [`Changes`]. Of this and [`in_parts`](Self::in_parts) the last
    /// one holds.
    pub fn log_changes(mut self) -> Self
    where
        E: Changes,
    {
        self.form = StateForm::changes();
        self
    }

    /// Writes the state in parts: see [`Parts`].
    pub fn in_parts(mut self) -> Self
    where
        E: Parts,
    {
        self.form = StateForm::parts();
        self
    }

    pub(crate) fn form(&self) -> StateForm<E> {
        self.form
    }

    pub(crate) fn named(mut self, name: &str) -> game::Kind {
        match self.idleness {
            Idleness::Unsaid if self.settings.durability == Durability::Durable => {}
            Idleness::Unsaid | Idleness::Never => self.settings.empty_grace = None,
            Idleness::After(idle) => self.settings.empty_grace = Some(idle),
        }
        game::Kind {
            name: name.to_owned(),
            logic: Box::new(HostedEntityKind::<E>::new(self.form)),
            settings: self.settings,
        }
    }
}

impl<E> Clone for EntityKind<E> {
    fn clone(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            idleness: self.idleness,
            form: self.form,
        }
    }
}
