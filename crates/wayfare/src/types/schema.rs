//! Conversion of JSON schemas to shapes. They describe the wire, which may differ from JSON.

use serde_json::{Map, Value};

use super::shape::{Alternative, Field, Record, Shape, Tuple};
use crate::Codec;

/// The key in a schema that marks bytes.
pub(crate) const BYTES_KEY: &str = "x-wayfare-bytes";

/// The longest tuple. Longer arrays are treated as lists.
const TUPLE_PLACES_MAX: u64 = 16;

/// Formats that are texts in JSON and something else in binary codecs.
const FORMATS_FOR_PEOPLE: [&str; 4] = ["ip", "ipv4", "ipv6", "uuid"];
/// Formats that are numbers in JSON and sixteen bytes in MessagePack.
const FORMATS_OF_SIXTEEN_BYTES: [&str; 2] = ["int128", "uint128"];
/// The key patterns of maps with whole numbers as keys.
const PATTERNS_OF_NUMBERS: [&str; 2] = [r"^\d+$", r"^-?\d+$"];

/// The context of a schema, whose meaning depends on the writer and the codec.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    pub(super) codec: Codec,
    /// True if clients write the value and the server reads it.
    pub(super) input: bool,
}

impl Reader {
    /// Returns the shape of a whole message. A message of bytes is not encoded, whatever the codec.
    pub(super) fn message(self, schema: &Value) -> Shape {
        match schema.get(BYTES_KEY) {
            Some(Value::Bool(true)) => Shape::Bytes,
            _ => self.shape(schema),
        }
    }

    /// Returns the shape of a named type.
    pub(super) fn definition(self, schema: &Value) -> Shape {
        match self.shape(schema) {
            // MessagePack writes a struct without fields as an empty list; both forms are accepted.
            Shape::Null if self.is_binary() => {
                let items = Vec::new();
                let nothing = Shape::Tuple(Tuple { items, required: 0 });
                Shape::one_of([Shape::Null.into(), nothing.into()])
            }
            shape => shape,
        }
    }

    /// Returns the shape of a schema. Details that cannot be expressed are omitted.
    pub(super) fn shape(self, schema: &Value) -> Shape {
        match schema {
            Value::Bool(false) => Shape::Never,
            Value::Object(schema) => self.object(schema),
            _ => Shape::Unknown,
        }
    }

    fn is_binary(self) -> bool {
        self.codec != Codec::Json
    }

