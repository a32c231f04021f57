//! Requests between entities: the addressee, the caller, and the outcome.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use wayfare_core::game::{self, Refusal};
use wayfare_protocol::{EntityId, InvalidId};

use crate::Entity;
use crate::codec::{CodecError, read_named};

/// The addressee of [`ask`](crate::HandlerApi::ask): an [`EntityId`], or one as text, such as
/// `"counter/main"`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no entity",
    note = "use an id such as \"counter/main\", or an `EntityId`"
)]
pub trait Addressee {
    /// Returns the entity's id.
    ///
    /// # Errors
    /// If the text is not an id.
    #[doc(hidden)]
    fn id(self) -> Result<EntityId, InvalidId>;
}

impl Addressee for &str {
    fn id(self) -> Result<EntityId, InvalidId> {
        self.parse()
    }
}

impl Addressee for &String {
    fn id(self) -> Result<EntityId, InvalidId> {
        self.parse()
    }
}

impl Addressee for String {
    fn id(self) -> Result<EntityId, InvalidId> {
        self.parse()
    }
}

impl Addressee for EntityId {
    fn id(self) -> Result<EntityId, InvalidId> {
        Ok(self)
    }
}

impl Addressee for &EntityId {
    fn id(self) -> Result<EntityId, InvalidId> {
        Ok(self.clone())
    }
}

/// A successful answer that is not decoded yet.
///
/// ```
/// # use wayfare::{Answered, AskError, Entity};
/// # fn example<Counter: Entity<Reply = u64>>(answer: Result<Answered, AskError>) {
/// match answer.and_then(|answer| answer.read::<Counter>()) {
///     Ok(count) => println!("it counts {count}"),
///     Err(AskError::Refused(refusal)) => println!("it will not: {refusal}"),
///     Err(error) => println!("nobody knows whether it counted: {error}"),
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a>(&'a [u8]);

impl<'a> Answered<'a> {
    pub(crate) fn new(reply: &'a [u8]) -> Self {
        Self(reply)
    }

    /// Decodes the reply. `E` is the type of the entity that was asked.
    ///
    /// # Errors
    /// [`AskError::Unreadable`] if it is not a reply of an `E`.
    pub fn read<E: Entity>(self) -> Result<E::Reply, AskError> {
        read_named(self.0).map_err(AskError::Unreadable)
    }
}

/// Reasons why an ask has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The entity refused the request, or certainly never got it: nothing was done.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No answer came by the deadline. The request may have been executed, may still be, or may
    /// never be. Ask again only if the request may be executed twice, or contains a name by which
    /// the other side recognises a repeat.
    #[error("no answer came in time")]
    Late,
    /// The request was executed, but the reply has an unexpected form: the entity's kind has
    /// another type, or another version.
    #[error("the reply does not decode: {0}")]
    Unreadable(CodecError),
}

impl From<game::AskError> for AskError {
    fn from(error: game::AskError) -> Self {
        match error {
            game::AskError::Refused(refusal) => Self::Refused(refusal),
            game::AskError::Late => Self::Late,
        }
    }
}

/// The caller of a request. It can be stored in the state for a later
/// [`reply`](crate::EntityContext::reply), wherever the caller lives by then.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Caller(game::Caller);

impl Caller {
    /// Returns the room or entity that asked. It is authentic: nobody can ask in another's name,
    /// and no client can ask.
    #[must_use]
    pub fn id(&self) -> &EntityId {
        &self.0.entity
    }

    pub(crate) fn for_turn(&self) -> &game::Caller {
        &self.0
    }
}

impl From<&game::Caller> for Caller {
    fn from(caller: &game::Caller) -> Self {
        Self(caller.clone())
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({} #{})", self.0.entity, self.0.ask)
    }
}

impl Serialize for Caller {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.0.entity.as_str(), self.0.ask).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Caller {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (entity, ask) = <(String, u64)>::deserialize(deserializer)?;
        let entity = entity.parse().map_err(de::Error::custom)?;
        Ok(Self(game::Caller { entity, ask }))
    }
}
