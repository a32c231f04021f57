//! A desk that is not laid with the defaults: [`DeskSetup`].

use wayfare_core::game;
use wayfare_protocol::EntityId;

use super::Desk;
use crate::{Entity, EntityKind};

/// Made by [`Desk::setup`].
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

    /// The kind's settings. A test is closest to production if both name the same function.
    pub fn kind(mut self, settings: impl FnOnce(EntityKind<E>) -> EntityKind<E>) -> Self {
        self.kind = settings(self.kind);
        self
    }

    /// A kind of entity that this one asks, or one that stands for it.
    pub fn entity<F: Entity>(
        mut self,
        name: &str,
        settings: impl FnOnce(EntityKind<F>) -> EntityKind<F>,
    ) -> Self {
        self.others.push(settings(EntityKind::new()).named(name));
        self
    }

    /// Another seed than 0: the same one gives the same answers.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The entity's id, such as `counter/main`, for entities that read it.
    ///
    /// # Panics
    /// If it is none.
    pub fn id(mut self, id: &str) -> Self {
        self.entity = id.parse().unwrap_or_else(|invalid| panic!("{invalid}"));
        self
    }

    /// As [`Desk::open`].
    ///
    /// # Panics
    /// If the kind's settings make no sense.
    #[must_use]
    pub fn open(self) -> Desk<E> {
        Desk::lay(self)
    }
}