    fn object(self, schema: &Map<String, Value>) -> Shape {
        if schema.get(BYTES_KEY) == Some(&Value::Bool(true)) {
            return match self.is_binary() {
                true => Shape::Bytes,
                false => Shape::List(Box::new(Shape::Number)),
            };
        }
        let mut parts = vec![self.itself(schema)];
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            parts.push(Shape::Named(decoded(name)));
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(Value::Array(schemas)) = schema.get(key) {
                parts.push(self.union(schemas));
            }
        }
        if let Some(Value::Array(schemas)) = schema.get("allOf") {
            parts.extend(schemas.iter().map(|schema| self.shape(schema)));
        }
        Shape::all_of(parts)
    }

    fn union(self, schemas: &[Value]) -> Shape {
        Shape::one_of(schemas.iter().map(|schema| Alternative {
            doc: doc(schema),
            shape: self.shape(schema),
        }))
    }

    /// Returns the shape of a schema without its references and combinations.
    fn itself(self, schema: &Map<String, Value>) -> Shape {
        if let Some(value) = schema.get("const") {
            return literal(value);
        }
        if let Some(Value::Array(values)) = schema.get("enum") {
            return Shape::one_of(values.iter().map(|value| literal(value).into()));
        }
        match schema.get("type") {
            Some(Value::String(name)) => self.typed(name, schema),
            Some(Value::Array(names)) => {
                let names = names.iter().filter_map(Value::as_str);
                Shape::one_of(names.map(|name| self.typed(name, schema).into()))
            }
            _ if schema.contains_key("properties") => self.keyed(schema),
            _ => Shape::Unknown,
        }
    }

    fn typed(self, name: &str, schema: &Map<String, Value>) -> Shape {
        let format = schema.get("format").and_then(Value::as_str);
        let is_one_of = |formats: &[&str]| format.is_some_and(|format| formats.contains(&format));
        match name {
            "null" => Shape::Null,
            "boolean" => Shape::Boolean,
            "integer" if self.is_binary() && is_one_of(&FORMATS_OF_SIXTEEN_BYTES) => Shape::Unknown,
            "integer" | "number" => Shape::Number,
            "string" if self.is_binary() && is_one_of(&FORMATS_FOR_PEOPLE) => Shape::Unknown,
            "string" => Shape::Text,
            "array" => self.list(schema),
            "object" => self.keyed(schema),
            _ => Shape::Unknown,
        }
    }

    fn list(self, schema: &Map<String, Value>) -> Shape {
        let bound = |key| schema.get(key).and_then(Value::as_u64);
        let required = bound("minItems").unwrap_or(0);
        if let Some(Value::Array(places)) = schema.get("prefixItems") {
            let items = places.iter().map(|place| self.shape(place)).collect();
            let required = places.len().min(usize::try_from(required).unwrap_or(0));
            return Shape::Tuple(Tuple { items, required });
        }
        let item = schema
            .get("items")
            .map_or(Shape::Unknown, |item| self.shape(item));
        match bound("maxItems") {
            Some(places) if places == required && places <= TUPLE_PLACES_MAX => {
                let items: Vec<Shape> = (0..places).map(|_| item.clone()).collect();
                let required = items.len();
                Shape::Tuple(Tuple { items, required })
            }
            _ => Shape::List(Box::new(item)),
        }
    }

    /// Converts an object with known keys, a map, or a mixture.
    fn keyed(self, schema: &Map<String, Value>) -> Shape {
        let others = ["additionalProperties", "unevaluatedProperties"];
        let others = others.iter().filter_map(|key| schema.get(*key));
        let mut others: Vec<Shape> = others
            .map(|schema| self.shape(schema))
            .filter(|shape| *shape != Shape::Never)
            .collect();
        if let Some(Value::Object(patterns)) = schema.get("patternProperties") {
            others.extend(patterns.values().map(|schema| self.shape(schema)));
        }
        let fields = self.fields(schema);
        match (fields.is_empty(), others.is_empty()) {
            (true, true) => Shape::Map(Box::new(Shape::Unknown)),
            (true, false) if self.is_out_of_reach(schema) => Shape::Unknown,
            (true, false) => {
                Shape::Map(Box::new(Shape::one_of(others.into_iter().map(Into::into))))
            }
            (false, no_others) => Shape::Record(Record {
                fields,
                open: !no_others,
            }),
        }
    }

    /// Checks for a map that a JavaScript object cannot represent: its keys are texts, and
    /// MessagePack does not convert them to the numbers that the server expects.
    fn is_out_of_reach(self, schema: &Map<String, Value>) -> bool {
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        let mut patterns = patterns.into_iter().flatten();
        self.input
            && self.is_binary()
            && patterns.any(|(pattern, _)| PATTERNS_OF_NUMBERS.contains(&pattern.as_str()))
    }

    fn fields(self, schema: &Map<String, Value>) -> Vec<Field> {
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| {
            required.is_some_and(|required| required.iter().any(|other| other == name))
        };
        let Some(Value::Object(properties)) = schema.get("properties") else {
            return Vec::new();
        };
        let field = |(name, schema): (&String, &Value)| Field {
            name: name.clone(),
            doc: doc(schema),
            optional: !is_required(name),
            shape: self.shape(schema),
        };
        properties.iter().map(field).collect()
    }
}

/// Returns the documentation in a schema.
pub(super) fn doc(schema: &Value) -> String {
    let said = |key| schema.get(key).and_then(Value::as_str).unwrap_or_default();
    let both = [said("title").trim(), said("description").trim()];
    let both: Vec<&str> = both.into_iter().filter(|text| !text.is_empty()).collect();
    both.join("\n\n")
}

fn literal(value: &Value) -> Shape {
    match value {
        Value::Null => Shape::Null,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Shape::Literal(value.to_string()),
        Value::Array(_) | Value::Object(_) => Shape::Unknown,
    }
}

/// Returns the name in a reference to a definition: the last part of a JSON pointer in its URI
/// form.
fn decoded(reference: &str) -> String {
    let name = reference.rsplit('/').next().unwrap_or_default();
    let mut bytes = Vec::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        // For a code below sixteen, the schema's author writes a space before the digit.
        let code = after.get(..2).map(str::trim_start);
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(code.unwrap_or(b'%'));
        rest = after.get(2..).filter(|_| code.is_some()).unwrap_or(after);
    }
    bytes.extend_from_slice(rest.as_bytes());
    let name = String::from_utf8_lossy(&bytes);
    name.replace("~1", "/").replace("~0", "~")
}
