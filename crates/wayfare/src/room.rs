//! What a game implements: [`Room`].

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::game::Refusal;
use wayfare_protocol::ErrorCode;

use crate::{Answered, AskError, Codec, Context, Decode, Encode, LeaveReason, Player, Snapshot};

/// One room: its state, which is the type that implements this, and its rules.
///
/// The types say all that goes in and out; those a room has no use for are `()`. Rust has no
/// defaults for associated types yet, so each is written down: the head of the `impl` is the
/// room's protocol. A room that needs only commands and events is a
/// [`SimpleRoom`](crate::SimpleRoom), which leaves out the rest.
///
/// Handlers are called one at a time, are synchronous and short, and never wait. What they send
/// is released only when they return well: after an `Err` or a panic nobody hears of it. A handler
/// that returns `Err` must leave the state as it was. A handler that panics costs the room what is
/// not kept of it: it starts again from what storage holds, which of a
/// [`Durable`](crate::Durability::Durable) room is all that anybody was told, or newly opened.
///
/// The state must be whole: whatever is not serialized is gone when the room moves. There is no
/// clock but [`now`](crate::Surroundings::now) and no randomness but
/// [`rng`](crate::Surroundings::rng); with others a room still runs, but it cannot be played again
/// from the same seed.
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
///     fn view(&self, _: &Player) -> BTreeMap<PlayerId, u32> {
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
    /// What creating it takes: read from the join that creates it.
    type Open: Decode;
    /// What a joiner brings.
    type Join: Decode;
    /// What clients send to the room …
    type Command: Decode;
    /// … and the answer. `()` costs nothing on the wire.
    type Reply: Encode;
    /// What the room sends to clients.
    type Event: Encode;
    /// What a joiner gets to see first, and a client that missed too much.
    type View: Encode;
    /// What the room leaves for itself: of timers and futures, and to know answers by.
    type Note: Serialize + DeserializeOwned;

    /// How the room and its clients write these types.
    const CODEC: Codec = Codec::MessagePack;

    /// The version of the state's form, stored with each snapshot. Fields added with
    /// `#[serde(default)]` need no new one; for other changes see [`Room::upgrade`].
    const VERSION: u32 = 1;

    /// A new room. It has no members yet, so nothing can be sent; timers can be set.
    ///
    /// # Errors
    /// A refusal answers the join that would have created the room.
    fn open(open: Self::Open, cx: &Context<'_, Self>) -> Result<Self, Refusal>;

    /// A player asks to come in. What is sent to the player by name here follows its view; what is
    /// sent to everyone is for those who were there before, because the view shows it already.
    ///
    /// Lets everybody in, unless written otherwise.
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

    /// What this player gets to see of the room; the events that follow it change the picture.
    /// Taken right after [`Room::join`], and again when a client has missed more than the history
    /// holds.
    fn view(&self, player: &Player) -> Self::View;

    /// A member's command. Each is applied once, in the order in which the client sent them,
    /// through lost connections and moves.
    ///
    /// # Errors
    /// A refusal is the answer to the command.
    fn command(
        &mut self,
        player: &Player,
        command: Self::Command,
        cx: &Context<'_, Self>,
    ) -> Result<Self::Reply, Refusal>;

    /// One beat of the kind's tick rate; see [`Kind::tick`](crate::Kind::tick).
    fn tick(&mut self, cx: &Context<'_, Self>) {
        let _ = cx;
    }

    /// A note came: of a timer set with [`after`](crate::Surroundings::after), or what a future of
    /// [`run`](crate::Surroundings::run) brought.
    fn note(&mut self, note: Self::Note, cx: &Context<'_, Self>) {
        let _ = (note, cx);
    }

    /// The answer to an [`ask`](crate::Surroundings::ask) that had this tag, or why there is none.
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

    /// A player is no longer a member. Not called when a room moves, nor while a connection is
    /// lost and the kind's grace runs: that is [`Room::presence`].
    fn leave(&mut self, player: &Player, reason: LeaveReason, cx: &Context<'_, Self>) {
        let _ = (player, reason, cx);
    }

    /// A member's connection was lost (`false`) or is back (`true`); it stays a member meanwhile.
    fn presence(&mut self, player: &Player, attached: bool, cx: &Context<'_, Self>) {
        let _ = (player, attached, cx);
    }

    /// Makes a room of a snapshot that another [`VERSION`](Room::VERSION) wrote, which is `from`.
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
    /// #   fn view(&self, _: &Player) {}
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
    /// If it cannot. Unless written otherwise, it cannot.
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
