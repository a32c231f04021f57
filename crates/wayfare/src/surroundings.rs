//! What a room's and an entity's handlers may do alike: [`Surroundings`].

use std::convert::Infallible;
use std::marker::PhantomData;
use std::time::Duration;

use rand::{Rng, TryRng};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::HandlerContext;
use wayfare_protocol::EntityId;

use crate::codec::{CodecError, write_named};
use crate::{Addressee, Changes, Documents, Entity, TimerId, work};

/// What [`Context`](crate::Context) and [`EntityContext`](crate::EntityContext) have in common: the
/// time, chance, timers, futures, and other entities. `N` is the note's type of whoever it is for.
///
/// Everything takes effect behind the handler, in order, if it returns well.
pub struct Surroundings<'a, N> {
    cx: &'a HandlerContext<'a>,
    note: PhantomData<fn(N)>,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "notes and tags are given away"
)]
impl<'a, N: Serialize + DeserializeOwned> Surroundings<'a, N> {
    pub(crate) fn new(cx: &'a HandlerContext<'a>) -> Self {
        Self {
            cx,
            note: PhantomData,
        }
    }

    pub(crate) fn turn(&self) -> &'a HandlerContext<'a> {
        self.cx
    }

    /// Brings a note back after `delay`, by `note`. It is part of the state: whatever the state
    /// survives, the timer survives with it. The id is for [`cancel`](Self::cancel).
    ///
    /// # Panics
    /// If 1024 timers are running, the most there may be, or the note does not encode.
    pub fn after(&self, delay: Duration, note: N) -> TimerId {
        let timer = self.cx.after(delay, |into| {
            self.write("a note", &note, into);
        });
        TimerId::of_turn(timer)
    }

    /// The note of this timer will not come, if it has not come yet.
    pub fn cancel(&self, timer: TimerId) {
        self.cx.cancel(timer.for_turn());
    }

    /// Runs a future, and brings back what it returns, by `note`: the way to whatever has to be
    /// waited for, such as [`documents`](Self::documents) or a service elsewhere.
    ///
    /// The future starts once this step is released (of a `Durable` kind: stored), on a thread
    /// where it may wait but shall not block, and stays on the node where it started. If that node
    /// is lost, or the future panics, `lost_note` comes in its place; what the future had done by
    /// then is done. A state that survives the node gets one of the two, once. A handler that
    /// refuses or panics starts nothing.
    ///
    /// The future cannot see the state, which may have changed by the time it is done: give it
    /// copies, and look again when the note comes.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use wayfare::prelude::*;
    /// # #[derive(Serialize, Deserialize)]
    /// # struct Save;
    /// #[derive(Serialize, Deserialize)]
    /// enum Note {
    ///     Loaded(Option<Save>),
    ///     NotLoaded,
    /// }
    ///
    /// # fn example<R: Room<Note = Note>>(cx: &Context<R>) {
    /// let documents = cx.documents();
    /// let load = async move {
    ///     match documents.get::<Save>("save/ada").await {
    ///         Ok(save) => Note::Loaded(save.map(|document| document.value)),
    ///         Err(_) => Note::NotLoaded,
    ///     }
    /// };
    /// cx.run(load, Note::NotLoaded);
    /// # }
    /// ```
    ///
    /// # Panics
    /// If 256 futures and asks are under way, the most there may be, or the lost note does not
    /// encode.
    pub fn run(&self, future: impl Future<Output = N> + Send + 'static, lost_note: N)
    where
        N: 'static,
    {
        let mut lost = Vec::new();
        self.write("a lost note", &lost_note, &mut lost);
        self.cx
            .run(work::new(future), |into| into.extend_from_slice(&lost));
    }

    /// Asks an entity of type `E`, by its id, such as `"counter/main"`. The answer comes with `tag`
    /// by `answer`, at the latest after `deadline`; in an answer to somebody else's request, no
    /// later than that one is due.
    ///
    /// The request leaves once this step is released, and is carried out at most once. An entity
    /// that is not there opens for it.
    ///
    /// # Panics
    /// If the text is no id (what a player wrote is parsed to an [`EntityId`] first, and refused),
    /// the request or the tag does not encode, or 256 futures and asks are under way.
    pub fn ask<E: Entity>(
        &self,
        entity: impl Addressee,
        request: &E::Request,
        deadline: Duration,
        tag: N,
    ) {
        let entity = entity.id().unwrap_or_else(|invalid| {
            panic!("{invalid}: an entity's id is its kind and its key, such as \"counter/main\"")
        });
        self.cx.ask(
            &entity,
            |into| self.write("a request", request, into),
            deadline,
            |into| self.write("a tag", &tag, into),
        );
    }

    /// Appends a record to the game log of this name: finished matches, purchases, what an audit
    /// wants to see. It is part of the step, so that it is there exactly once if the step is, and
    /// not at all if it is not. Logs are the game's: all its rooms and entities write to them, and
    /// tools read them with [`Documents::read_log`].
    ///
    /// # Panics
    /// If nothing is kept of this kind: a step that may be lost cannot be logged once. Make the
    /// kind `Durable`, or give it snapshots. Also if the record does not encode.
    pub fn log<T: Serialize>(&self, log: &str, record: &T) {
        self.cx
            .log(log, |into| self.write("a log record", record, into));
    }

    /// Accounts, saved games and whatever else outlives this room, for futures of
    /// [`run`](Self::run).
    ///
    /// # Panics
    /// If there is no storage: not on a server, nor at a table.
    #[must_use]
    pub fn documents(&self) -> Documents {
        match self.cx.documents() {
            Some(documents) => Documents::new(documents),
            None => panic!("{} is played where no documents are kept", self.id()),
        }
    }

    /// The end: members are told, and what is kept of the state is forgotten. Callers that still
    /// wait for an answer hear that it is late, when it is: answer them first.
    pub fn close(&self) {
        self.cx.close();
    }

    /// The age: the only clock there is. It never goes back, and survives all that the state
    /// survives.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.cx.age()
    }

    /// A source of randomness: draw with the methods of [`RngExt`](rand::RngExt), which the
    /// prelude has. In a [`Table`](crate::testing::Table) it is seeded.
    #[must_use]
    pub fn rng(&self) -> impl Rng + use<'a, N> {
        Chance(self.cx)
    }

    /// The id, `kind/key`.
    #[must_use]
    pub fn id(&self) -> &'a EntityId {
        self.cx.entity()
    }

    pub(crate) fn apply<S: Changes>(&self, state: &mut S, change: S::Change) {
        self.cx.change(|into| self.write("a change", &change, into));
        state.apply(change);
    }

    pub(crate) fn write<T: Serialize>(&self, what: &str, value: &T, into: &mut Vec<u8>) {
        if let Err(error) = write_named(value, into) {
            self.does_not_encode(what, &error);
        }
    }

    pub(crate) fn does_not_encode(&self, what: &str, error: &CodecError) -> ! {
        panic!("{what} of {} does not encode: {error}", self.id());
    }
}

/// Holds the source for one draw at a time, so that there may be several of it in one expression.
struct Chance<'a>(&'a HandlerContext<'a>);

impl TryRng for Chance<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.rng().next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.rng().next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.rng().fill_bytes(bytes);
        Ok(())
    }
}
