//! The types of a game's messages, for authors of clients: the implementation of
//! [`Kind::typed`](crate::Kind::typed).

mod file;
mod layout;
mod names;
mod schema;
mod scope;
mod shape;
#[cfg(test)]
mod tests;

use std::any::TypeId;

use schemars::JsonSchema;

use self::scope::{Scope, Side};
use crate::Room;

pub(crate) use self::schema::BYTES_KEY;

/// The types of a room's messages, derived on demand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoomTypes {
    /// The room's type. Kinds with the same room have the same types.
    room: TypeId,
    read: fn() -> Messages,
}

/// The messages between a room and its clients.
pub(crate) struct Messages {
    input: Scope,
    output: Scope,
}

/// A kind of room by name. It has types if it is typed.
#[derive(Clone, Debug)]
pub(crate) struct NamedKind {
    pub(crate) name: String,
    pub(crate) types: Option<RoomTypes>,
}

impl RoomTypes {
    pub(crate) fn of<R: Room>() -> Self
    where
        R::Open: JsonSchema,
        R::Join: JsonSchema,
        R::Command: JsonSchema,
        R::Reply: JsonSchema,
        R::Event: JsonSchema,
        R::View: JsonSchema,
    {
        Self {
            room: TypeId::of::<R>(),
            read: || Messages {
                input: Scope::new(R::CODEC, Side::Input, |schemas| {
                    vec![
                        ("Open", schemas.subschema_for::<R::Open>()),
                        ("Join", schemas.subschema_for::<R::Join>()),
                        ("Command", schemas.subschema_for::<R::Command>()),
                    ]
                }),
                output: Scope::new(R::CODEC, Side::Output, |schemas| {
                    vec![
                        ("Reply", schemas.subschema_for::<R::Reply>()),
                        ("Event", schemas.subschema_for::<R::Event>()),
                        ("View", schemas.subschema_for::<R::View>()),
                    ]
                }),
            },
        }
    }
}

/// Reasons why there are no types: see [`Serve::types`](crate::Serve::types).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoTypes {
    /// No kind is typed.
    #[error(
        "no kind is typed: add `.typed()` to the settings of one, such as \
         `.room::<MyRoom>(\"my-room\", |kind| kind.typed())`"
    )]
    NoneTyped,
    /// The named kind is not typed.
    #[error("kind {0:?} is not typed: add `.typed()` to its settings")]
    NotTyped(String),
    /// The named kind does not exist.
    #[error("there is no kind of room {name:?}: there are {}", rooms.join(", "))]
    NoRoom {
        /// The given name.
        name: String,
        /// The existing kinds.
        rooms: Vec<String>,
    },
}

/// Returns the file with the types of the named kinds, or of all typed ones.
pub(crate) fn write(
    program: &str,
    kinds: &[NamedKind],
    wanted: &[String],
) -> Result<String, NoTypes> {
    let mut typed: Vec<(&str, RoomTypes)> = Vec::new();
    for name in wanted {
        if typed.iter().all(|(other, _)| other != name) {
            typed.push(find(kinds, name)?);
        }
    }
    if wanted.is_empty() {
        typed.extend(kinds.iter().filter_map(NamedKind::typed));
    }
    if typed.is_empty() {
        return Err(NoTypes::NoneTyped);
    }
    let mut command = format!("{program} types");
    for name in wanted {
        command += " ";
        command += name;
    }
    Ok(file::text(&command, &typed))
}

impl NamedKind {
    fn typed(&self) -> Option<(&str, RoomTypes)> {
        Some((&self.name, self.types?))
    }
}

fn find<'k>(kinds: &'k [NamedKind], name: &str) -> Result<(&'k str, RoomTypes), NoTypes> {
    let Some(kind) = kinds.iter().find(|kind| kind.name == name) else {
        let rooms = kinds.iter().map(|kind| kind.name.clone()).collect();
        let name = name.to_owned();
        return Err(NoTypes::NoRoom { name, rooms });
    };
    kind.typed()
        .ok_or_else(|| NoTypes::NotTyped(name.to_owned()))
}
