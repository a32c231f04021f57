//! A table that is not laid with the defaults: [`Setup`].

use wayfare_core::game;
use wayfare_protocol::EntityId;

use super::Table;
use crate::{Encode, Entity, EntityKind, Kind, Room};

/// Made by [`Table::setup`].
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

    /// The kind's settings. A test is closest to production if both name the same function.
    pub fn kind(mut self, settings: impl FnOnce(Kind<R>) -> Kind<R>) -> Self {
        self.kind = settings(self.kind);
        self
    }

    /// A kind of entity that the room asks, as on the server, or one that stands for it: any type
    /// with the same requests and replies will do.
    pub fn entity<E: Entity>(
        mut self,
        name: &str,
        settings: impl FnOnce(EntityKind<E>) -> EntityKind<E>,
    ) -> Self {
        self.others.push(settings(EntityKind::new()).named(name));
        self
    }

    /// Another seed than 0: the same one gives the same game.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The room's id, such as `plaza/main`, for rooms that read it.
    ///
    /// # Panics
    /// If it is none.
    pub fn room(mut self, id: &str) -> Self {
        self.room = id.parse().unwrap_or_else(|invalid| panic!("{invalid}"));
        self
    }

    /// As [`Table::open`].
    ///
    /// # Panics
    /// If the kind's settings make no sense.
    #[must_use]
    pub fn open(self, open: R::Open) -> Table<R>
    where
        R::Open: Encode,
    {
        Table::lay(self, open)
    }
}
