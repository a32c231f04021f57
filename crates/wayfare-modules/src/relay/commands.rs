//! The requests of members: [`Command`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wayfare::PlayerId;
use wayfare::schemars::{self, JsonSchema};

use super::{Changes, Secret, Topic, Value};

/// A request of a member. A command that is applied has an empty reply; its effects are events,
/// which its author receives like everybody. A refused command changes nothing, and its
/// [`Detail`](super::Detail) gives the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Distributes a message.
    Post(Post),
    /// Deletes kept messages.
    Clear(Clear),
    /// Changes properties of the room. Owner only, if the room is set so.
    Set(Set),
    /// Changes properties of a member: one's own, or, for the owner, anybody's.
    SetMember(SetMember),
    /// Changes the room's settings. Owner only.
    Configure(Configure),
    /// Makes another member the owner. Owner only.
    HandOver {
        /// The new owner.
        to: PlayerId,
    },
    /// Removes a member. Owner only. The player may join again; lock the room to prevent that.
    Kick {
        /// The member to remove.
        member: PlayerId,
        /// A message for the removed member.
        #[serde(default)]
        message: String,
    },
    /// Closes the room for everybody. Its author, too, gets the end of the room instead of a reply.
    /// Owner only.
    Close,
    /// Reserves seats for players: they can join even if the room is full or locked, and without
    /// the password. A player who has a seat already keeps it for this time from now. Owner only.
    Reserve {
        /// The players; none of them may be a member.
        players: BTreeSet<PlayerId>,
        /// The time in seconds; 30 by default.
        #[serde(default = "super::seats::seconds")]
        seconds: u32,
    },
    /// Cancels reserved seats. Players without a seat are ignored. Owner only.
    Release {
        /// The players.
        players: BTreeSet<PlayerId>,
    },
}

/// A message to distribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Post {
    /// The recipients; everyone by default.
    pub to: Target,
    /// The topic; 0 by default.
    pub topic: Topic,
    /// The content; nothing by default.
    pub payload: Value,
    /// Sends the message without a promise: it may be lost or overtaken, and the newest one counts.
    /// To make the way to the room unreliable as well, send the command itself unreliably.
    pub unreliable: bool,
    /// Keeps the message for players who join later. Only for messages to everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

/// The recipients of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// All members, including the author.
    #[default]
    Everyone,
    /// All members except the author.
    Others,
    /// These members. Absent ones are ignored, but at least one must be in the room.
    Members(BTreeSet<PlayerId>),
}

/// The way in which a message is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Beside other messages.
    Add,
    /// In place of the author's earlier messages of this topic.
    Replace,
}

/// The kept messages to delete: all that match. Members can delete their own, the owner
/// everybody's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Clear {
    /// The author; by default the member itself, or everybody for the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<PlayerId>,
    /// The topic; all topics by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<Topic>,
}

/// Changes of the room's properties. Either all are applied or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Set {
    /// The new values; null deletes a property.
    pub properties: Changes,
    /// The values that these properties must have now; null means absent. Otherwise nothing is
    /// changed.
    #[serde(skip_serializing_if = "Changes::is_empty")]
    pub expect: Changes,
}

/// Changes of a member's properties. Either all are applied or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SetMember {
    /// The member; by default oneself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<PlayerId>,
    /// The new values, as in [`Set::properties`].
    pub properties: Changes,
    /// The expected values, as in [`Set::expect`].
    #[serde(skip_serializing_if = "Changes::is_empty")]
    pub expect: Changes,
}

/// Changes of the room's settings. Either all are applied or none; missing fields are unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Configure {
    /// The maximum of members and seats; not less than the present number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_max: Option<u32>,
    /// Locks the room: only players with a seat can join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked: Option<bool>,
    /// Hides the room from listings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
    /// Lets only the owner change the room's properties.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_only_properties: Option<bool>,
    /// The password for joining; the empty text for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// The properties in listings, replacing the earlier ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<BTreeSet<String>>,
}
