//! Players, and the reasons for the end of a membership.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use wayfare_core::game;
use wayfare_protocol::InvalidId;
use wayfare_protocol::wire;

/// An authenticated identity: the `sub` of the token. Cheap to clone.
///
/// Serde treats it as a string. A map with it as key can be queried with a `&str`.
///
/// ```
/// use std::collections::BTreeMap;
/// use wayfare::PlayerId;
///
/// let mut scores = BTreeMap::new();
/// scores.insert("ada".parse::<PlayerId>()?, 3);
/// assert_eq!(scores.get("ada"), Some(&3));
/// assert!(scores.keys().all(|id| *id == "ada"));
/// # Ok::<(), wayfare::InvalidId>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlayerId(wayfare_protocol::PlayerId);

impl PlayerId {
    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn wire(&self) -> &wayfare_protocol::PlayerId {
        &self.0
    }
}

impl FromStr for PlayerId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        wayfare_protocol::PlayerId::new(text).map(Self)
    }
}

impl From<wayfare_protocol::PlayerId> for PlayerId {
    fn from(id: wayfare_protocol::PlayerId) -> Self {
        Self(id)
    }
}

impl AsRef<PlayerId> for PlayerId {
    fn as_ref(&self) -> &PlayerId {
        self
    }
}

impl Borrow<str> for PlayerId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

/// Compares ids with texts, either way round.
macro_rules! compare_with {
    ($($text:ty),*) => {$(
        impl PartialEq<$text> for PlayerId {
            fn eq(&self, text: &$text) -> bool {
                let text: &str = text.as_ref();
                self.as_str() == text
            }
        }

        impl PartialEq<PlayerId> for $text {
            fn eq(&self, id: &PlayerId) -> bool {
                id == self
            }
        }
    )*};
}

compare_with!(str, &str, String, Cow<'_, str>);

impl fmt::Display for PlayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for PlayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for PlayerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for PlayerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A text.
impl JsonSchema for PlayerId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PlayerId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// An authenticated player or a guest. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Player {
    id: PlayerId,
    name: Arc<str>,
    guest: bool,
}

impl Player {
    /// Returns the player's id, which should be the key in a room's state.
    #[must_use]
    pub fn id(&self) -> &PlayerId {
        &self.id
    }

    /// Returns the display name, or the id if the token has none. Not unique.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns true if the player has no token. A guest that logs in again is another player.
    #[must_use]
    pub fn is_guest(&self) -> bool {
        self.guest
    }
}

impl From<&game::Player> for Player {
    fn from(player: &game::Player) -> Self {
        Self {
            id: PlayerId(player.id.clone()),
            name: Arc::clone(&player.name),
            guest: player.guest,
        }
    }
}

impl AsRef<PlayerId> for Player {
    fn as_ref(&self) -> &PlayerId {
        &self.id
    }
}

/// The reason for the end of a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaveReason {
    /// The player's client asked for it.
    Requested,
    /// The room removed the player with [`Context::kick`](crate::Context::kick).
    Kicked,
    /// The room closed.
    Closed,
    /// The same player joined by another session, which replaces this one.
    Replaced,
    /// The player's connection was lost for longer than the kind's grace.
    Expired,
    /// The player's session ended: by a logout, or because its grace ended.
    Ended,
    /// The room failed and started again without the player.
    Restarted,
    /// The player is not a member. Only clients get this reason.
    NotAMember,
    /// The room was lost with its server and cannot be restored. Only clients get this reason.
    RoomGone,
    /// The room was lost with its server and can be opened anew: clients join it again
    /// automatically. Only clients get this reason.
    RoomLost,
    /// A reason of a later version.
    Unknown,
}

impl From<wire::LeaveReason> for LeaveReason {
    fn from(reason: wire::LeaveReason) -> Self {
        match reason {
            wire::LeaveReason::LeaveUnknown => Self::Unknown,
            wire::LeaveReason::LeaveRequested => Self::Requested,
            wire::LeaveReason::LeaveKicked => Self::Kicked,
            wire::LeaveReason::LeaveClosed => Self::Closed,
            wire::LeaveReason::LeaveReplaced => Self::Replaced,
            wire::LeaveReason::LeaveExpired => Self::Expired,
            wire::LeaveReason::LeaveEnded => Self::Ended,
            wire::LeaveReason::LeaveRestarted => Self::Restarted,
            wire::LeaveReason::LeaveNotAMember => Self::NotAMember,
            wire::LeaveReason::LeaveRoomGone => Self::RoomGone,
            wire::LeaveReason::LeaveRoomLost => Self::RoomLost,
        }
    }
}
