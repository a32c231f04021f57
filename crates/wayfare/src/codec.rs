//! The encoding of a room's messages.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::by_name::ByName;
use crate::types::BYTES_KEY;

/// The encoding of messages between a room and its clients: [`Room::CODEC`](crate::Room::CODEC).
///
/// It is part of the room's protocol, like the types, and both ends must agree on it. It is
/// therefore a constant of the room, not a setting. Messages of type [`Raw`] are never encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Codec {
    /// MessagePack with the fields' names, so that fields can be added with `#[serde(default)]`.
    #[default]
    MessagePack,
    /// JSON, for clients without MessagePack and for debugging. It is larger and slower.
    Json,
}

/// A message that consists of bytes, which are sent as they are.
///
/// Use it as a room's `Command`, `Event` and so on if the game has its own encoding. An empty `Raw`
/// as a reply means "applied, no reply", like `()`.
///
/// Clients in TypeScript get a `Uint8Array` if the kind is [`typed`](crate::Kind::typed). The same
/// holds for bytes within a message that are marked as such:
///
/// ```text
/// #[serde(with = "serde_bytes")]
/// #[schemars(with = "wayfare::Raw")]
/// picture: Vec<u8>,
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw(pub Vec<u8>);

/// A message that can be encoded: every type that serde can serialize, and [`Raw`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as a message",
    note = "put `#[derive(serde::Serialize)]` on it, or use `wayfare::Raw` for bytes of your own"
)]
pub trait Encode: 'static {
    /// Appends the message.
    ///
    /// # Errors
    /// If serde fails.
    #[doc(hidden)]
    fn encode(&self, codec: Codec, into: &mut Vec<u8>) -> Result<(), CodecError>;
}

/// A message that can be decoded: every type that serde can deserialize, and [`Raw`].
///
/// An empty payload decodes as "nothing": `()`, `None`, or a struct whose fields all have a
/// `#[serde(default)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be received as a message",
    note = "put `#[derive(serde::Deserialize)]` on it, or use `wayfare::Raw` for bytes of your own"
)]
pub trait Decode: Sized + 'static {
    /// Decodes the message.
    ///
    /// # Errors
    /// If serde fails.
    #[doc(hidden)]
    fn decode(codec: Codec, bytes: &[u8]) -> Result<Self, CodecError>;
}

/// An error of serde for a message or a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CodecError(String);

impl CodecError {
    fn new(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl<T: Serialize + 'static> Encode for T {
    fn encode(&self, codec: Codec, into: &mut Vec<u8>) -> Result<(), CodecError> {
        match codec {
            Codec::MessagePack => write_named(self, into),
            Codec::Json => serde_json::to_writer(into, self).map_err(CodecError::new),
        }
    }
}

impl<T: DeserializeOwned + 'static> Decode for T {
    fn decode(codec: Codec, bytes: &[u8]) -> Result<Self, CodecError> {
        let read = |bytes: &[u8]| match codec {
            Codec::MessagePack => read_named(bytes),
            Codec::Json => serde_json::from_slice(bytes).map_err(CodecError::new),
        };
        if !bytes.is_empty() {
            return read(bytes);
        }
        let (nothing, no_fields): (&[u8], &[u8]) = match codec {
            Codec::MessagePack => (&[MESSAGE_PACK_NIL], &[MESSAGE_PACK_EMPTY_MAP]),
            Codec::Json => (b"null", b"{}"),
        };
        read(nothing).or_else(|_| read(no_fields))
    }
}

impl Encode for Raw {
    fn encode(&self, _: Codec, into: &mut Vec<u8>) -> Result<(), CodecError> {
        into.extend_from_slice(&self.0);
        Ok(())
    }
}

impl Decode for Raw {
    fn decode(_: Codec, bytes: &[u8]) -> Result<Self, CodecError> {
        Ok(Self(bytes.to_vec()))
    }
}

/// Bytes.
impl JsonSchema for Raw {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Raw".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ BYTES_KEY: true })
    }
}

const MESSAGE_PACK_NIL: u8 = 0xc0;
const MESSAGE_PACK_EMPTY_MAP: u8 = 0x80;

/// Encodes as MessagePack with field names: messages by default, states and notes always.
pub(crate) fn write_named<T: Serialize>(value: &T, into: &mut Vec<u8>) -> Result<(), CodecError> {
    rmp_serde::encode::write_named(into, value).map_err(CodecError::new)
}

/// The maximum nesting of decoded values. Each level costs stack, which input from outside must not
/// exhaust. JSON has the same limit.
const DEPTH_MAX: usize = 128;

