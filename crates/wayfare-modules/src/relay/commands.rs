//! What members ask of the room: [`Command`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wayfare::PlayerId;
use wayfare::schemars::{self, JsonSchema};

use super::{Changes, Secret, Topic, Value};

/// What a member asks. A command that is applied is answered with nothing; what came of it is in
/// the events, which its author gets as everybody does. A refusal says why in its
/// [`Detail`](super::Detail), and nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Passes a message on.
    Post(Post),
    /// Forgets kept messages.
    Clear(Clear),
    /// Changes properties of the room. The owner only, if the room was set so.
    Set(Set),
    /// Changes properties of a member: one's own, or, by the owner, anybody's.
    SetMember(SetMember),
    /// Changes what the room lets in and shows. The owner only.
    Configure(Configure),
    /// Makes another member the owner. The owner only.
    HandOver {
        /// Whom.
        to: PlayerId,
    },
    /// Sends a member away. The owner only. It may come again: lock the room to prevent that.
    Kick {
        /// Whom.
        member: PlayerId,
        /// For the person who is kicked.
        #[serde(default)]
        message: String,
    },
    /// Ends the room for everybody; its author too hears of it by that. The owner only.
    Close,
    /// Holds seats for players: they get in when the room is full or locked, and without the
    /// password. Who holds one already keeps it for that much longer. The owner only.
    Reserve {
        /// For whom; none of them a member.
        players: BTreeSet<PlayerId>,
        /// For how long; 30 unless said.
        #[serde(default = "super::seats::seconds")]
        seconds: u32,
    },
    /// Gives seats back; those that nobody holds are passed over. The owner only.
    Release {
        /// Whose.
        players: BTreeSet<PlayerId>,
    },
}

/// A message to be passed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Post {
    /// For whom; everyone unless said.
    pub to: Target,
    /// What it is about; 0 unless said.
    pub topic: Topic,
    /// What it says; nothing unless said.
    pub payload: Value,
    /// It may be lost and may overtake others: newest wins. To save the way to the room too, the
    /// command itself is sent unreliably.
    pub unreliable: bool,
    /// Whether those who come later get it with their view. Only for what goes to everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

/// For whom a message is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// All members, its author too.
    #[default]
    Everyone,
    /// All members but its author.
    Others,
    /// These members. Those of them that are gone are passed over, but one has to be there.
    Members(BTreeSet<PlayerId>),
}

/// How a message is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Beside the others.
    Add,
    /// In place of all that its author said of this topic before.
    Replace,
}

/// Which kept messages to forget: all that match. Members forget their own; the owner anybody's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Clear {
    /// Of this author; unless said, of the member itself, or, by the owner, of everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<PlayerId>,
    /// Of this topic; of all topics unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<Topic>,
}

/// Changes to the room's properties: all of them or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Set {
    /// The new values; nothing deletes.
    pub properties: Changes,
    /// What these properties have to be now, for any change to be made; nothing is "not there".
    #[serde(skip_serializing_if = "Changes::is_empty")]
    pub expect: Changes,
}

/// Changes to a member's properties: all of them or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SetMember {
    /// Whose; one's own unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<PlayerId>,
    /// As [`Set::properties`].
    pub properties: Changes,
    /// As [`Set::expect`].
    #[serde(skip_serializing_if = "Changes::is_empty")]
    pub expect: Changes,
}

/// Changes to the room's settings, all of them or none; what is not said stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Configure {
    /// Members and seats at most; not less than there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_max: Option<u32>,
    /// Whether the room takes no new members but those with a seat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked: Option<bool>,
    /// Whether the room is left out of listings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
    /// Whether only the owner changes the room's properties.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_only_properties: Option<bool>,
    /// What joiners have to know; the empty text for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// The properties that listings show, in place of the former.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<BTreeSet<String>>,
}
