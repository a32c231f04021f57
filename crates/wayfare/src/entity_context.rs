//! What an entity's handler may do: [`EntityContext`].

use std::ops::Deref;
use std::time::Duration;

use wayfare_core::HandlerContext;
use wayfare_core::game::Refusal;

use crate::{Caller, Changes, Entity, Surroundings};

/// The surroundings of an entity's handler, as [`Context`](crate::Context) is a room's.
///
/// Timers, futures, asking, the log, the time and chance are among the methods of
/// [`Surroundings`], which this derefs to.
pub struct EntityContext<'a, E: Entity> {
    surroundings: Surroundings<'a, E::Note>,
}

impl<'a, E: Entity> EntityContext<'a, E> {
    pub(crate) fn new(cx: &'a HandlerContext<'a>) -> Self {
        Self {
            surroundings: Surroundings::new(cx),
        }
    }

    /// Answers a request that [`Entity::request`] answered with
    /// [`Answer::Later`](crate::Answer::Later): with a reply, or with a refusal. An answer after
    /// the caller's deadline, or a second one, is not heard.
    ///
    /// # Panics
    /// If the reply does not encode.
    pub fn reply(&self, caller: &Caller, reply: Result<&E::Reply, Refusal>) {
        let reply = reply.map(|reply| |into: &mut Vec<u8>| self.write("a reply", reply, into));
        self.turn().reply(caller.for_turn(), reply);
    }

    /// How long the caller will still wait for the answer to the request that is being handled;
    /// `None` in other handlers. What is asked of others on the way gets no longer than that.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.turn().remaining()
    }

    /// As [`Context::apply`](crate::Context::apply).
    ///
    /// # Panics
    /// If the change does not encode.
    pub fn apply(&self, entity: &mut E, change: E::Change)
    where
        E: Changes,
    {
        self.surroundings.apply(entity, change);
    }
}

impl<'a, E: Entity> Deref for EntityContext<'a, E> {
    type Target = Surroundings<'a, E::Note>;

    fn deref(&self) -> &Surroundings<'a, E::Note> {
        &self.surroundings
    }
}
