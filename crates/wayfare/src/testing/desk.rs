//! A test of an entity, without a server: [`Desk`].

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::game::{Durability, Form};
use wayfare_protocol::EntityId;
use wayfare_protocol::wire::hello::Credential;

use super::asker::{self, Ask, Heard};
use super::desk_setup::DeskSetup;
use super::driver::Driver;
use super::{recovery, state};
use crate::codec::{read_named, write_named};
use crate::game::check;
use crate::state_form::StateForm;
use crate::{Answered, AskError, Entity};

/// The only player here.
const CLERK: &str = "clerk";
/// The default deadline of a request.
const DEADLINE: Duration = Duration::from_secs(10);

/// A test of one entity: requests and answers, the passage of time, the loss of the node. It takes
/// no time and is deterministic.
///
/// Like a [`Table`](super::Table), it drives the entity with the same shard as a server.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use wayfare::prelude::*;
/// # #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// # struct Counter { count: u64 }
/// # impl Entity for Counter {
/// #     type Request = u64;
/// #     type Reply = u64;
/// #     type Note = ();
/// #     fn open(_: &EntityContext<Self>) -> Result<Self, Refusal> { Ok(Self::default()) }
/// #     fn request(&mut self, _: &Caller, by: u64, _: &EntityContext<Self>) -> Result<Answer<u64>, Refusal> {
/// #         self.count += by;
/// #         Ok(Answer::Now(self.count))
/// #     }
/// # }
/// use wayfare::testing::Desk;
///
/// let mut desk = Desk::<Counter>::setup().kind(|kind| kind.durability(Durable)).open();
/// assert_eq!(desk.request(3), Ok(3));
/// desk.crash();
/// assert_eq!(desk.request(4), Ok(7));
/// ```
pub struct Desk<E> {
    driver: Driver,
    entity: EntityId,
    form: StateForm<E>,
    checks_recovery: bool,
    asked: u64,
    answers: BTreeMap<u64, Result<Vec<u8>, AskError>>,
}

/// A request at a desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked(u64);

impl<E: Entity> Desk<E> {
    /// Makes a desk with the default settings. As on a server, the entity opens at its first
    /// request.
    #[must_use]
    pub fn open() -> Self {
        Self::setup().open()
    }

    /// Makes a desk with other settings or another seed.
    pub fn setup() -> DeskSetup<E> {
        DeskSetup::new()
    }

    pub(super) fn lay(setup: DeskSetup<E>) -> Self {
        let form = setup.kind.form();
        let mut kinds = vec![setup.kind.read_back_all().named(setup.entity.kind())];
        kinds.extend(setup.others);
        if let Err(invalid) = check(&kinds) {
            panic!("{invalid}");
        }
        kinds.push(asker::kind());
        let is_durable = kinds[0].settings.durability == Durability::Durable;
        let mut desk = Self {
            driver: Driver::new(kinds, setup.seed),
            entity: setup.entity,
            checks_recovery: is_durable && form.form() == Form::Changes,
            form,
            asked: 0,
            answers: BTreeMap::new(),
        };
        desk.sit_down();
        desk
    }

    /// Sends a request and returns the answer.
    ///
    /// # Errors
    /// The entity's refusal, or the reason why there is no answer.
    ///
    /// # Panics
    /// If there is no answer yet: use [`Desk::ask`], let something happen, and check with
    /// [`Desk::answer`].
    pub fn request(&mut self, request: E::Request) -> Result<E::Reply, AskError> {
        let asked = self.ask(request);
        match self.answer(asked) {
            Some(answer) => answer,
            None => panic!(
                "{} has not answered yet: use `ask`, let something happen, then `answer`",
                self.entity
            ),
        }
    }

    /// Sends a request with a deadline of ten seconds. Use [`Desk::answer`] for its answer.
    pub fn ask(&mut self, request: E::Request) -> Asked {
        self.ask_within(DEADLINE, request)
    }

    /// Sends a request with another deadline.
    ///
    /// # Panics
    /// If the request cannot be encoded.
    #[expect(clippy::needless_pass_by_value, reason = "a test gives it away")]
    pub fn ask_within(&mut self, deadline: Duration, request: E::Request) -> Asked {
        self.asked += 1;
        let ask = Ask {
            number: self.asked,
            entity: self.entity.to_string(),
            deadline,
            request: encoded(&request),
        };
        let spoken = self.driver.seat(CLERK).say_command(encoded(&ask).into());
        let Some((_, frame)) = spoken else {
            unreachable!("the clerk stays");
        };
        self.driver.say(CLERK, frame);
        self.check_recovery();
        Asked(self.asked)
    }