/// Decodes the output of [`write_named`], or what clients wrote in the same form.
pub(crate) fn read_named<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    T::deserialize(ByName(&mut named_reader(bytes))).map_err(CodecError::new)
}

/// The deserializer of [`read_named`].
pub(crate) fn named_reader(bytes: &[u8]) -> NamedReader<'_> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
    reader.set_max_depth(DEPTH_MAX);
    reader
}

pub(crate) type NamedReader<'a> =
    rmp_serde::Deserializer<rmp_serde::decode::ReadRefReader<'a, [u8]>>;

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Said {
        Say(String),
        Walk { x: f32, y: f32 },
        Wave,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outfit {
        #[serde(default)]
        hat: bool,
    }

    #[test]
    fn both_codecs_name_fields_and_variants() {
        let check = |said: Said, codec: Codec, expect: &[u8]| {
            let mut bytes = Vec::new();
            said.encode(codec, &mut bytes).unwrap();
            assert_eq!(bytes, expect, "{}", bytes.escape_ascii());
            assert_eq!(Said::decode(codec, &bytes), Ok(said));
        };
        check(
            Said::Say("hi".into()),
            Codec::MessagePack,
            b"\x81\xa3say\xa2hi",
        );
        check(Said::Wave, Codec::MessagePack, b"\xa4wave");
        let walk = || Said::Walk { x: 1.0, y: 2.0 };
        check(
            walk(),
            Codec::MessagePack,
            b"\x81\xa4walk\x82\xa1x\xca\x3f\x80\0\0\xa1y\xca\x40\0\0\0",
        );
        check(walk(), Codec::Json, br#"{"walk":{"x":1.0,"y":2.0}}"#);
    }

    #[test]
    fn a_number_names_no_variant_and_no_field() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Tagged {
            Wave,
            Nested { said: Vec<Option<Said>> },
        }
        let refused = |bytes: &[u8]| {
            let refused = Said::decode(Codec::MessagePack, bytes).unwrap_err();
            assert!(refused.0.contains("the name of a variant"), "{refused}");
        };
        refused(b"\x02");
        refused(b"\x81\x00\xa2hi");
        refused(b"\x81\xa4walk\x82\x00\xca\x3f\x80\0\0\x01\xca\x40\0\0\0");
        assert!(Said::decode(Codec::Json, b"2").is_err());
        assert!(read_named::<Vec<Option<Said>>>(b"\x91\x02").is_err());
        assert!(read_named::<(u8, Said)>(b"\x92\x01\x02").is_err());
        assert!(read_named::<Tagged>(b"\x81\xa4type\x00").is_err());
        let nested = Tagged::Nested {
            said: vec![None, Some(Said::Walk { x: 1.0, y: 2.0 }), Some(Said::Wave)],
        };
        let mut bytes = Vec::new();
        nested.encode(Codec::MessagePack, &mut bytes).unwrap();
        assert_eq!(read_named(&bytes), Ok(nested));
    }

    #[test]
    fn no_bytes_are_nothing() {
        for codec in [Codec::MessagePack, Codec::Json] {
            assert_eq!(<()>::decode(codec, b""), Ok(()));
            assert_eq!(Option::<Said>::decode(codec, b""), Ok(None));
            assert_eq!(Raw::decode(codec, b""), Ok(Raw::default()));
            assert!(Said::decode(codec, b"").is_err());
            assert_eq!(Outfit::decode(codec, b""), Ok(Outfit { hat: false }));
        }
    }

    #[test]
    fn raw_bytes_stay_as_they_are() {
        let mut bytes = b"before".to_vec();
        Raw(b"\xff\0".to_vec())
            .encode(Codec::Json, &mut bytes)
            .unwrap();
        assert_eq!(bytes, b"before\xff\0");
        assert_eq!(Raw::decode(Codec::Json, b"\xff"), Ok(Raw(b"\xff".to_vec())));
    }

    #[test]
    fn too_deep_nesting_is_refused() {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        struct Known {
            known: u32,
        }
        let nested = |depth: usize| {
            let mut bytes = vec![0x81, 0xa7];
            bytes.extend_from_slice(b"unknown");
            bytes.extend(std::iter::repeat_n(0x91, depth));
            bytes.push(0xc0);
            bytes
        };
        assert_eq!(read_named::<Known>(&nested(64)).unwrap().known, 0);
        assert!(read_named::<Known>(&nested(1000)).is_err());
        assert!(read_named::<Known>(&nested(60_000)).is_err());
    }
}
