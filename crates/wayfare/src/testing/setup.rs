//! The setup of a table: [`Setup`].

use wayfare_core::game;
use wayfare_protocol::EntityId;

use super::Table;
use crate::{Encode, Entity, EntityKind, Kind, Room};

/// The setup of a table, made by [`Table::setup`].
#[derive(Debug)]
#[must_use]
pub struct Setup<R> {
    pub(super) kind: Kind<R>,
    pub(super) others: Vec<game::Kind>,
    pub(super) seed: u64,
    pub(super) room: EntityId,
}

impl<R: Room> Setup<R> {
    pub(super) fn new() -> Self {
        Self {
            kind: Kind::new(),
            others: Vec::new(),
            seed: 0,
            room: "room/table"
                .parse()
                .unwrap_or_else(|_| unreachable!("it is an id")),
        }
    }

    /// Sets the kind's settings. Use the same function as in production.
    pub fn kind(mut self, settings: impl FnOnce(Kind<R>) -> Kind<R>) -> Self {
        self.kind = settings(self.kind);
        self
    }

    /// Adds a kind of entity that the room asks, or a stand-in: any type with the same requests and
    /// replies.
    pub fn entity<E: Entity>(
        mut self,
        name: &str,
        settings: impl FnOnce(EntityKind<E>) -> EntityKind<E>,
    ) -> Self {
        self.others.push(settings(EntityKind::new()).named(name));
        self
    }

    /// Sets another seed than 0. The same seed gives the same game.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the room's id, such as `plaza/main`, for rooms that use it.
    ///
    /// # Panics
    /// If the id is invalid.
    pub fn room(mut self, id: &str) -> Self {
        self.room = id.parse().unwrap_or_else(|invalid| panic!("{invalid}"));
        self
    }

    /// Makes the table, like [`Table::open`].
    ///
    /// # Panics
    /// If the kind's settings are invalid.
    #[must_use]
    pub fn open(self, open: R::Open) -> Table<R>
    where
        R::Open: Encode,
    {
        Table::lay(self, open)
    }
}
