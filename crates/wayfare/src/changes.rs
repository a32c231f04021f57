//! States that are stored as their changes: [`Changes`].

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A room or an entity whose steps are logged as changes instead of whole states, so that a step
/// costs only its change. Use it for states that are large compared with the change of a step.
///
/// It needs three things: this trait, [`log_changes`](crate::Kind::log_changes) on the kind, and
/// every change made through [`cx.apply(self, change)`](crate::Context::apply), which logs and
/// applies the change. A recovery reads the last snapshot of the whole state and applies the later
/// changes in order.
///
/// **With `log_changes`, every change outside of `apply` is lost on recovery**, because it was not
/// logged. Until then it seems to work. A handler should therefore first decide and draw its random
/// numbers, and then put the result into one change. [`apply`](Changes::apply) has no context: its
/// result depends only on the state and the change. Times and random numbers are part of the
/// change. A [`Table`](crate::testing::Table) of a `Durable` kind checks all this after each step.
///
/// Without `log_changes` the kind stores whole states, and `apply` only applies the change.
///
/// A change logged by version N of the game is applied by version N + 1, to a state that N + 1 made
/// of N's. Keep the names of variants and fields, give new fields a `#[serde(default)]`, and do not
/// remove old variants.
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
/// #   fn view(&self, _: &Player, _: &ViewContext) {}
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
    /// The changes that the state can have.
    type Change: Serialize + DeserializeOwned;

    /// Applies a change. Called by [`cx.apply`](crate::Context::apply), and on recovery.
    fn apply(&mut self, change: Self::Change);
}
