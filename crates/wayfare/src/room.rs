//! The trait of rooms: [`Room`].

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::game::Refusal;
use wayfare_protocol::ErrorCode;

use crate::{
    Answered, AskError, Codec, Context, Decode, Encode, LeaveReason, Player, Snapshot, ViewContext,
};

/// A room: the implementing type is its state, and the methods are its rules.
///
/// The associated types are its messages; use `()` for those it does not need. Rust has no defaults
/// for associated types yet, so all must be written: the head of the `impl` is the room's protocol.
/// A room that needs only commands and events can be a [`SimpleRoom`](crate::SimpleRoom), which
/// omits the rest.
///
/// Handlers are called one at a time, are synchronous and short, and never wait. Their effects are
/// released only if they succeed; after an `Err` or a panic nobody sees any. A handler that returns
/// `Err` must leave the state unchanged. After a panic the room restarts from its stored state. For
/// a [`Durable`](crate::Durability::Durable) room that is everything that a player has received; a
/// room without stored state opens anew.
///
/// The state must be complete: data that is not serialized is lost when the room moves. Use only
/// [`now`](crate::HandlerApi::now) as the clock and [`rng`](crate::HandlerApi::rng) as the
/// source of randomness. With others a room works, but cannot be replayed from its seed.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use std::collections::BTreeMap;
/// use wayfare::prelude::*;
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Dice {
///     best: BTreeMap<PlayerId, u32>,
/// }
///
/// #[derive(Serialize, Deserialize)]
/// struct Rolled {
///     player: PlayerId,
///     eyes: u32,
/// }
///
/// impl Room for Dice {
///     type Open = ();
///     type Join = ();
///     type Command = u32; // how many dice to roll …
///     type Reply = u32; // … and how many eyes that made
///     type Event = Rolled;
///     type View = BTreeMap<PlayerId, u32>;
///     type Note = ();
///
///     fn open(_: (), _: &Context<Self>) -> Result<Self, Refusal> {
///         Ok(Self::default())
///     }
///
///     fn view(&self, _: &Player, _: &ViewContext) -> BTreeMap<PlayerId, u32> {
///         self.best.clone()
///     }
///
///     fn command(&mut self, player: &Player, dice: u32, cx: &Context<Self>) -> Result<u32, Refusal> {
///         if !(1..=5).contains(&dice) {
///             return Err(Refusal::new("there are five dice"));
///         }
///         let eyes: u32 = (0..dice).map(|_| cx.rng().random_range(1..=6)).sum();
///         let best = self.best.entry(player.id().clone()).or_default();
///         *best = eyes.max(*best);
///         let rolled = Rolled { player: player.id().clone(), eyes };
///         cx.send(Everyone.except(player), &rolled);
///         Ok(eyes)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a room",
    note = "implement `wayfare::Room` for it, or `wayfare::SimpleRoom` if commands and events are all it needs"
)]
pub trait Room: Serialize + DeserializeOwned + Sized + 'static {
    /// The data for creating the room, taken from the join that creates it.
    type Open: Decode;
    /// The data of a join.
    type Join: Decode;
    /// The commands of clients …
    type Command: Decode;
    /// … and their replies. `()` costs nothing on the wire.
    type Reply: Encode;
    /// The events to clients.
    type Event: Encode;
    /// The view for a new member, and for a client that missed too much.
    type View: Encode;
    /// The note that the room leaves for itself, for timers and futures, and as the tag of an ask.
    type Note: Serialize + DeserializeOwned;

    /// The encoding of these types between the room and its clients.
    const CODEC: Codec = Codec::MessagePack;

    /// The version of the state's form, stored with each snapshot. Fields added with
    /// `#[serde(default)]` need no new version. For other changes see [`Room::upgrade`].
    const VERSION: u32 = 1;

    /// Makes a new room. It has no members yet, so it cannot send; it can set timers.
    ///
    /// # Errors
    /// A refusal answers the join that would have created the room.
    fn open(open: Self::Open, cx: &Context<'_, Self>) -> Result<Self, Refusal>;

    /// Handles a join. Events sent here to the joining player come after its view. Events to
    /// everyone reach only the earlier members, because the view contains their effect already.
    ///
    /// The default lets everybody in.
    ///
    /// # Errors
    /// A refusal keeps the player out.
    fn join(
        &mut self,
        player: &Player,
        join: Self::Join,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal> {
        let _ = (player, join, cx);
        Ok(())
    }

    /// Makes this player's view of the room. The events that follow change it. Called right after
    /// [`Room::join`], and again when a client has missed more than the history holds, or was
    /// started anew.
    fn view(&self, player: &Player, cx: &ViewContext<'_>) -> Self::View;

    /// Handles a member's command. Each is applied once, in the order in which the client sent
    /// them, despite lost connections and moves.
    ///
    /// # Errors
    /// A refusal is the answer to the command.
    fn command(
        &mut self,
        player: &Player,
        command: Self::Command,
        cx: &Context<'_, Self>,
    ) -> Result<Self::Reply, Refusal>;

    /// Handles a tick of the kind's rate; see [`Kind::tick`](crate::Kind::tick).
    fn tick(&mut self, cx: &Context<'_, Self>) {
        let _ = cx;
    }

    /// Handles a note, of a timer set with [`after`](crate::HandlerApi::after) or of a future of
    /// [`run`](crate::HandlerApi::run).
    fn note(&mut self, note: Self::Note, cx: &Context<'_, Self>) {
        let _ = (note, cx);
    }

    /// Handles the answer to an [`ask`](crate::HandlerApi::ask) with this tag, or the reason why
    /// there is none.
    ///
    /// ```
    /// # use wayfare::prelude::*;
    /// # fn answer<Purse: Entity<Reply = u64>, Me: Room<Note = PlayerId>>(
    /// #     tag: PlayerId, answer: Result<Answered<'_>, AskError>, cx: &Context<'_, Me>,
    /// # ) {
    /// // Asked with the buyer as the tag: who of many it was is known when the answer comes.
    /// match answer.and_then(|answer| answer.read::<Purse>()) {
    ///     Ok(_left) => { /* give the buyer the goods */ }
    ///     Err(AskError::Refused(refusal)) => cx.kick(&tag, &refusal.message),
    ///     Err(_) => { /* perhaps it was paid: look it up before trying again */ }
    /// }
    /// # }
    /// ```
    fn answer(
        &mut self,
        tag: Self::Note,
        answer: Result<Answered<'_>, AskError>,
        cx: &Context<'_, Self>,
    ) {
        let _ = (tag, answer, cx);
    }

    /// Handles the end of a membership. Not called when a room moves, nor while a connection is
    /// lost and the kind's grace runs: see [`Room::presence`].
    fn leave(&mut self, player: &Player, reason: LeaveReason, cx: &Context<'_, Self>) {
        let _ = (player, reason, cx);
    }

    /// Handles the loss (`false`) or return (`true`) of a member's connection. The player stays a
    /// member meanwhile.
    fn presence(&mut self, player: &Player, attached: bool, cx: &Context<'_, Self>) {
        let _ = (player, attached, cx);
    }

    /// Makes a room of a snapshot that another [`VERSION`](Room::VERSION) wrote (`from`).
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use wayfare::prelude::*;
    /// #[derive(Deserialize)]
    /// struct ScoreV1 {
    ///     points: u32,
    /// }
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Score {
    ///     points: Vec<u32>, // a number in version 1
    /// }
    ///
    /// impl Room for Score {
    /// #   type Open = ();
    /// #   type Join = ();
    /// #   type Command = ();
    /// #   type Reply = ();
    /// #   type Event = ();
    /// #   type View = ();
    /// #   type Note = ();
    /// #   fn open(_: (), _: &Context<Self>) -> Result<Self, Refusal> { Ok(Self { points: vec![] }) }
    /// #   fn view(&self, _: &Player, _: &ViewContext) {}
    /// #   fn command(&mut self, _: &Player, _: (), _: &Context<Self>) -> Result<(), Refusal> { Ok(()) }
    ///     const VERSION: u32 = 2;
    ///
    ///     fn upgrade(from: u32, snapshot: Snapshot) -> Result<Self, Refusal> {
    ///         match from {
    ///             1 => Ok(Self { points: vec![snapshot.read::<ScoreV1>()?.points] }),
    ///             _ => Err(Refusal::new(format!("version {from} is not ours"))),
    ///         }
    ///     }
    ///     // …
    /// }
    /// ```
    ///
    /// # Errors
    /// If it is not possible. This is the default.
    fn upgrade(from: u32, snapshot: Snapshot<'_>) -> Result<Self, Refusal> {
        let _ = snapshot;
        let version = Self::VERSION;
        let message = format!(
            "the snapshot is of version {from} and this room of version {version}: \
             implement Room::upgrade"
        );
        Err(Refusal::with_code(ErrorCode::Internal, message))
    }
}
