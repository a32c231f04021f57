//! The events of the room: [`Event`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wayfare::PlayerId;
use wayfare::schemars::{self, JsonSchema};

use super::{Changes, Member, Message, Settings, Topic};

/// An event in the room. All events except messages go to every member, so that all pictures stay
/// equal: [`Picture::apply`](super::Picture::apply).
///
/// Later versions may add events. A client must ignore unknown ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A player joined, and took its reserved seat, if any.
    Joined {
        /// The new member, last in the order of joining.
        member: Member,
    },
    /// A member left.
    Left {
        /// The former member.
        member: PlayerId,
    },
    /// A member's connection was lost or restored.
    Presence {
        /// The member.
        member: PlayerId,
        /// True if it is connected.
        attached: bool,
    },
    /// The owner changed.
    Owner {
        /// The new owner.
        owner: PlayerId,
        /// The reason.
        cause: OwnerCause,
    },
    /// A message from a member.
    Message(Message),
    /// Kept messages were deleted: all that match.
    Cleared {
        /// The author; everybody if missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        author: Option<PlayerId>,
        /// The topic; all if missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<Topic>,
    },
    /// Properties of the room changed.
    Properties {
        /// The member who changed them.
        by: PlayerId,
        /// The new values; null means deleted.
        changes: Changes,
    },
    /// Properties of a member changed.
    MemberProperties {
        /// The member with these properties.
        member: PlayerId,
        /// The member who changed them.
        by: PlayerId,
        /// The new values; null means deleted.
        changes: Changes,
    },
    /// The settings changed.
    Settings {
        /// All settings as they are now.
        settings: Settings,
    },
    /// Seats were reserved for these players.
    Reserved {
        /// The players.
        players: BTreeSet<PlayerId>,
    },
    /// The seats of these players are no longer reserved.
    Released {
        /// The players.
        players: BTreeSet<PlayerId>,
        /// True if their time ended, false if the owner cancelled them.
        expired: bool,
    },
}

/// The reason for a change of the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OwnerCause {
    /// There was no owner, and this member was the first to join.
    First,
    /// The previous owner left.
    Left,
    /// The previous owner was detached for too long.
    Away,
    /// The previous owner chose its successor.
    HandedOver,
}
