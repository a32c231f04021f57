//! The settings of a kind of entity: [`EntityKind`].

use std::time::Duration;

use wayfare_core::game::{self, Durability, KindSettings, OnPanic, Who};

use crate::hosted_entity::HostedEntityKind;
use crate::read_back::ReadBack;
use crate::state_form::StateForm;
use crate::{Changes, Entity, Parts};

/// The settings of all entities of a kind. All have defaults.
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
    read_back: ReadBack,
}

/// The setting for idle entities, if there is one.
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
            read_back: ReadBack::default(),
        }
    }

    /// Calls [`Entity::tick`] at this interval. By default an entity does not tick. It does not
    /// tick while it is put away.
    pub fn tick(mut self, every: Duration) -> Self {
        self.settings.tick = Some(every);
        self
    }

    /// Sets when a step's answers, asks and futures are released, and what the entity survives:
    /// `Volatile` by default. See [`Kind::durability`](crate::Kind::durability).
    pub fn durability(mut self, durability: Durability) -> Self {
        self.settings.durability = durability;
        self
    }

    /// Takes a snapshot this often: see [`Kind::snapshots_every`](crate::Kind::snapshots_every).
    pub fn snapshots_every(mut self, every: Duration) -> Self {
        self.settings.snapshot_every = Some(every);
        self
    }

    /// Sets how long a `Durable` entity without requests stays in memory: 30 s by default. Then it
    /// is put away, and restored at the next request; until then it does not tick. An entity with
    /// running timers, or with futures or asks in flight, is not idle.
    ///
    /// A `Volatile` entity cannot be restored, so it stays in memory by default. If this is set, it
    /// ends when it is idle.
    pub fn idle_after(mut self, idle: Duration) -> Self {
        self.idleness = Idleness::After(idle);
        self
    }

    /// Keeps the entity in memory until it closes itself.
    pub fn keep_awake(mut self) -> Self {
        self.idleness = Idleness::Never;
        self
    }

    /// Sets what happens after a panic in a handler: by default the entity restarts.
    pub fn on_panic(mut self, on_panic: OnPanic) -> Self {
        self.settings.on_panic = on_panic;
        self
    }

    /// Logs steps as changes: see [`Changes`]. Of this and [`in_parts`](Self::in_parts) the last
    /// call counts.
    pub fn log_changes(mut self) -> Self
    where
        E: Changes,
    {
        self.form = StateForm::changes();
        self
    }

    /// Stores the state in parts: see [`Parts`].
    pub fn in_parts(mut self) -> Self
    where
        E: Parts,
    {
        self.form = StateForm::parts();
        self
    }

    /// Reads back every state that is written, in release builds, too.
    pub(crate) fn read_back_all(mut self) -> Self {
        self.read_back = ReadBack::All;
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
            logic: Box::new(HostedEntityKind::<E>::new(self.form, self.read_back)),
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
            read_back: self.read_back.clone(),
        }
    }
}
