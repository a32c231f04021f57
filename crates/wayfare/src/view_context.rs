//! The context of a view: [`ViewContext`].

use std::time::Duration;

use wayfare_core::HandlerContext;
use wayfare_protocol::EntityId;

use crate::{Player, PlayerId};

/// The surroundings of a room when it makes a view: the time, the members, and their presence.
///
/// ```
/// # use std::time::Duration;
/// # use serde::Serialize;
/// # use wayfare::prelude::*;
/// #[derive(Serialize)]
/// struct Seen {
///     /// Milliseconds since 1970; a page counts down to it with `client.serverTime()`.
///     ends_at: u64,
///     here: Vec<String>,
/// }
///
/// # struct Round { ends: Duration }
/// # impl Round {
/// // The round keeps its end by the room's clock, which nobody can set.
/// fn view(&self, _: &Player, cx: &ViewContext) -> Seen {
///     let left = self.ends.saturating_sub(cx.now());
///     let here = cx.members().filter(|member| cx.is_attached(member));
///     Seen {
///         ends_at: (cx.server_time() + left).as_millis() as u64,
///         here: here.map(|member| member.name().to_owned()).collect(),
///     }
/// }
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct ViewContext<'a> {
    cx: &'a HandlerContext<'a>,
}

impl<'a> ViewContext<'a> {
    pub(crate) fn new(cx: &'a HandlerContext<'a>) -> Self {
        Self { cx }
    }

    /// Returns the room's age, as [`HandlerApi::now`](crate::HandlerApi::now).
    #[must_use]
    pub fn now(&self) -> Duration {
        self.cx.age()
    }

    /// Returns the time that clients are told, as
    /// [`HandlerApi::server_time`](crate::HandlerApi::server_time).
    #[must_use]
    pub fn server_time(&self) -> Duration {
        self.cx.server_time()
    }

    /// Returns the id, `kind/key`.
    #[must_use]
    pub fn id(&self) -> &'a EntityId {
        self.cx.entity()
    }

    /// Returns all members in the order in which they joined, including those whose connection is
    /// lost.
    pub fn members(&self) -> impl Iterator<Item = Player> + use<'a> {
        self.cx.members().map(Player::from)
    }

    /// Returns the number of members.
    #[must_use]
    pub fn member_count(&self) -> usize {
        self.cx.member_count()
    }

    /// Returns the member with this id.
    #[must_use]
    pub fn member(&self, id: &PlayerId) -> Option<Player> {
        self.cx.member(id.wire()).map(Player::from)
    }

    /// Returns true if this player is a member.
    #[must_use]
    pub fn is_member(&self, player: impl AsRef<PlayerId>) -> bool {
        self.cx.member(player.as_ref().wire()).is_some()
    }

    /// Returns true if this player is a member whose connection is there: see
    /// [`Room::presence`](crate::Room::presence).
    #[must_use]
    pub fn is_attached(&self, player: impl AsRef<PlayerId>) -> bool {
        self.cx.is_attached(player.as_ref().wire())
    }
}
