//! The methods that the handlers of rooms and entities share: [`HandlerApi`].

use std::convert::Infallible;
use std::marker::PhantomData;
use std::time::Duration;

use rand::{Rng, TryRng};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::HandlerContext;
use wayfare_protocol::EntityId;

use crate::codec::{CodecError, write_named};
use crate::{Addressee, Changes, Documents, Entity, TimerId, read_back, work};

/// The common part of [`Context`](crate::Context) and [`EntityContext`](crate::EntityContext):
/// time, randomness, timers, futures, and other entities. `N` is the note's type.
///
/// All effects happen after the handler, in order, if it succeeds.
pub struct HandlerApi<'a, N> {
    cx: &'a HandlerContext<'a>,
    note: PhantomData<fn(N)>,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "notes and tags are given away"
)]
impl<'a, N: Serialize + DeserializeOwned> HandlerApi<'a, N> {
    pub(crate) fn new(cx: &'a HandlerContext<'a>) -> Self {
        Self {
            cx,
            note: PhantomData,
        }
    }

    pub(crate) fn turn(&self) -> &'a HandlerContext<'a> {
        self.cx
    }

    /// Delivers a note after `delay`, to the handler `note`. The timer is part of the state and
    /// survives with it. Use the id for [`cancel`](Self::cancel).
    ///
    /// # Panics
    /// If 1024 timers, the maximum, are running, or the note cannot be encoded.
    pub fn after(&self, delay: Duration, note: N) -> TimerId {
        let timer = self
            .cx
            .after(delay, |into| self.write_kept("a note", &note, into));
        TimerId::of_turn(timer)
    }

    /// Cancels a timer, if its note was not delivered yet.
    pub fn cancel(&self, timer: TimerId) {
        self.cx.cancel(timer.for_turn());
    }

    /// Runs a future, and delivers its result to the handler `note`. Use it for everything that
    /// takes time, such as [`documents`](Self::documents) or a service elsewhere.
    ///
    /// The future starts once this step is released (for a `Durable` kind: stored). It runs on a
    /// thread where it may wait but must not block, and stays on the node where it started. If that
    /// node is lost, or the future panics, `lost_note` is delivered instead; effects that the
    /// future had until then remain. A state that survives the node gets exactly one of the two
    /// notes. A handler that refuses or panics starts nothing.
    ///
    /// The future cannot access the state, which may have changed when the future is done. Give it
    /// copies, and check the state again when the note is delivered.
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
    /// If 256 futures and asks, the maximum, are in flight, or the lost note cannot be encoded.
    pub fn run(&self, future: impl Future<Output = N> + Send + 'static, lost_note: N)
    where
        N: 'static,
    {
        let mut lost = Vec::new();
        self.write_kept("a lost note", &lost_note, &mut lost);
        self.cx
            .run(work::new(future), |into| into.extend_from_slice(&lost));
    }

    /// Asks an entity of type `E` by its id, such as `"counter/main"`. The answer is delivered with
    /// `tag` to the handler `answer`, at the latest after `deadline`. While a request is being
    /// handled, the deadline is at most that of the request.
    ///
    /// The request is sent once this step is released, and is executed at most once. It opens the
    /// entity if necessary.
    ///
    /// # Panics
    /// If the text is not an id (parse input of players to an [`EntityId`] first, and refuse it),
    /// the request or the tag cannot be encoded, or 256 futures and asks are in flight.
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
            |into| self.write_kept("a tag", &tag, into),
        );
    }

    /// Appends a record to the game log of this name: finished matches, purchases, entries for an
    /// audit. It is part of the step: it is in the log exactly once if the step is stored, and
    /// otherwise not at all. Logs belong to the game. All its rooms and entities can write to them,
    /// and tools read them with [`Documents::read_log`].
    ///
    /// # Panics
    /// If nothing of this kind is stored, because a step that may be lost cannot be logged exactly
    /// once: make the kind `Durable`, or give it snapshots. Also if the record cannot be encoded.
    pub fn log<T: Serialize>(&self, log: &str, record: &T) {
        self.cx
            .log(log, |into| self.write("a log record", record, into));
    }

    /// Returns the documents (accounts, saved games and other data that outlives this room), for
    /// futures of [`run`](Self::run).
    ///
    /// # Panics
    /// If there is no storage. Servers and tables always have one.
    #[must_use]
    pub fn documents(&self) -> Documents {
        match self.cx.documents() {
            Some(documents) => Documents::new(documents),
            None => panic!("{} is played where no documents are kept", self.id()),
        }
    }

    /// Closes the room or entity: members are notified, and its stored state is deleted. Callers
    /// that wait for an answer get `Late` at their deadline, so answer them first.
    pub fn close(&self) {
        self.cx.close();
    }

    /// Returns the age, which is the only clock. It never goes back, and survives with the state.
    /// While the node is down it goes on by the wall clock.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.cx.age()
    }

    /// Returns the time since 1970 that clients are told: `client.serverTime()` shows the same.
    ///
    /// It is for telling players until when something lasts: `server_time()` and the time that is
    /// left by [`now`](Self::now). Do not decide by it and do not store it, because somebody may
    /// set that clock, and another machine has another.
    #[must_use]
    pub fn server_time(&self) -> Duration {
        self.cx.server_time()
    }

    /// Returns a source of randomness. Use the methods of [`RngExt`](rand::RngExt), which is in the
    /// prelude. In a [`Table`](crate::testing::Table) it is seeded.
    #[must_use]
    pub fn rng(&self) -> impl Rng + use<'a, N> {
        Chance(self.cx)
    }

    /// Returns the id, `kind/key`.
    #[must_use]
    pub fn id(&self) -> &'a EntityId {
        self.cx.entity()
    }

    pub(crate) fn apply<S: Changes>(&self, state: &mut S, change: S::Change) {
        self.cx
            .change(|into| self.write_kept("a change", &change, into));
        state.apply(change);
    }

    pub(crate) fn write<T: Serialize>(&self, what: &str, value: &T, into: &mut Vec<u8>) {
        if let Err(error) = write_named(value, into) {
            self.does_not_encode(what, &error);
        }
    }

    /// Writes what the entity itself reads later, perhaps after a restart. Development builds read
    /// it back at once.
    fn write_kept<T>(&self, what: &str, value: &T, into: &mut Vec<u8>)
    where
        T: Serialize + DeserializeOwned,
    {
        let start = into.len();
        self.write(what, value, into);
        if cfg!(debug_assertions)
            && let Err(difference) = read_back::compare(value, &into[start..])
        {
            panic!(
                "{what} of {} does not read back from its stored form: {difference}",
                self.id()
            );
        }
    }

    pub(crate) fn does_not_encode(&self, what: &str, error: &CodecError) -> ! {
        panic!("{what} of {} does not encode: {error}", self.id());
    }
}

/// A source that is borrowed for one draw at a time, so that an expression may contain several.
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
