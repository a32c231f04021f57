//! Values that the room stores and distributes without interpreting them: [`Value`].

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Deserializer};
use wayfare::Raw;
use wayfare::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::limits::VALUE_DEPTH_MAX;

/// Any value that MessagePack or JSON can express. Properties and messages consist of it.
///
/// Two values are equal if they mean the same, in whatever encoding: whole numbers of one and of
/// eight bytes, floats of four and of eight bytes, maps with their entries in any order. A whole
/// number and a float are never equal. If a map contains a key twice, the last entry counts.
/// MessagePack's extension types, including its timestamp, are refused.
///
/// Bytes are the cheapest: use them if the game has an encoding of its own.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Null. As the value of a property it means "absent".
    #[default]
    Nil,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that is too large for [`Value::Int`].
    Uint(u64),
    /// A floating point number.
    Float(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Values in order.
    List(Vec<Value>),
    /// A map of values to values; keys are mostly texts.
    Map(BTreeMap<Value, Value>),
}

/// An error: a value cannot be converted to or from a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(String);

/// The size of each value apart from its content: about its memory.
const ITEM_SIZE: usize = 16;

impl Value {
    /// Converts anything that serde can serialize; structs become maps.
    ///
    /// # Errors
    /// If it cannot be represented, or is nested too deep.
    pub fn of<T: Serialize + ?Sized>(thing: &T) -> Result<Self, ValueError> {
        let bytes = rmp_serde::to_vec_named(thing);
        let bytes = bytes.map_err(|error| ValueError(error.to_string()))?;
        rmp_serde::from_slice(&bytes).map_err(|error| ValueError(error.to_string()))
    }

    /// Converts the value to a type.
    ///
    /// # Errors
    /// If it does not match the type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        let bytes = rmp_serde::to_vec_named(self);
        let bytes = bytes.map_err(|error| ValueError(error.to_string()))?;
        rmp_serde::from_slice(&bytes).map_err(|error| ValueError(error.to_string()))
    }

    /// Returns the size that counts against limits: 16 for each value in it, itself included, and
    /// the length of texts and bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        let inside = match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::List(items) => items.iter().map(Self::size).sum(),
            Self::Map(entries) => entries.iter().map(|(k, v)| k.size() + v.size()).sum(),
            _ => 0,
        };
        ITEM_SIZE + inside
    }

    /// Returns the form in listings, which exists only for texts, numbers and booleans.
    pub(super) fn shown(&self) -> Option<String> {
        match self {
            Self::Bool(yes) => Some(yes.to_string()),
            Self::Int(number) => Some(number.to_string()),
            Self::Uint(number) => Some(number.to_string()),
            Self::Float(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::Nil | Self::Bytes(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Nil => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::Uint(_) => 3,
            Self::Float(_) => 4,
            Self::Text(_) => 5,
            Self::Bytes(_) => 6,
            Self::List(_) => 7,
            Self::Map(_) => 8,
        }
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Uint(a), Self::Uint(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) => a.cmp(b),
            (Self::Map(a), Self::Map(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Self::Uint(number), Self::Int)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nil => serializer.serialize_unit(),
            Self::Bool(yes) => serializer.serialize_bool(*yes),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Uint(number) => serializer.serialize_u64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Within(VALUE_DEPTH_MAX).deserialize(deserializer)
    }
}

/// The keys of maps are texts for languages whose maps are objects.
impl JsonSchema for Value {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Anything that MessagePack or JSON can say.",
            "anyOf": [
                { "type": "null" },
                { "type": "boolean" },
                { "type": "number" },
                { "type": "string" },
                generator.subschema_for::<Raw>(),
                generator.subschema_for::<Vec<Self>>(),
                generator.subschema_for::<BTreeMap<String, Self>>(),
            ],
        })
    }
}

/// A reader of values with a limit of nesting.
#[derive(Clone, Copy)]
struct Within(usize);

impl Within {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let inner = self.0.checked_sub(1).map(Self);
        inner.ok_or_else(|| E::custom(format!("a value is nested deeper than {VALUE_DEPTH_MAX}")))
    }
}

