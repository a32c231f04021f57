//! The room's public state: [`Picture`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wayfare::PlayerId;
use wayfare::schemars::{self, JsonSchema};

use super::{Event, Keep, Properties, Topic, Value, properties};

/// The room as every member sees it: the view on joining, and after a resync.
///
/// A client updates it by [`Picture::apply`] with each event, and it then equals the view of a new
/// member. The room updates its own state with the same function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Picture {
    /// All members in the order of joining, including detached ones.
    pub members: Vec<Member>,
    /// The owner; `None` only if the room is empty.
    pub owner: Option<PlayerId>,
    /// The room's properties.
    pub properties: Properties,
    /// The room's settings.
    pub settings: Settings,
    /// The players with reserved seats.
    pub seats: BTreeSet<PlayerId>,
    /// The messages that are kept for later members, oldest first.
    pub kept: Vec<Message>,
}

/// A member of the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// The player's id.
    pub id: PlayerId,
    /// The display name. Not unique.
    pub name: String,
    /// True if the player has no token.
    #[serde(default)]
    pub guest: bool,
    /// True if the member is connected.
    pub attached: bool,
    /// The member's properties.
    #[serde(default)]
    pub properties: Properties,
}

/// A message as it is received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// The author, who may have left.
    pub from: PlayerId,
    /// The topic.
    pub topic: Topic,
    /// The content.
    #[serde(default)]
    pub payload: Value,
    /// Set if the message is kept for later members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

/// The room's settings, without the password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Settings {
    /// The maximum of members and seats.
    pub members_max: u32,
    /// Only players with a seat can join.
    pub locked: bool,
    /// The room is hidden from listings.
    pub private: bool,
    /// Players without a seat need the password.
    pub password: bool,
    /// Only the owner changes the room's properties.
    pub owner_only_properties: bool,
    /// The properties that listings show.
    pub listed: BTreeSet<String>,
    /// The time for which the owner may be detached before another member becomes the owner.
    pub owner_grace_seconds: u32,
    /// The time for which a seat is reserved for a member who was lost or logged in again.
    pub return_seconds: u32,
}

impl Picture {
    /// Returns the member with this id.
    #[must_use]
    pub fn member(&self, id: &PlayerId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == *id)
    }

    /// Returns true if this player is the owner.
    #[must_use]
    pub fn is_owner(&self, id: &PlayerId) -> bool {
        self.owner.as_ref() == Some(id)
    }

    /// Returns the number of members and seats, which [`Settings::members_max`] limits.
    #[must_use]
    pub fn places_taken(&self) -> usize {
        self.members.len() + self.seats.len()
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Joined { member } => {
                self.seats.remove(&member.id);
                self.members.retain(|other| other.id != member.id);
                self.members.push(member.clone());
            }
            Event::Left { member } => {
                self.members.retain(|other| other.id != *member);
                self.owner = self.owner.take().filter(|owner| owner != member);
            }
            Event::Presence { member, attached } => {
                self.with_member(member, |member| member.attached = *attached);
            }
            Event::Owner { owner, .. } => self.owner = Some(owner.clone()),
            Event::Message(message) => self.keep(message),
            Event::Cleared { author, topic } => self.kept.retain(|kept| {
                let by = author.as_ref().is_none_or(|author| kept.from == *author);
                let about = topic.as_ref().is_none_or(|topic| kept.topic == *topic);
                !(by && about)
            }),
            Event::Properties { changes, .. } => properties::apply(&mut self.properties, changes),
            Event::MemberProperties {
                member, changes, ..
            } => self.with_member(member, |member| {
                properties::apply(&mut member.properties, changes);
            }),
            Event::Settings { settings } => self.settings = settings.clone(),
            Event::Reserved { players } => self.seats.extend(players.iter().cloned()),
            Event::Released { players, .. } => {
                self.seats.retain(|player| !players.contains(player));
            }
        }
    }

    fn with_member(&mut self, id: &PlayerId, change: impl FnOnce(&mut Member)) {
        let member = self.members.iter_mut().find(|member| member.id == *id);
        if let Some(member) = member {
            change(member);
        }
    }

    fn keep(&mut self, message: &Message) {
        let Some(keep) = message.keep else {
            return;
        };
        if keep == Keep::Replace {
            self.kept.retain(|kept| !kept.is_replaced_by(message));
        }
        self.kept.push(message.clone());
    }
}

impl Message {
    /// Returns true if `other` replaces this message.
    pub(super) fn is_replaced_by(&self, other: &Self) -> bool {
        self.from == other.from && self.topic == other.topic
    }
}
