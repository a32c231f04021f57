//! Identifiers: one newtype per meaning.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::limits::{KEY_BYTES_MAX, KIND_BYTES_MAX, NODE_BYTES_MAX, PLAYER_BYTES_MAX};

/// An error: a text is not an id of its sort.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sort} {text:?} {reason}")]
pub struct InvalidId {
    sort: &'static str,
    text: String,
    reason: String,
}

fn check_text(sort: &'static str, text: &str, bytes_max: usize) -> Result<(), InvalidId> {
    let complain = |reason: String| {
        let text = text.chars().take(40).collect();
        Err(InvalidId { sort, text, reason })
    };
    if text.is_empty() {
        return complain("is empty".into());
    }
    if text.len() > bytes_max {
        return complain(format!("is longer than {bytes_max} bytes"));
    }
    if let Some(bad) = text.chars().find(|c| c.is_control()) {
        return complain(format!("contains the control character {bad:?}"));
    }
    Ok(())
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $sort:literal, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` and makes an id of it.
            ///
            /// # Errors
            /// If it is empty, too long, or contains a control character.
            pub fn new(text: &str) -> Result<Self, InvalidId> {
                check_text($sort, text, $max)?;
                Ok(Self(text.into()))
            }

            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, text: &str) -> bool {
                self.as_str() == text
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                self.as_str() == *text
            }
        }

        impl PartialEq<String> for $name {
            fn eq(&self, text: &String) -> bool {
                self.as_str() == text
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

text_id! {
    /// An authenticated identity: the `sub` of the token. Cheap to clone.
    PlayerId, "player", PLAYER_BYTES_MAX
}

text_id! {
    /// The name of a node.
    NodeId, "node", NODE_BYTES_MAX
}

/// A stateful thing with a single owner: `kind/key`. Cheap to clone.
///
/// The kind consists of lower-case letters, digits, `-` and `_`. The key is any text without
/// control characters, and may contain `/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntityId {
    text: Arc<str>,
    kind_bytes: u8,
}

impl EntityId {
    /// Makes the entity `kind/key`.
    ///
    /// # Errors
    /// If either part is empty, too long or has invalid characters.
    pub fn new(kind: &str, key: &str) -> Result<Self, InvalidId> {
        check_text("kind", kind, KIND_BYTES_MAX)?;
        check_text("key", key, KEY_BYTES_MAX)?;
        let allowed =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if !kind.chars().all(allowed) {
            return Err(InvalidId {
                sort: "kind",
                text: kind.into(),
                reason: "has characters other than a-z, 0-9, - and _".into(),
            });
        }
        let kind_bytes = u8::try_from(kind.len()).unwrap_or(u8::MAX);
        Ok(Self {
            text: format!("{kind}/{key}").into(),
            kind_bytes,
        })
    }

    /// Returns the part before the first `/`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.text[..usize::from(self.kind_bytes)]
    }

    /// Returns the part behind the first `/`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.text[usize::from(self.kind_bytes) + 1..]
    }

    /// Returns `kind/key`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns `kind/key` as storage's name for the entity.
    #[must_use]
    pub fn as_key(&self) -> crate::coordination::Key {
        std::sync::Arc::clone(&self.text)
    }
}

impl std::hash::Hash for EntityId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// Compares and orders like its text, so that the entities of a kind can be found by a prefix.
impl std::borrow::Borrow<str> for EntityId {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl FromStr for EntityId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let Some((kind, key)) = text.split_once('/') else {
            return Err(InvalidId {
                sort: "room",
                text: text.chars().take(40).collect(),
                reason: "is not of the form kind/key".into(),
            });
        };
        Self::new(kind, key)
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id! {
    /// A run of a node. A restarted node is another incarnation.
    Incarnation, u64
}

number_id! {
    /// The index of a shard on its node, from 0.
    ShardIndex, u16
}

number_id! {
    /// Grows each time an entity or session changes owner; a lower epoch is void.
    Epoch, u64
}

impl Epoch {
    /// Returns the next epoch.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

number_id! {
    /// The number of a room's event, or of a member's command: from 1, without gaps.
    Sequence, u64
}

impl Sequence {
    /// The highest number that a client may begin with. The remaining numbers are more than anyone
    /// can count to.
    pub const MAX_FIRST: Sequence = Sequence(1 << 62);

    /// Returns the next number.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

number_id! {
    /// A stay of a player in a room. The room never uses the number again.
    Membership, u32
}

/// The 64-bit name of a room on the wire, the same for all its members and through every move.
///
/// Drawn at random when the room is first opened.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub u64);

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A player's logical connection; 128 random bits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u128);

impl SessionId {
    /// Makes the id of its 16 bytes; `None` if there are more or fewer.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(u128::from_be_bytes(bytes.try_into().ok()?)))
    }

    /// Returns the id as 16 bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The destination of messages between shards: a shard of a run of a node. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The node.
    pub node: NodeId,
    /// The node's run.
    pub incarnation: Incarnation,
    /// The node's shard.
    pub shard: ShardIndex,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}#{}", self.node, self.incarnation, self.shard)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_is_split_at_its_first_slash() {
        let id: EntityId = "plaza/main/east".parse().unwrap();
        assert_eq!((id.kind(), id.key()), ("plaza", "main/east"));
        assert_eq!(id.to_string(), "plaza/main/east");
    }

    #[test]
    fn an_invalid_id_is_named() {
        let check = |text: &str, expect: &str| {
            assert_eq!(text.parse::<EntityId>().unwrap_err().to_string(), expect);
        };
        check("plaza", "room \"plaza\" is not of the form kind/key");
        check("/main", "kind \"\" is empty");
        check("plaza/", "key \"\" is empty");
        check(
            "Plaza/x",
            "kind \"Plaza\" has characters other than a-z, 0-9, - and _",
        );
        check(
            "plaza/a\nb",
            "key \"a\\nb\" contains the control character '\\n'",
        );
        let long = format!("{}/x", "k".repeat(KIND_BYTES_MAX + 1));
        assert!(long.parse::<EntityId>().is_err());
        assert!(PlayerId::new(&"p".repeat(PLAYER_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn a_session_id_is_sixteen_bytes() {
        let id = SessionId(7);
        assert_eq!(SessionId::from_slice(&id.to_bytes()), Some(id));
        assert_eq!(SessionId::from_slice(&[0; 15]), None);
    }
}