impl<'de> DeserializeSeed<'de> for Within {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that is no extension type")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E: de::Error>(self, yes: bool) -> Result<Value, E> {
        Ok(Value::Bool(yes))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(bytes.to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        // The list grows with its elements. A declared length alone takes no memory.
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = BTreeMap::new();
        while let Some((key, value)) = entries.next_entry_seed(inner, inner)? {
            map.insert(key, value);
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expect: &Value) {
        let read: Value = rmp_serde::from_slice(bytes).unwrap();
        assert_eq!(&read, expect);
        let written = rmp_serde::to_vec_named(&read).unwrap();
        assert_eq!(&rmp_serde::from_slice::<Value>(&written).unwrap(), expect);
    }

    #[test]
    fn every_sort_is_read_and_written() {
        check(b"\xc0", &Value::Nil);
        check(b"\xc3", &true.into());
        check(b"\xff", &(-1_i64).into());
        check(b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", &u64::MAX.into());
        check(b"\xca\x3f\x80\0\0", &1.0.into());
        check(b"\xa2hi", &"hi".into());
        check(b"\xc4\x02\xff\0", &vec![0xff, 0].into());
        check(
            b"\x92\x01\x02",
            &Value::List(vec![1_i64.into(), 2_i64.into()]),
        );
        let map = BTreeMap::from([("a".into(), 1_i64.into()), (2_i64.into(), Value::Nil)]);
        check(b"\x82\xa1a\x01\x02\xc0", &Value::Map(map));
    }

    #[test]
    fn values_with_the_same_meaning_are_equal() {
        let equal = |a: &[u8], b: &[u8]| {
            let read = |bytes: &[u8]| rmp_serde::from_slice::<Value>(bytes).unwrap();
            read(a) == read(b)
        };
        assert!(equal(b"\x07", b"\xd3\0\0\0\0\0\0\0\x07"));
        assert!(equal(b"\xca\x3f\x80\0\0", b"\xcb\x3f\xf0\0\0\0\0\0\0"));
        assert!(equal(b"\x82\xa1a\x01\xa1b\x02", b"\x82\xa1b\x02\xa1a\x01"));
        assert!(equal(b"\xca\x7f\xc0\0\0", b"\xca\x7f\xc0\0\0"), "no number");
        assert!(!equal(b"\x01", b"\xca\x3f\x80\0\0"));
    }

    #[test]
    fn too_deep_or_unknown_values_are_refused() {
        let read = |bytes: &[u8]| rmp_serde::from_slice::<Value>(bytes);
        let nested = |depth: usize| [vec![0x91; depth], vec![0xc0]].concat();
        assert!(read(&nested(VALUE_DEPTH_MAX)).is_ok());
        let refused = read(&nested(VALUE_DEPTH_MAX + 1)).unwrap_err().to_string();
        assert!(refused.contains("nested deeper than 16"), "{refused}");
        assert!(read(&nested(60_000)).is_err());
        assert!(read(b"\xd4\x01\x02").is_err(), "an extension type");
        assert!(
            read(b"\xdd\xff\xff\xff\xff\xc0").is_err(),
            "a list that ends early"
        );
    }

    #[test]
    fn a_size_is_never_less_than_the_bytes() {
        let values = [
            Value::Nil,
            u64::MAX.into(),
            "x".repeat(70_000).into(),
            vec![0; 70_000].into(),
            Value::List(vec![f64::MAX.into(); 70_000]),
        ];
        for value in values {
            let bytes = rmp_serde::to_vec_named(&value).unwrap();
            assert!(bytes.len() <= value.size());
        }
    }

    #[test]
    fn a_type_of_ones_own_is_a_value() {
        let value = Value::of(&(1, "two")).unwrap();
        assert_eq!(value, Value::List(vec![1_i64.into(), "two".into()]));
        assert_eq!(value.read::<(i32, String)>(), Ok((1, "two".to_owned())));
        assert!(value.read::<bool>().is_err());
    }
}
