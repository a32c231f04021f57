//! How a room's messages become bytes.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::types::BYTES_KEY;

/// How a room and its clients write their messages: [`Room::CODEC`](crate::Room::CODEC).
///
/// It is part of what a room says, like its types, and both ends must agree on it; so it stands in
/// the room and is no setting. A message of type [`Raw`] is not encoded at all, whatever the codec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Codec {
    /// MessagePack with the fields' names, so that fields can be added with `#[serde(default)]`.
    #[default]
    MessagePack,
    /// JSON: for clients without MessagePack, and to read along. Larger and slower.
    Json,
}

/// A message that is bytes already: they go over the wire as they are.
///
/// Use it as a room's `Command`, `Event` and so on where the game has an encoding of its own. An
/// empty `Raw` as a reply tells the client "applied, nothing to say", as `()` does.
///
/// Clients in TypeScript see a `Uint8Array`, if the kind is [`typed`](crate::Kind::typed); and so they
/// do of bytes within a message that say that they are some:
///
/// ```text
/// #[serde(with = "serde_bytes")]
/// #[schemars(with = "wayfare::Raw")]
/// picture: Vec<u8>,
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw(pub Vec<u8>);

/// A message that can be written: everything serde can serialize, and [`Raw`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as a message",
    note = "put `#[derive(serde::Serialize)]` on it, or use `wayfare::Raw` for bytes of your own"
)]
pub trait Encode: 'static {
    /// Appends the message.
    ///
    /// # Errors
    /// What serde said.
    #[doc(hidden)]
    fn encode(&self, codec: Codec, into: &mut Vec<u8>) -> Result<(), CodecError>;
}

/// A message that can be read: everything serde can deserialize, and [`Raw`].
///
/// A payload of no bytes at all reads as "nothing": `()`, `None`, and a struct whose fields all
/// have a `#[serde(default)]` are made of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be received as a message",
    note = "put `#[derive(serde::Deserialize)]` on it, or use `wayfare::Raw` for bytes of your own"
)]
pub trait Decode: Sized + 'static {
    /// The message of these bytes.
    ///
    /// # Errors
    /// What serde said.
    #[doc(hidden)]
    fn decode(codec: Codec, bytes: &[u8]) -> Result<Self, CodecError>;
}

/// What serde said about a message or a state.
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

/// MessagePack with names: of messages by default, of states and notes always.
pub(crate) fn write_named<T: Serialize>(value: &T, into: &mut Vec<u8>) -> Result<(), CodecError> {
    rmp_serde::encode::write_named(into, value).map_err(CodecError::new)
}

/// Values within values that are read: each costs stack, and what a stranger sends must not use it
/// up. JSON has the same bound.
const DEPTH_MAX: usize = 128;

/// The other direction of [`write_named`].
pub(crate) fn read_named<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
    reader.set_max_depth(DEPTH_MAX);
    T::deserialize(&mut reader).map_err(CodecError::new)
}

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
    fn what_is_nested_too_deeply_is_refused_and_not_followed() {
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
