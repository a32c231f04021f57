//! The trait of entities, which rooms and other entities ask: [`Entity`].

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::game::Refusal;
use wayfare_protocol::ErrorCode;

use crate::{Answered, AskError, Caller, EntityContext, Snapshot};

/// A named state that rooms and other entities can ask, and that no player joins: a counter, a
/// queue, a guild, a market.
///
/// An entity is like a [`Room`](crate::Room) without members. It lives in one place at a time. Its
/// handlers are called one at a time, are synchronous and short, and their effects happen when they
/// succeed. It opens at its first request. When it is idle it is put away, and restored at the next
/// request, so there may be one for every player that ever existed.
///
/// Requests, replies and notes are MessagePack with field names, like states. Fields with
/// `#[serde(default)]` can be added while old and new versions are in use.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wayfare::prelude::*;
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Counter {
///     count: u64,
/// }
///
/// impl Entity for Counter {
///     type Request = u64; // count this much further …
///     type Reply = u64; // … and say where that led
///     type Note = ();
///
///     fn open(_: &EntityContext<Self>) -> Result<Self, Refusal> {
///         Ok(Self::default())
///     }
///
///     fn request(
///         &mut self,
///         _: &Caller,
///         by: u64,
///         _: &EntityContext<Self>,
///     ) -> Result<Answer<u64>, Refusal> {
///         self.count += by;
///         Ok(Answer::Now(self.count))
///     }
/// }
///
/// # fn example() -> wayfare::Result<()> {
/// wayfare::serve().entity::<Counter>("counter", |kind| kind.durability(Durable)).run()
/// # }
/// ```
///
/// Use [`cx.ask`](crate::HandlerApi::ask) to ask an entity, and a [`Desk`](crate::testing::Desk)
/// to test it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    note = "implement `wayfare::Entity` for it"
)]
pub trait Entity: Serialize + DeserializeOwned + Sized + 'static {
    /// The requests of others …
    type Request: Serialize + DeserializeOwned;
    /// … and their answers.
    type Reply: Serialize + DeserializeOwned;
    /// The note that it leaves for itself: see [`after`](crate::HandlerApi::after).
    type Note: Serialize + DeserializeOwned;

    /// The version of the state's form, stored with each snapshot: see
    /// [`Room::VERSION`](crate::Room::VERSION).
    const VERSION: u32 = 1;

    /// Makes a new entity at its first request. Its [id](crate::HandlerApi::id) and the requests
    /// that follow say what it represents.
    ///
    /// # Errors
    /// A refusal answers the request that would have opened the entity.
    fn open(cx: &EntityContext<'_, Self>) -> Result<Self, Refusal>;

    /// Handles a request. Each is executed at most once. After [`Answer::Later`] use
    /// [`EntityContext::reply`] to answer; keep the caller in the state until then.
    ///
    /// # Errors
    /// A refusal is the answer. The state must then be unchanged.
    fn request(
        &mut self,
        caller: &Caller,
        request: Self::Request,
        cx: &EntityContext<'_, Self>,
    ) -> Result<Answer<Self::Reply>, Refusal>;

    /// Handles a tick of the kind's rate; see [`EntityKind::tick`](crate::EntityKind::tick).
    fn tick(&mut self, cx: &EntityContext<'_, Self>) {
        let _ = cx;
    }

    /// Handles a note of a timer or a future.
    fn note(&mut self, note: Self::Note, cx: &EntityContext<'_, Self>) {
        let _ = (note, cx);
    }

    /// Handles the answer to an ask of this entity, which had this tag.
    fn answer(
        &mut self,
        tag: Self::Note,
        answer: Result<Answered<'_>, AskError>,
        cx: &EntityContext<'_, Self>,
    ) {
        let _ = (tag, answer, cx);
    }

    /// Makes an entity of a snapshot that another [`VERSION`](Entity::VERSION) wrote (`from`): see
    /// [`Room::upgrade`](crate::Room::upgrade).
    ///
    /// # Errors
    /// If it is not possible. This is the default.
    fn upgrade(from: u32, snapshot: Snapshot<'_>) -> Result<Self, Refusal> {
        let _ = snapshot;
        let version = Self::VERSION;
        let message = format!(
            "the snapshot is of version {from} and this entity of version {version}: \
             implement Entity::upgrade"
        );
        Err(Refusal::with_code(ErrorCode::Internal, message))
    }
}

/// The result of [`Entity::request`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<R> {
    /// The answer.
    Now(R),
    /// The answer is given later by [`EntityContext::reply`], or not before the caller's deadline.
    Later,
}
