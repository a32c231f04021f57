//! The context of an entity's handler: [`EntityContext`].

use std::ops::Deref;
use std::time::Duration;

use wayfare_core::HandlerContext;
use wayfare_core::game::Refusal;

use crate::{Caller, Changes, Entity, HandlerApi};

/// The interface of a handler to its entity, like [`Context`](crate::Context) for a room.
///
/// Timers, futures, asking, logs, time and randomness are methods of [`HandlerApi`], to which
/// this derefs.
pub struct EntityContext<'a, E: Entity> {
    handler_api: HandlerApi<'a, E::Note>,
}

impl<'a, E: Entity> EntityContext<'a, E> {
    pub(crate) fn new(cx: &'a HandlerContext<'a>) -> Self {
        Self {
            handler_api: HandlerApi::new(cx),
        }
    }

    /// Answers a request for which [`Entity::request`] returned
    /// [`Answer::Later`](crate::Answer::Later), with a reply or a refusal. An answer after the
    /// caller's deadline, or a second one, has no effect.
    ///
    /// # Panics
    /// If the reply cannot be encoded.
    pub fn reply(&self, caller: &Caller, reply: Result<&E::Reply, Refusal>) {
        let reply = reply.map(|reply| |into: &mut Vec<u8>| self.write("a reply", reply, into));
        self.turn().reply(caller.for_turn(), reply);
    }

    /// Returns how long the caller still waits for the answer to the present request; `None` in
    /// other handlers. Asks to others in the meantime have no longer deadlines.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.turn().remaining()
    }

    /// Logs and applies a change, like [`Context::apply`](crate::Context::apply).
    ///
    /// # Panics
    /// If the change cannot be encoded.
    pub fn apply(&self, entity: &mut E, change: E::Change)
    where
        E: Changes,
    {
        self.handler_api.apply(entity, change);
    }
}

impl<'a, E: Entity> Deref for EntityContext<'a, E> {
    type Target = HandlerApi<'a, E::Note>;

    fn deref(&self) -> &HandlerApi<'a, E::Note> {
        &self.handler_api
    }
}
