//! A test of a room and its players, without a server, threads or waiting: [`Table`].

mod course;

use std::marker::PhantomData;

use bytes::Bytes;
use wayfare_core::game::{Durability, Form, Refusal};
use wayfare_protocol::EntityId;
use wayfare_protocol::wire::{self, client_frame::Body as Say, hello::Credential};

use super::driver::Driver;
use super::recovery;
use super::seat::Left;
use super::setup::Setup;
use crate::game::check;
use crate::state_form::StateForm;
use crate::{Decode, Encode, LeaveReason, Room};

/// A test of one room: players join, send commands and lose their connections, and time passes. It
/// takes no time and is deterministic.
///
/// The room is driven by the same shard as on a server, and the players use the real protocol, so
/// results hold in production, too. Only the rate limit is off. The test names the players; a
/// player's id is its name.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use wayfare::prelude::*;
/// # use wayfare::testing::{Resumed, Table};
/// # #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// # struct Chat(Vec<String>);
/// # impl SimpleRoom for Chat {
/// #     type Command = String;
/// #     type Event = String;
/// #     fn command(&mut self, _: &Player, said: String, cx: &Context<Self>) -> Result<(), Refusal> {
/// #         cx.send(Everyone, &said);
/// #         Ok(self.0.push(said))
/// #     }
/// # }
/// let mut table = Table::<Chat>::open(());
/// table.join("ada", ())?;
/// table.join("bob", ())?;
///
/// table.drop_connection("bob");
/// table.command("ada", "are you there?".to_owned())?;
/// assert_eq!(table.resume("bob"), Resumed::Replayed(vec!["are you there?".to_owned()]));
/// # Ok::<(), Refusal>(())
/// ```
pub struct Table<R> {
    driver: Driver,
    room: EntityId,
    open: Bytes,
    form: StateForm<R>,
    checks_recovery: bool,
    typed: PhantomData<fn() -> R>,
}

/// The result of a resume: see [`Table::resume`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resumed<E, V> {
    /// All events that the player missed.
    Replayed(Vec<E>),
    /// The player missed more than the history holds, or the room was rolled back: a new view.
    Resynced(V),
    /// The player's membership has ended.
    Left(LeaveReason),
}

/// Every method panics, and so fails the test, if the player that it names never joined.
impl<R: Room> Table<R> {
    /// Makes a table with the default settings. As on a server, the room opens when the first
    /// player joins.
    #[must_use]
    pub fn open(open: R::Open) -> Self
    where
        R::Open: Encode,
    {
        Self::setup().open(open)
    }

    /// Makes a table with other settings or another seed.
    pub fn setup() -> Setup<R> {
        Setup::new()
    }

    pub(super) fn lay(setup: Setup<R>, open: R::Open) -> Self
    where
        R::Open: Encode,
    {
        let form = setup.kind.form();
        let mut kinds = vec![setup.kind.read_back_all().named(setup.room.kind())];
        kinds.extend(setup.others);
        if let Err(invalid) = check(&kinds) {
            panic!("{invalid}");
        }
        let is_durable = kinds[0].settings.durability == Durability::Durable;
        Self {
            driver: Driver::new(kinds, setup.seed),
            room: setup.room,
            open: encoded::<R, _>(open),
            checks_recovery: is_durable && form.form() == Form::Changes,
            form,
            typed: PhantomData,
        }
    }

    /// Joins a player with a token, and returns its view.
    ///
    /// # Errors
    /// The room's refusal.
    pub fn join(&mut self, player: &str, join: R::Join) -> Result<R::View, Refusal>
    where
        R::Join: Encode,
        R::View: Decode,
    {
        self.join_with(player, Credential::Token(player.to_owned()), join)
    }

    /// Joins a player without a token, and returns its view. The server draws its id; the test
    /// continues to use this name.
    ///
    /// # Errors
    /// The room's refusal.
    pub fn join_as_guest(&mut self, player: &str, join: R::Join) -> Result<R::View, Refusal>
    where
        R::Join: Encode,
        R::View: Decode,
    {
        let guest = wire::Guest {
            name: player.to_owned(),
        };
        self.join_with(player, Credential::Guest(guest), join)
    }

