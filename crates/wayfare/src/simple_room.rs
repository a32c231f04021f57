//! The smallest room: [`SimpleRoom`].

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::game::Refusal;

use crate::{Context, Decode, Encode, LeaveReason, Player, Room};

/// A room of commands and events: all of its state is seen by everybody in it, it opens as its
/// default, and it takes nothing to create or to join.
///
/// Every `SimpleRoom` is a [`Room`] whose view is a copy of its state. To hide something from
/// players, to ask joiners for something, to answer commands or to set timers, change the word to
/// `Room`: the compiler names the few lines that are then missing, and what is here stays.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wayfare::prelude::*;
///
/// #[derive(Clone, Default, Serialize, Deserialize)]
/// struct Counter(i64);
///
/// impl SimpleRoom for Counter {
///     type Command = i64;
///     type Event = i64;
///
///     fn command(&mut self, _: &Player, by: i64, cx: &Context<Self>) -> Result<(), Refusal> {
///         self.0 += by;
///         cx.send(Everyone, &self.0);
///         Ok(())
///     }
/// }
/// ```
pub trait SimpleRoom: Clone + Default + Serialize + DeserializeOwned + 'static {
    /// What clients send to the room.
    type Command: Decode;
    /// What the room sends to clients.
    type Event: Encode;

    /// See [`Room::command`].
    ///
    /// # Errors
    /// A refusal is the answer to the command.
    fn command(
        &mut self,
        player: &Player,
        command: Self::Command,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal>;

    /// See [`Room::join`].
    ///
    /// # Errors
    /// A refusal keeps the player out.
    fn join(&mut self, player: &Player, cx: &Context<'_, Self>) -> Result<(), Refusal> {
        let _ = (player, cx);
        Ok(())
    }

    /// See [`Room::tick`].
    fn tick(&mut self, cx: &Context<'_, Self>) {
        let _ = cx;
    }

    /// See [`Room::leave`].
    fn leave(&mut self, player: &Player, reason: LeaveReason, cx: &Context<'_, Self>) {
        let _ = (player, reason, cx);
    }
}

impl<R: SimpleRoom> Room for R {
    type Open = ();
    type Join = ();
    type Command = R::Command;
    type Reply = ();
    type Event = R::Event;
    type View = R;
    type Note = ();

    fn open((): (), _: &Context<'_, Self>) -> Result<Self, Refusal> {
        Ok(Self::default())
    }

    fn join(&mut self, player: &Player, (): (), cx: &Context<'_, Self>) -> Result<(), Refusal> {
        SimpleRoom::join(self, player, cx)
    }

    fn view(&self, _: &Player) -> R {
        self.clone()
    }

    fn command(
        &mut self,
        player: &Player,
        command: R::Command,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal> {
        SimpleRoom::command(self, player, command, cx)
    }

    fn tick(&mut self, cx: &Context<'_, Self>) {
        SimpleRoom::tick(self, cx);
    }

    fn leave(&mut self, player: &Player, reason: LeaveReason, cx: &Context<'_, Self>) {
        SimpleRoom::leave(self, player, reason, cx);
    }
}
