//! The types that one side of a room writes: their shapes, by name.

use std::collections::BTreeMap;

use schemars::Schema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value};

use super::names::Identity;
use super::schema::{Reader, doc};
use super::shape::Shape;
use crate::Codec;

/// The types of one side of a room.
pub(crate) struct Scope {
    /// Its messages, by their purpose.
    pub(super) messages: Vec<(&'static str, Shape)>,
    /// The named types that messages and other types use.
    pub(super) definitions: BTreeMap<String, Definition>,
}

pub(super) struct Definition {
    pub(super) doc: String,
    pub(super) shape: Shape,
}

/// The side of a room that writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Clients write, and serde reads.
    Input,
    /// The server writes, with serde.
    Output,
}

impl Scope {
    /// Makes the scope of the messages whose schemas `messages` returns.
    pub(super) fn new(
        codec: Codec,
        side: Side,
        messages: impl FnOnce(&mut SchemaGenerator) -> Vec<(&'static str, Schema)>,
    ) -> Self {
        let settings = SchemaSettings::draft2020_12();
        let settings = match side {
            Side::Input => settings.for_deserialize(),
            Side::Output => settings.for_serialize(),
        };
        let mut generator = settings.into_generator();
        let schemas = messages(&mut generator);
        let definitions = generator.take_definitions(false);
        let reader = Reader {
            codec,
            input: side == Side::Input,
        };
        Self {
            messages: schemas
                .iter()
                .map(|(name, schema)| (*name, reader.message(schema.as_value())))
                .collect(),
            definitions: read(reader, &definitions),
        }
    }

    /// Renames all types.
    pub(super) fn renamed(self, names: &BTreeMap<String, String>) -> Self {
        let messages = self.messages.into_iter();
        let definitions = self.definitions.into_iter();
        let renamed = |Definition { doc, shape }: Definition| {
            let shape = shape.renamed(names);
            Definition { doc, shape }
        };
        Self {
            messages: messages
                .map(|(name, shape)| (name, shape.renamed(names)))
                .collect(),
            definitions: definitions
                .filter_map(|(name, definition)| {
                    Some((names.get(&name)?.clone(), renamed(definition)))
                })
                .collect(),
        }
    }

    /// Returns a type without its documentation: its shape, and those of all types that it uses.
    pub(super) fn identity(&self, name: &str) -> Identity {
        let mut identity = Identity::new();
        let mut left = vec![name];
        while let Some(name) = left.pop() {
            let Some(definition) = self.definitions.get(name) else {
                continue;
            };
            if !identity.contains_key(name) {
                identity.insert(name.to_owned(), definition.shape.clone().bare());
                left.extend(definition.shape.names());
            }
        }
        identity
    }
}

fn read(reader: Reader, definitions: &Map<String, Value>) -> BTreeMap<String, Definition> {
    let definition = |schema| Definition {
        doc: doc(schema),
        shape: reader.definition(schema),
    };
    let definitions = definitions.iter();
    definitions
        .map(|(name, schema)| (name.clone(), definition(schema)))
        .collect()
}
