//! Whom an event is for: everyone, everyone but some, or some.

use std::borrow::Cow;
use std::collections::BTreeSet;

use wayfare_core::Audience as Resolved;
use wayfare_protocol::PlayerId as WireId;

use crate::{Player, PlayerId};

/// Whom [`Context::send`](crate::Context::send) sends to: [`Everyone`], `Everyone.except(…)`, or
/// [`Players`]: one by `&player` or `player.id()`, several by an array, a slice, a vector or a set
/// of either. Players that are not members are left out.
///
/// ```
/// # use wayfare::{Audience, Everyone, Player, PlayerId};
/// # fn to(audience: impl Audience) {}
/// # fn all_these_compile(player: &Player, team: &[PlayerId], a: PlayerId, b: PlayerId) {
/// to(Everyone);
/// to(Everyone.except(player));
/// to(Everyone.except([&a, &b]));
/// to(player);
/// to(player.id());
/// to([player.id(), &b]);
/// to(team);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whom an event is for",
    note = "use `Everyone`, `Everyone.except(player)`, `player`, `player.id()`, or an array, slice, \
            vector or set of players or ids"
)]
pub trait Audience {
    /// Hands the audience to `tell` as a room's turn wants it.
    #[doc(hidden)]
    fn resolve<T>(self, tell: impl FnOnce(Resolved<'_>) -> T) -> T;
}

/// All members of the room, detached ones included: they get what they missed when they are back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Everyone;

impl Everyone {
    /// All members but these.
    pub fn except<P: Players>(self, players: P) -> EveryoneExcept<P> {
        EveryoneExcept(players)
    }
}

impl Audience for Everyone {
    fn resolve<T>(self, tell: impl FnOnce(Resolved<'_>) -> T) -> T {
        tell(Resolved::Everyone)
    }
}

/// Made by [`Everyone::except`].
#[derive(Clone, Copy, Debug)]
pub struct EveryoneExcept<P>(P);

impl<P: Players> Audience for EveryoneExcept<P> {
    fn resolve<T>(self, tell: impl FnOnce(Resolved<'_>) -> T) -> T {
        tell(Resolved::Except(&self.0.ids()))
    }
}

impl<P: Players> Audience for P {
    fn resolve<T>(self, tell: impl FnOnce(Resolved<'_>) -> T) -> T {
        tell(Resolved::Only(&self.ids()))
    }
}

/// One player or several, by themselves or by their ids.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no players",
    note = "use `player`, `player.id()`, or an array, slice, vector or set of players or ids"
)]
pub trait Players {
    /// Their ids.
    #[doc(hidden)]
    fn ids(&self) -> Cow<'_, [WireId]>;
}

impl Players for PlayerId {
    fn ids(&self) -> Cow<'_, [WireId]> {
        Cow::Borrowed(std::slice::from_ref(self.wire()))
    }
}

impl Players for Player {
    fn ids(&self) -> Cow<'_, [WireId]> {
        self.id().ids()
    }
}

impl<P: Players + ?Sized> Players for &P {
    fn ids(&self) -> Cow<'_, [WireId]> {
        (**self).ids()
    }
}

impl<P: AsRef<PlayerId>> Players for [P] {
    fn ids(&self) -> Cow<'_, [WireId]> {
        self.iter()
            .map(|player| player.as_ref().wire().clone())
            .collect()
    }
}

impl<P: AsRef<PlayerId>, const N: usize> Players for [P; N] {
    fn ids(&self) -> Cow<'_, [WireId]> {
        self.as_slice().ids()
    }
}

impl<P: AsRef<PlayerId>> Players for Vec<P> {
    fn ids(&self) -> Cow<'_, [WireId]> {
        self.as_slice().ids()
    }
}

impl<P: AsRef<PlayerId>> Players for BTreeSet<P> {
    fn ids(&self) -> Cow<'_, [WireId]> {
        self.iter()
            .map(|player| player.as_ref().wire().clone())
            .collect()
    }
}
