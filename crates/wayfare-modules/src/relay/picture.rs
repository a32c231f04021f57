//! The room as its members see it: [`Picture`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wayfare::PlayerId;
use wayfare::schemars::{self, JsonSchema};

use super::{Event, Keep, Properties, Topic, Value, properties};

/// The room as every member sees it: the view on joining, and after a resync.
///
/// A client keeps it by [`Picture::apply`] with each event; it is then what a newcomer gets to see.
/// The room keeps its own state by the same function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Picture {
    /// Everybody, in the order of joining, those whose connection is lost included.
    pub members: Vec<Member>,
    /// One of them; nobody only if nobody is there.
    pub owner: Option<PlayerId>,
    /// The room's properties.
    pub properties: Properties,
    /// What the room lets in and shows.
    pub settings: Settings,
    /// Those for whom a seat is held.
    pub seats: BTreeSet<PlayerId>,
    /// Messages that are kept for those who come later, oldest first.
    pub kept: Vec<Message>,
}

/// Somebody in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// Who.
    pub id: PlayerId,
    /// The name to show to others. Not unique.
    pub name: String,
    /// Whether it was let in without a token.
    #[serde(default)]
    pub guest: bool,
    /// Whether it is connected.
    pub attached: bool,
    /// Its properties.
    #[serde(default)]
    pub properties: Properties,
}

/// A message as it is heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// By whom; they may be gone.
    pub from: PlayerId,
    /// What it is about.
    pub topic: Topic,
    /// What it says.
    #[serde(default)]
    pub payload: Value,
    /// Set if it is kept for those who come later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

/// What the room lets in and shows. The password is not among it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Settings {
    /// Members and seats at most.
    pub members_max: u32,
    /// Takes no new members but those with a seat.
    pub locked: bool,
    /// Is left out of listings.
    pub private: bool,
    /// Joiners without a seat have to know the password.
    pub password: bool,
    /// Only the owner changes the room's properties.
    pub owner_only_properties: bool,
    /// The properties that listings show.
    pub listed: BTreeSet<String>,
    /// How long the owner may be away before another member is.
    pub owner_grace_seconds: u32,
    /// How long a seat is held for who lost its connection or logged in again.
    pub return_seconds: u32,
}

impl Picture {
    /// The member of this id.
    #[must_use]
    pub fn member(&self, id: &PlayerId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == *id)
    }

    /// Whether this is the owner.
    #[must_use]
    pub fn is_owner(&self, id: &PlayerId) -> bool {
        self.owner.as_ref() == Some(id)
    }

    /// Members and seats together: what is taken of [`Settings::members_max`].
    #[must_use]
    pub fn places_taken(&self) -> usize {
        self.members.len() + self.seats.len()
    }

    /// The picture after an event.
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
    /// Whether `other`, by replacing, takes this one's place.
    pub(super) fn is_replaced_by(&self, other: &Self) -> bool {
        self.from == other.from && self.topic == other.topic
    }
}
