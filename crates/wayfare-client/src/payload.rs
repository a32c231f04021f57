//! Payloads as MessagePack.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What stands for a payload that is not there: MessagePack's nil, so that "nothing" is a `()`, a
/// `None` or a unit struct.
const NIL: &[u8] = &[0xc0];

/// A payload that does not become, or come from, the type at hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The value has no form in MessagePack.
    #[error("the value cannot be encoded: {0}")]
    Encode(String),
    /// The bytes are not of that type.
    #[error("the payload does not decode: {0}")]
    Decode(String),
}

/// Structs as maps, so that either side may add fields.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, PayloadError> {
    match rmp_serde::to_vec_named(value) {
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
    fn nothing_is_a_unit_or_a_none() {
        assert_eq!(decode::<()>(&[]), Ok(()));
        assert_eq!(decode::<Option<u32>>(&[]), Ok(None));
        assert!(matches!(decode::<u32>(&[]), Err(PayloadError::Decode(_))));
    }

    #[test]
    fn a_value_survives_its_bytes() {
        let bytes = encode(&("hat", 7u32)).unwrap();
        assert_eq!(decode::<(String, u32)>(&bytes), Ok(("hat".into(), 7)));
    }
}
