//! Encoding of payloads as MessagePack.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// MessagePack's nil. An absent payload decodes like it, as `()`, `None` or a unit struct.
const NIL: &[u8] = &[0xc0];

/// A payload that could not be encoded or decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The value cannot be represented in MessagePack.
    #[error("the value cannot be encoded: {0}")]
    Encode(String),
    /// The bytes are not of the expected type.
    #[error("the payload does not decode: {0}")]
    Decode(String),
}

/// Encodes structs as maps, so that both sides may add fields. A value that is nil as a whole says
/// nothing, like `()`, and is no bytes: rooms read that as their defaults, too.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, PayloadError> {
    match rmp_serde::to_vec_named(value) {
        Ok(bytes) if bytes == NIL => Ok(Bytes::new()),
        Ok(bytes) => Ok(bytes.into()),
        Err(error) => Err(PayloadError::Encode(error.to_string())),
    }
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PayloadError> {
    let bytes = if bytes.is_empty() { NIL } else { bytes };
    rmp_serde::from_slice(bytes).map_err(|error| PayloadError::Decode(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_payload_decodes_as_unit_or_none() {
        assert_eq!(decode::<()>(&[]), Ok(()));
        assert_eq!(decode::<Option<u32>>(&[]), Ok(None));
        assert!(matches!(decode::<u32>(&[]), Err(PayloadError::Decode(_))));
    }

    #[test]
    fn nothing_said_is_an_empty_payload() {
        assert_eq!(encode(&()), Ok(Bytes::new()));
        assert_eq!(encode(&None::<u32>), Ok(Bytes::new()));
        assert_eq!(encode(&[None::<u32>]), Ok(Bytes::from_static(b"\x91\xc0")));
    }

    #[test]
    fn a_value_round_trips() {
        let bytes = encode(&("hat", 7u32)).unwrap();
        assert_eq!(decode::<(String, u32)>(&bytes), Ok(("hat".into(), 7)));
    }
}
