//! The smallest room: [`SimpleRoom`].

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wayfare_core::game::Refusal;

use crate::{Context, Decode, Encode, LeaveReason, Player, Room, ViewContext};

/// A room with commands and events only. Every member sees its whole state, it opens with its
/// default, and it needs no data to be created or joined.
///
/// Every `SimpleRoom` is a [`Room`] whose view is a copy of its state. If the room must hide
/// something, check joins, reply to commands or set timers, change the word to `Room`. The compiler
/// then names the few missing lines; the rest stays. A `SimpleRoom` itself has no notes ([`NoNotes`]),
/// so that a timer that nothing would come of does not compile.
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
    /// The commands of clients.
    type Command: Decode;
    /// The events to clients.
    type Event: Encode;

    /// Handles a command. See [`Room::command`].
    ///
    /// # Errors
    /// A refusal is the answer to the command.
    fn command(
        &mut self,
        player: &Player,
        command: Self::Command,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal>;

    /// Handles a join. See [`Room::join`].
    ///
    /// # Errors
    /// A refusal refuses the join.
    fn join(&mut self, player: &Player, cx: &Context<'_, Self>) -> Result<(), Refusal> {
        let _ = (player, cx);
        Ok(())
    }

    /// Handles a tick. See [`Room::tick`].
    fn tick(&mut self, cx: &Context<'_, Self>) {
        let _ = cx;
    }

    /// Handles the end of a membership. See [`Room::leave`].
    fn leave(&mut self, player: &Player, reason: LeaveReason, cx: &Context<'_, Self>) {
        let _ = (player, reason, cx);
    }
}

/// The notes of a [`SimpleRoom`]: there are none, and no value of this type. To set timers, run
/// futures or ask entities, implement [`Room`], whose `note` and `answer` hear of them.
///
/// ```compile_fail
/// # use std::time::Duration;
/// # use serde::{Deserialize, Serialize};
/// # use wayfare::prelude::*;
/// # #[derive(Clone, Default, Serialize, Deserialize)]
/// # struct Counter(i64);
/// # impl SimpleRoom for Counter {
/// #     type Command = i64;
/// #     type Event = i64;
/// fn command(&mut self, _: &Player, by: i64, cx: &Context<Self>) -> Result<(), Refusal> {
///     cx.after(Duration::from_secs(1), ()); // expected `NoNotes`, found `()`
/// #   Ok(())
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum NoNotes {}

impl<R: SimpleRoom> Room for R {
    type Open = ();
    type Join = ();
    type Command = R::Command;
    type Reply = ();
    type Event = R::Event;
    type View = R;
    type Note = NoNotes;

    fn open((): (), _: &Context<'_, Self>) -> Result<Self, Refusal> {
        Ok(Self::default())
    }

    fn join(&mut self, player: &Player, (): (), cx: &Context<'_, Self>) -> Result<(), Refusal> {
        SimpleRoom::join(self, player, cx)
    }

    fn view(&self, _: &Player, _: &ViewContext<'_>) -> R {
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
