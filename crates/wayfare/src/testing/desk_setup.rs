//! The setup of a desk: [`DeskSetup`].

use wayfare_core::game;
use wayfare_protocol::EntityId;

use super::Desk;
use crate::{Entity, EntityKind};

/// The setup of a desk, made by [`Desk::setup`].
#[derive(Debug)]
#[must_use]
pub struct DeskSetup<E> {
    pub(super) kind: EntityKind<E>,
    pub(super) others: Vec<game::Kind>,
    pub(super) seed: u64,
    pub(super) entity: EntityId,
}

impl<E: Entity> DeskSetup<E> {
    pub(super) fn new() -> Self {
        Self {
            kind: EntityKind::new(),
            others: Vec::new(),
            seed: 0,
            entity: "entity/desk"
                .parse()
                .unwrap_or_else(|_| unreachable!("it is an id")),
        }
    }

    /// Sets the kind's settings. Use the same function as in production.
    pub fn kind(mut self, settings: impl FnOnce(EntityKind<E>) -> EntityKind<E>) -> Self {
        self.kind = settings(self.kind);
        self
    }

    /// Adds a kind of entity that this one asks, or a stand-in for it.
    pub fn entity<F: Entity>(
        mut self,
        name: &str,
        settings: impl FnOnce(EntityKind<F>) -> EntityKind<F>,
    ) -> Self {
        self.others.push(settings(EntityKind::new()).named(name));
        self
    }

    /// Sets another seed than 0. The same seed gives the same answers.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the entity's id, such as `counter/main`, for entities that use it.
    ///
    /// # Panics
    /// If the id is invalid.
    pub fn id(mut self, id: &str) -> Self {
        self.entity = id.parse().unwrap_or_else(|invalid| panic!("{invalid}"));
        self
    }

    /// Makes the desk, like [`Desk::open`].
    ///
    /// # Panics
    /// If the kind's settings are invalid.
    #[must_use]
    pub fn open(self) -> Desk<E> {
        Desk::lay(self)
    }
}