    fn join_with(
        &mut self,
        player: &str,
        credential: Credential,
        join: R::Join,
    ) -> Result<R::View, Refusal>
    where
        R::Join: Encode,
        R::View: Decode,
    {
        let seat = self.driver.take_seat(player);
        if seat.connection.is_none() {
            seat.forget_session();
            self.driver.connect(player, credential);
        }
        let (room, open) = (self.room.to_string(), self.open.clone());
        let payload = encoded::<R, _>(join);
        let frame = self.driver.seat(player).say_join(&room, open, payload);
        self.say(player, frame);
        let seat = self.driver.seat(player);
        match (seat.join_refused.take(), &seat.stay) {
            (Some(refusal), _) => Err(refusal),
            (None, Some(stay)) => Ok(decoded::<R, _>("view", &stay.view)),
            (None, None) => panic!("{player}'s join got no answer: {:?}", seat.ended),
        }
    }

    /// Sends a member's command, and returns the room's answer.
    ///
    /// # Errors
    /// The room's refusal, or that its handler panicked: see also [`Table::panics`].
    ///
    /// # Panics
    /// If the player is not in the room, or not connected.
    pub fn command(&mut self, player: &str, command: R::Command) -> Result<R::Reply, Refusal>
    where
        R::Command: Encode,
        R::Reply: Decode,
    {
        self.command_bytes(player, encoded::<R, _>(command))
    }

    /// Sends arbitrary bytes as a command, as a faulty client may.
    ///
    /// # Errors
    /// Those of [`Table::command`].
    ///
    /// # Panics
    /// In the cases of [`Table::command`].
    pub fn command_bytes(
        &mut self,
        player: &str,
        payload: impl Into<Vec<u8>>,
    ) -> Result<R::Reply, Refusal>
    where
        R::Reply: Decode,
    {
        let spoken = self.driver.seat(player).say_command(payload.into().into());
        let Some((number, frame)) = spoken else {
            self.panic_outside(player);
        };
        self.say(player, frame);
        let seat = self.driver.seat(player);
        match (seat.take_reply(number), &seat.left) {
            (Some(reply), _) => Ok(decoded::<R, _>("reply", &reply?)),
            (None, Some(left)) => {
                let reason = left.reason;
                Err(Refusal::new(format!(
                    "the player left meanwhile: {reason:?}"
                )))
            }
            (None, None) => panic!("{player}'s command got no answer: {:?}", seat.ended),
        }
    }

    /// Sends an unreliable command, which has no answer.
    ///
    /// # Panics
    /// In the cases of [`Table::command`].
    pub fn command_unreliable(&mut self, player: &str, command: R::Command)
    where
        R::Command: Encode,
    {
        let payload = encoded::<R, _>(command);
        let Some(frame) = self.driver.seat(player).say_unreliable(payload) else {
            self.panic_outside(player);
        };
        self.say(player, frame);
    }

    /// Makes a player leave the room.
    ///
    /// # Panics
    /// In the cases of [`Table::command`].
    pub fn leave(&mut self, player: &str) {
        let Some(frame) = self.driver.seat(player).say_leave() else {
            self.panic_outside(player);
        };
        self.say(player, frame);
    }

    /// Returns the events that a player got since the last call, in order, without replies.
    pub fn events(&mut self, player: &str) -> Vec<R::Event>
    where
        R::Event: Decode,
    {
        let events = std::mem::take(&mut self.driver.seat(player).events);
        decoded_all::<R, _>("event", &events)
    }

    /// Returns the unreliable events that a player got since the last call.
    pub fn unreliable_events(&mut self, player: &str) -> Vec<R::Event>
    where
        R::Event: Decode,
    {
        let events = std::mem::take(&mut self.driver.seat(player).unreliable);
        decoded_all::<R, _>("event", &events)
    }

    /// Returns the views that a player got since the last call because the room was rolled back,
    /// for example by a restart after a panic.
    pub fn resyncs(&mut self, player: &str) -> Vec<R::View>
    where
        R::View: Decode,
    {
        let views = std::mem::take(&mut self.driver.seat(player).resyncs);
        decoded_all::<R, _>("view", &views)
    }