    /// Returns the answer, once; `None` if there is none yet, or it was returned before.
    pub fn answer(&mut self, asked: Asked) -> Option<Result<E::Reply, AskError>> {
        self.listen();
        let answer = self.answers.remove(&asked.0)?;
        Some(answer.and_then(|reply| Answered::new(&reply).read::<E>()))
    }

    /// Advances the time, like [`Table::advance`](super::Table::advance).
    pub fn advance(&mut self, time: Duration) {
        self.driver.advance(time);
        self.check_recovery();
    }

    /// Runs futures, like [`Table::run_futures`](super::Table::run_futures).
    pub fn run_futures(&mut self) {
        self.driver.run_futures();
        self.check_recovery();
    }

    /// Loses futures, like [`Table::lose_futures`](super::Table::lose_futures).
    pub fn lose_futures(&mut self) {
        self.driver.lose_futures();
        self.check_recovery();
    }

    /// Crashes the node, like [`Table::crash`](super::Table::crash). Open requests never get an
    /// answer here, because their caller is lost, too.
    pub fn crash(&mut self) {
        self.listen();
        self.driver.crash();
        self.sit_down();
    }

    /// Returns the entity's state after its last handler, in memory or put away. It has passed
    /// through a snapshot, so that data that would not survive is missing here, too.
    ///
    /// # Panics
    /// If the entity was never asked, or is closed.
    pub fn state(&mut self) -> E {
        let in_memory = self.driver.state(&self.entity);
        let state = in_memory.or_else(|| {
            let stored = self.driver.stored(&self.entity);
            stored.unwrap_or_else(|unreadable| panic!("{unreadable}"))
        });
        match state {
            Some(state) => state::typed(&state, self.form, E::VERSION),
            None => panic!("{} has no state: it opens when it is asked", self.entity),
        }
    }

    /// Returns true if the entity is in memory. It is not before its first request, after it was
    /// put away, and after it closed.
    pub fn is_awake(&mut self) -> bool {
        self.driver.room(&self.entity).is_some()
    }

    /// Returns the panics of handlers so far, each as `handler: message`, and the errors of storing
    /// the state, as `state: reason`.
    #[must_use]
    pub fn panics(&self) -> &[String] {
        &self.driver.panics
    }

    /// Reads a document, like [`Table::document`](super::Table::document).
    ///
    /// # Panics
    /// If it is not a `T`.
    pub fn document<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.driver.document(name)
    }

    /// Writes a document, like [`Table::put_document`](super::Table::put_document).
    ///
    /// # Panics
    /// If it cannot be encoded.
    pub fn put_document<T: Serialize>(&mut self, name: &str, value: &T) {
        self.driver.put_document(name, value);
    }

    /// Reads a log, like [`Table::log`](super::Table::log).
    ///
    /// # Panics
    /// If its records are not `T`s.
    pub fn log<T: DeserializeOwned>(&self, log: &str) -> Vec<T> {
        self.driver.log(log)
    }

    /// Logs the clerk in, with a new session after a crash.
    fn sit_down(&mut self) {
        self.driver.take_seat(CLERK).forget_session();
        self.driver
            .connect(CLERK, Credential::Token(CLERK.to_owned()));
        let seat = self.driver.seat(CLERK);
        let join = seat.say_join(asker::ROOM, Vec::new().into(), Vec::new().into());
        self.driver.say(CLERK, join);
    }

    fn listen(&mut self) {
        for event in std::mem::take(&mut self.driver.seat(CLERK).events) {
            match read_named::<Heard>(&event) {
                Ok(heard) => self.answers.extend([heard.into_outcome()]),
                Err(error) => unreachable!("the asker says {error}"),
            }
        }
    }

    fn check_recovery(&mut self) {
        if self.checks_recovery {
            recovery::check(&mut self.driver, &self.entity);
        }
    }
}

fn encoded<T: Serialize>(message: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    match write_named(message, &mut bytes) {
        Ok(()) => bytes,
        Err(error) => panic!("the request does not encode: {error}"),
    }
}
