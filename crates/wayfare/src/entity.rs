//! What a game implements to have a thing that others ask: [`Entity`].

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::game::Refusal;
use wayfare_protocol::ErrorCode;

use crate::{Answered, AskError, Caller, EntityContext, Snapshot};

/// Something with a name and a state that rooms and other entities ask, and that no player joins: a
/// counter, a queue, a guild, a market, the one thing of its sort.
///
/// An entity is what a [`Room`](crate::Room) is, without members and what belongs to them: it lives
/// in one place at a time, its handlers are called one at a time, are synchronous and short, and
/// what they leave behind takes effect when they return well. It opens when it is asked for the
/// first time; when it is idle it is put away, and brought back when it is asked again. So there may
/// be one for each player that ever was.
///
/// Requests, replies and notes are MessagePack with field names, as states are: fields can be added
/// with `#[serde(default)]` while old and new versions talk to each other.
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
/// It is asked with [`cx.ask`](crate::Surroundings::ask), and tested at a
/// [`Desk`](crate::testing::Desk).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    note = "implement `wayfare::Entity` for it"
)]
pub trait Entity: Serialize + DeserializeOwned + Sized + 'static {
    /// What others ask of it …
    type Request: Serialize + DeserializeOwned;
    /// … and what it answers.
    type Reply: Serialize + DeserializeOwned;
    /// What it leaves for itself: see [`after`](crate::Surroundings::after).
    type Note: Serialize + DeserializeOwned;

    /// The version of the state's form, stored with each snapshot: see
    /// [`Room::VERSION`](crate::Room::VERSION).
    const VERSION: u32 = 1;

    /// A new one, because it was asked for the first time. What it is to be is in its
    /// [id](crate::Surroundings::id), and in the requests that follow.
    ///
    /// # Errors
    /// A refusal answers the request that would have opened it.
    fn open(cx: &EntityContext<'_, Self>) -> Result<Self, Refusal>;

    /// Another's request. Each is carried out at most once. After [`Answer::Later`] the answer is
    /// given by [`EntityContext::reply`]; keep the caller in the state until then.
    ///
    /// # Errors
    /// A refusal is the answer. The state must be as it was.
    fn request(
        &mut self,
        caller: &Caller,
        request: Self::Request,
        cx: &EntityContext<'_, Self>,
    ) -> Result<Answer<Self::Reply>, Refusal>;

    /// One beat of the kind's tick rate; see [`EntityKind::tick`](crate::EntityKind::tick).
    fn tick(&mut self, cx: &EntityContext<'_, Self>) {
        let _ = cx;
    }

    /// A note came: of a timer, or of a future.
    fn note(&mut self, note: Self::Note, cx: &EntityContext<'_, Self>) {
        let _ = (note, cx);
    }

    /// The answer to an ask of this entity's own, which had this tag.
    fn answer(
        &mut self,
        tag: Self::Note,
        answer: Result<Answered<'_>, AskError>,
        cx: &EntityContext<'_, Self>,
    ) {
        let _ = (tag, answer, cx);
    }

    /// Makes an entity of a snapshot that another [`VERSION`](Entity::VERSION) wrote, which is
    /// `from`: see [`Room::upgrade`](crate::Room::upgrade).
    ///
    /// # Errors
    /// If it cannot. Unless written otherwise, it cannot.
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

/// What [`Entity::request`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<R> {
    /// The answer.
    Now(R),
    /// It will be given by [`EntityContext::reply`], or the caller's deadline ends the matter.
    Later,
}
