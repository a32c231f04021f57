//! The file of types: the rooms, the table of kinds, and all types that they use.

use std::collections::BTreeSet;

use super::layout::declaration;
use super::names::{Names, pascal};
use super::scope::{Definition, Scope};
use super::shape::{Field, Record, Shape};
use super::{Messages, RoomTypes};

/// A type of room, with the kinds of that type.
struct TypedRoom<'k> {
    kinds: Vec<&'k str>,
    /// The name of its interface.
    name: String,
    input: Scope,
    output: Scope,
}

/// Returns the text of the file. `command` is the command that makes it.
pub(super) fn text(command: &str, kinds: &[(&str, RoomTypes)]) -> String {
    let rooms = rooms(kinds);
    let mut text = format!("// Made by `{command}`; do not edit.\n");
    for room in &rooms {
        text += "\n";
        text += &room.interface();
    }
    text += "\n";
    text += &table(kinds, &rooms);
    let mut written = BTreeSet::new();
    for scope in rooms.iter().flat_map(|room| [&room.input, &room.output]) {
        for (_, message) in &scope.messages {
            write_types_of(message, scope, &mut written, &mut text);
        }
    }
    text
}

/// Returns the rooms, with names that are unique in the file. If a type differs between sending and
/// receiving, the sent form keeps the name.
fn rooms<'k>(kinds: &[(&'k str, RoomTypes)]) -> Vec<TypedRoom<'k>> {
    let mut by_type: Vec<(RoomTypes, Vec<&str>)> = Vec::new();
    for (kind, types) in kinds {
        match by_type
            .iter_mut()
            .find(|(other, _)| other.room == types.room)
        {
            Some((_, kinds)) => kinds.push(kind),
            None => by_type.push((*types, vec![kind])),
        }
    }
    let mut names = Names::new();
    let claim = |(_, kinds): &(RoomTypes, Vec<&str>)| names.claim(&(pascal(kinds[0]) + "Types"));
    let interfaces: Vec<String> = by_type.iter().map(claim).collect();
    let rooms = by_type.into_iter().zip(interfaces);
    let rooms = rooms.map(|((types, kinds), name)| {
        let Messages { input, output } = (types.read)();
        let sent = names.of_scope(kinds[0], &output, None);
        let received = names.of_scope(kinds[0], &input, Some(&sent));
        TypedRoom {
            kinds,
            name,
            input: input.renamed(&received),
            output: output.renamed(&sent),
        }
    });
    rooms.collect()
}

impl TypedRoom<'_> {
    /// Returns the interface that the TypeScript client expects of a room's types.
    fn interface(&self) -> String {
        let kinds: Vec<String> = self.kinds.iter().map(|kind| format!("`{kind}`")).collect();
        let doc = match kinds.as_slice() {
            [others @ .., last] if !others.is_empty() => {
                let others = others.join(", ");
                format!("The message types of rooms of the kinds {others} and {last}.")
            }
            kinds => format!("The message types of rooms of the kind {}.", kinds.concat()),
        };
        let messages = self.input.messages.iter().chain(&self.output.messages);
        let fields = messages.map(|(name, shape)| field(name, shape.clone()));
        declaration(&self.name, &doc, &record(fields))
    }
}

/// Returns the table of interfaces by the kinds' names.
fn table(kinds: &[(&str, RoomTypes)], rooms: &[TypedRoom<'_>]) -> String {
    let fields = kinds.iter().filter_map(|(kind, _)| {
        let room = rooms.iter().find(|room| room.kinds.contains(kind))?;
        Some(field(kind, Shape::Named(room.name.clone())))
    });
    let doc = "The message types of each kind of room.";
    declaration("Kinds", doc, &record(fields))
}

fn record(fields: impl Iterator<Item = Field>) -> Shape {
    let (fields, open) = (fields.collect(), false);
    Shape::Record(Record { fields, open })
}

fn field(name: &str, shape: Shape) -> Field {
    Field {
        name: name.to_owned(),
        doc: String::new(),
        optional: false,
        shape,
    }
}

/// Declares the types that this shape uses, each before the types it uses itself. Skips types that
/// the file already has.
pub(super) fn write_types_of(
    shape: &Shape,
    scope: &Scope,
    written: &mut BTreeSet<String>,
    text: &mut String,
) {
    for name in shape.names() {
        let Some(Definition { doc, shape }) = scope.definitions.get(name) else {
            continue;
        };
        if written.insert(name.to_owned()) {
            *text += "\n";
            *text += &declaration(name, doc, shape);
            write_types_of(shape, scope, written, text);
        }
    }
}
