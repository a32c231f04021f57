//! The topic of a message, chosen by the application: [`Topic`].

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wayfare::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// A number or a short text, chosen by the application. Its wire form is just that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// A number, which is smaller on the wire.
    Number(u32),
    /// A text of at most [`NAME_BYTES_MAX`](super::limits::NAME_BYTES_MAX) bytes.
    Text(String),
}

impl Topic {
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Number(_) => 0,
            Self::Text(text) => text.len(),
        }
    }
}

impl Default for Topic {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl From<u32> for Topic {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Topic {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Serialize for Topic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u32(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Topic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText)
    }
}

impl JsonSchema for Topic {
    fn schema_name() -> Cow<'static, str> {
        "Topic".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number from 0 to 4294967295 or a short text, of the application's choice.",
            "anyOf": [
                generator.subschema_for::<u32>(),
                generator.subschema_for::<String>(),
            ],
        })
    }
}

struct NumberOrText;

impl Visitor<'_> for NumberOrText {
    type Value = Topic;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a topic: a number from 0 to 4294967295, or a text")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Topic, E> {
        let small = u32::try_from(number);
        let small = small.map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))?;
        Ok(Topic::Number(small))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Topic, E> {
        let positive = u64::try_from(number);
        let positive =
            positive.map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))?;
        self.visit_u64(positive)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Topic, E> {
        Ok(Topic::Text(text.to_owned()))
    }
}