    /// Returns the end of the player's last membership; `None` for a member.
    pub fn left(&mut self, player: &str) -> Option<Left> {
        self.driver.seat(player).left.clone()
    }

    /// Drops the player's connection, without notice to the server. Does nothing if it has none.
    pub fn drop_connection(&mut self, player: &str) {
        self.driver.disconnect(player);
    }

    /// Reconnects the player's client, as clients do automatically, and returns what it missed.
    ///
    /// # Panics
    /// If the player never joined, or the server cannot accept it now: see [`Table::try_resume`].
    pub fn resume(&mut self, player: &str) -> Resumed<R::Event, R::View>
    where
        R::Event: Decode,
        R::View: Decode,
    {
        match self.try_resume(player) {
            Ok(resumed) => resumed,
            Err(refusal) => panic!("{player} is not let back in now: {refusal}"),
        }
    }

    /// Reconnects the player's client, if the server can accept it now.
    ///
    /// # Errors
    /// The server's refusal. The client keeps its session, and may try again later.
    ///
    /// # Panics
    /// If the player never joined.
    pub fn try_resume(&mut self, player: &str) -> Result<Resumed<R::Event, R::View>, Refusal>
    where
        R::Event: Decode,
        R::View: Decode,
    {
        self.drop_connection(player);
        let seat = self.driver.seat(player);
        let Some(ticket) = seat.ticket.clone() else {
            panic!("{player} has nothing to resume: `join` first");
        };
        let heard = seat.events.len();
        self.driver.connect(player, Credential::Ticket(ticket));
        if self.driver.seat(player).connection.is_none() {
            self.driver.seat(player).forget_session();
            return Ok(Resumed::Left(LeaveReason::Ended));
        }
        let room = self.room.to_string();
        if let Some(attach) = self.driver.seat(player).say_attach(&room) {
            self.say(player, attach);
        }
        if let Some(join) = self.driver.seat(player).say_join_again(&room) {
            self.say(player, join);
            return Ok(self.joined_again(player));
        }
        let seat = self.driver.seat(player);
        if let (None, Some(refusal)) = (seat.connection, &seat.ended) {
            return Err(refusal.clone());
        }
        if let Some(left) = &seat.left {
            return Ok(Resumed::Left(left.reason));
        }
        if let Some(view) = seat.resyncs.pop() {
            return Ok(Resumed::Resynced(decoded::<R, _>("view", &view)));
        }
        let replayed = seat.events.split_off(heard);
        Ok(Resumed::Replayed(decoded_all::<R, _>("event", &replayed)))
    }

    fn joined_again(&mut self, player: &str) -> Resumed<R::Event, R::View>
    where
        R::View: Decode,
    {
        let seat = self.driver.seat(player);
        match (&seat.stay, &seat.join_refused) {
            (Some(stay), _) => Resumed::Resynced(decoded::<R, _>("view", &stay.view)),
            (None, Some(_)) => Resumed::Left(LeaveReason::RoomGone),
            (None, None) => panic!("{player}'s join got no answer: {:?}", seat.ended),
        }
    }

    fn say(&mut self, player: &str, body: Say) {
        self.driver.say(player, body);
        self.check_recovery();
    }

    fn check_recovery(&mut self) {
        if self.checks_recovery {
            recovery::check(&mut self.driver, &self.room);
        }
    }

    fn panic_outside(&mut self, player: &str) -> ! {
        let left = self.driver.seat(player).left.take();
        panic!("{player} is not in the room: {left:?}");
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a test gives its messages away"
)]
fn encoded<R: Room, T: Encode>(message: T) -> Bytes {
    let mut bytes = Vec::new();
    match message.encode(R::CODEC, &mut bytes) {
        Ok(()) => bytes.into(),
        Err(error) => panic!("the message does not encode: {error}"),
    }
}

fn decoded<R: Room, T: Decode>(what: &str, bytes: &[u8]) -> T {
    match T::decode(R::CODEC, bytes) {
        Ok(message) => message,
        Err(error) => panic!("the room's {what} does not decode: {error}"),
    }
}

fn decoded_all<R: Room, T: Decode>(what: &str, messages: &[Bytes]) -> Vec<T> {
    messages
        .iter()
        .map(|message| decoded::<R, T>(what, message))
        .collect()
}
