//! States that are written down by their changes: [`Changes`].

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A room or an entity whose steps are logged as changes rather than as whole states, so that a
/// step costs its change: for states that are large beside what one step changes.
///
/// It takes three things: this trait, [`log_changes`](crate::Kind::log_changes) on the kind, and
/// every change made through [`cx.apply(self, change)`](crate::Context::apply), which logs the
/// change and applies it. Recovery reads the last snapshot of the whole state and applies the
/// changes behind it, in order.
///
/// **With `log_changes`, whatever is changed outside of `apply` is lost on recovery**, because
/// nobody wrote it down; it seems to be there until then. So a handler looks, decides and draws
/// its random numbers first, then says in one change what comes of it. [`apply`](Changes::apply)
/// has no context: it depends on the state and the change alone, and does the same each time.
/// What is read off a clock or a die is part of the change. A [`Table`](crate::testing::Table) of
/// a `Durable` kind checks all this after each step.
///
/// Without `log_changes` the kind writes whole states, and `apply` only applies.
///
/// A change that was logged by version N of the game is applied by version N + 1, to a state that
/// N + 1 made of N's: keep the names of variants and fields, give new fields a
/// `#[serde(default)]`, and let old variants stand.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use std::collections::BTreeMap;
/// use wayfare::prelude::*;
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Bank {
///     coins: BTreeMap<PlayerId, u64>,
/// }
///
/// #[derive(Serialize, Deserialize)]
/// enum Change {
///     Earned { player: PlayerId, coins: u64 },
/// }
///
/// impl Changes for Bank {
///     type Change = Change;
///
///     fn apply(&mut self, change: Change) {
///         match change {
///             Change::Earned { player, coins } => *self.coins.entry(player).or_default() += coins,
///         }
///     }
/// }
///
/// # impl Room for Bank {
/// #   type Open = ();
/// #   type Join = ();
/// #   type Command = ();
/// #   type Reply = u64;
/// #   type Event = ();
/// #   type View = ();
/// #   type Note = ();
/// #   fn open(_: (), _: &Context<Self>) -> Result<Self, Refusal> { Ok(Self::default()) }
/// #   fn view(&self, _: &Player) {}
/// fn command(&mut self, player: &Player, _: (), cx: &Context<Self>) -> Result<u64, Refusal> {
///     let coins = cx.rng().random_range(1..=6); // drawn here, and written into the change
///     let player = player.id().clone();
///     cx.apply(self, Change::Earned { player, coins });
///     Ok(coins)
/// }
/// # }
///
/// fn settings(kind: Kind<Bank>) -> Kind<Bank> {
///     kind.durability(Durable).log_changes()
/// }
/// ```
pub trait Changes: Sized + 'static {
    /// What can happen to the state.
    type Change: Serialize + DeserializeOwned;

    /// Makes the change. Called by [`cx.apply`](crate::Context::apply), and on recovery.
    fn apply(&mut self, change: Self::Change);
}
