//! What the room tells its members: [`Event`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wayfare::PlayerId;
use wayfare::schemars::{self, JsonSchema};

use super::{Changes, Member, Message, Settings, Topic};

/// What happened. All but messages go to every member, so that all pictures stay the same:
/// [`Picture::apply`](super::Picture::apply).
///
/// Later versions may tell more: a client passes over what it does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// Somebody came in, and takes the seat that was held for it.
    Joined {
        /// Who, as the last in the order of joining.
        member: Member,
    },
    /// Somebody is gone.
    Left {
        /// Who.
        member: PlayerId,
    },
    /// A member's connection was lost, or is back.
    Presence {
        /// Who.
        member: PlayerId,
        /// It is connected.
        attached: bool,
    },
    /// The room has another owner.
    Owner {
        /// Who.
        owner: PlayerId,
        /// Why.
        cause: OwnerCause,
    },
    /// A message from a member.
    Message(Message),
    /// Kept messages are forgotten: all that match.
    Cleared {
        /// Of this author; of everybody if there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        author: Option<PlayerId>,
        /// Of this topic; of all if there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<Topic>,
    },
    /// Properties of the room changed.
    Properties {
        /// Who changed them.
        by: PlayerId,
        /// The new values; nothing is "deleted".
        changes: Changes,
    },
    /// Properties of a member changed.
    MemberProperties {
        /// Whose.
        member: PlayerId,
        /// Who changed them.
        by: PlayerId,
        /// The new values; nothing is "deleted".
        changes: Changes,
    },
    /// The settings changed; these are all of them.
    Settings {
        /// As they are now.
        settings: Settings,
    },
    /// Seats are held for these players.
    Reserved {
        /// For whom.
        players: BTreeSet<PlayerId>,
    },
    /// The seats of these players are held no longer.
    Released {
        /// Whose.
        players: BTreeSet<PlayerId>,
        /// Nobody gave them back: their time was over.
        expired: bool,
    },
}

/// Why the room has another owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OwnerCause {
    /// There was none, and this is the first to come.
    First,
    /// The former one left.
    Left,
    /// The former one was away for too long.
    Away,
    /// The former one wanted it so.
    HandedOver,
}
