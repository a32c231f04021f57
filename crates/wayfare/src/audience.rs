//! Audiences: the members that an event is for.

use std::borrow::Cow;
use std::collections::BTreeSet;

use wayfare_core::Audience as Resolved;
use wayfare_protocol::PlayerId as WireId;

use crate::{Player, PlayerId};

/// The recipients of [`Context::send`](crate::Context::send): [`Everyone`], `Everyone.except(…)`,
/// or [`Players`], which is one player (`&player` or `player.id()`) or several (an array, slice,
/// vector or set of either). Players that are not members are ignored.
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
    /// Calls `tell` with the audience in the core's form.
    #[doc(hidden)]
    fn resolve<T>(self, tell: impl FnOnce(Resolved<'_>) -> T) -> T;
}

/// All members of the room, including detached ones, who get missed events when they are back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Everyone;

impl Everyone {
    /// Excludes these members.
    pub fn except<P: Players>(self, players: P) -> EveryoneExcept<P> {
        EveryoneExcept(players)
    }
}

impl Audience for Everyone {
    fn resolve<T>(self, tell: impl FnOnce(Resolved<'_>) -> T) -> T {
        tell(Resolved::Everyone)
    }
}

/// An audience made by [`Everyone::except`].
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

/// A player or several, given as players or as ids.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no players",
    note = "use `player`, `player.id()`, or an array, slice, vector or set of players or ids"
)]
pub trait Players {
    /// Returns the players' ids.
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
