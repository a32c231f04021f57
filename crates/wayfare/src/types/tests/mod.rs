//! Tests of the generated types, compared with the values on the wire.

mod forms;
mod input;
mod printing;
mod stub_typed;
mod whole_files;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::file::write_types_of;
use super::layout::declaration;
use super::names::Names;
use super::scope::{Scope, Side};
use super::shape::{Record, Shape};
use crate::{Codec, Decode, Encode};

const CODECS: [Codec; 2] = [Codec::MessagePack, Codec::Json];

/// Makes the scope of one message.
fn scope<T: JsonSchema>(codec: Codec, side: Side) -> Scope {
    let scope = Scope::new(codec, side, |schemas| {
        vec![("It", schemas.subschema_for::<T>())]
    });
    let names = Names::new().of_scope("kind", &scope, None);
    scope.renamed(&names)
}

/// Returns the text of a type. A type without a name is called `It`.
fn written<T: JsonSchema>(codec: Codec, side: Side) -> String {
    let scope = scope::<T>(codec, side);
    let (name, message) = &scope.messages[0];
    let mut text = String::new();
    if !matches!(message, Shape::Named(_)) {
        text = format!("\n{}", declaration(name, "", message));
    }
    write_types_of(message, &scope, &mut BTreeSet::new(), &mut text);
    text.trim_start().to_owned()
}

/// Checks the types for MessagePack, and that all values fit, with both codecs and in both
/// directions.
#[track_caller]
fn check<T: JsonSchema + Serialize + DeserializeOwned + 'static>(values: &[T], expect: &str) {
    assert_eq!(written::<T>(Codec::MessagePack, Side::Output), expect);
    check_values(values);
}

#[track_caller]
fn check_values<T: JsonSchema + Serialize + DeserializeOwned + 'static>(values: &[T]) {
    for (codec, value) in CODECS
        .iter()
        .flat_map(|codec| values.iter().map(move |value| (*codec, value)))
    {
        let mut bytes = Vec::new();
        value.encode(codec, &mut bytes).unwrap();
        assert!(T::decode(codec, &bytes).is_ok(), "{}", bytes.escape_ascii());
        let wire = on_the_wire(codec, &bytes);
        for side in [Side::Input, Side::Output] {
            let scope = scope::<T>(codec, side);
            let (_, shape) = &scope.messages[0];
            assert!(
                fits(&wire, shape, &scope, Others::Refused),
                "{wire} is not as {codec:?} says:\n{}",
                written::<T>(codec, side)
            );
        }
    }
}

/// Returns the value that a client sees, in whatever encoding.
fn on_the_wire(codec: Codec, bytes: &[u8]) -> rmpv::Value {
    match codec {
        Codec::MessagePack => rmp_serde::from_slice(bytes).unwrap(),
        Codec::Json => serde_json::from_slice(bytes).unwrap(),
    }
}

/// The rule for fields of an object that its type does not name.
#[derive(Clone, Copy, PartialEq)]
enum Others {
    Allowed,
    Refused,
}

fn fits(value: &rmpv::Value, shape: &Shape, scope: &Scope, others: Others) -> bool {
    let inner = |value: &rmpv::Value, shape: &Shape| fits(value, shape, scope, Others::Refused);
    match shape {
        Shape::Unknown => true,
        Shape::Never => false,
        Shape::Null => value.is_nil(),
        Shape::Boolean => value.is_bool(),
        Shape::Number => value.is_number(),
        Shape::Text => value.is_str(),
        Shape::Bytes => value.is_bin(),
        Shape::Literal(text) => serde_json::to_string(value).unwrap() == *text,
        Shape::Named(name) => fits(value, &scope.definitions[name].shape, scope, others),
        Shape::List(item) => {
            let mut items = value.as_array().into_iter().flatten();
            value.is_array() && items.all(|value| inner(value, item))
        }
        Shape::Tuple(tuple) => value.as_array().is_some_and(|items| {
            let all = (tuple.required..=tuple.items.len()).contains(&items.len());
            all && items
                .iter()
                .zip(&tuple.items)
                .all(|(value, shape)| inner(value, shape))
        }),
        // A number as a key becomes a text in an object.
        Shape::Map(item) => value.as_map().is_some_and(|entries| {
            let is_key = |key: &rmpv::Value| key.is_str() || key.is_number();
            entries
                .iter()
                .all(|(key, value)| is_key(key) && inner(value, item))
        }),
        Shape::Record(record) => value
            .as_map()
            .is_some_and(|entries| fits_record(entries, record, others, &inner)),
        Shape::Union(union) => union
            .iter()
            .any(|one| fits(value, &one.shape, scope, others)),
        Shape::Both(parts) => parts
            .iter()
            .all(|part| fits(value, part, scope, Others::Allowed)),
    }
}

fn fits_record(
    entries: &[(rmpv::Value, rmpv::Value)],
    record: &Record,
    others: Others,
    inner: &dyn Fn(&rmpv::Value, &Shape) -> bool,
) -> bool {
    let fields = record.fields.iter();
    let all_there = fields.clone().all(|field| {
        let mut entries = entries.iter();
        let entry = entries.find(|(key, _)| key.as_str() == Some(&field.name));
        entry.map_or(field.optional, |(_, value)| inner(value, &field.shape))
    });
    let known = |key: &rmpv::Value| {
        let mut fields = fields.clone();
        key.as_str()
            .is_some_and(|key| fields.any(|field| field.name == key))
    };
    let no_others = entries.iter().all(|(key, _)| known(key));
    all_there && (no_others || record.open || others == Others::Allowed)
}
