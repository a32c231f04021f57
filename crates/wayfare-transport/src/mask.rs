//! The mask of client frames (RFC 6455, section 5.3).

/// Masks or unmasks `bytes` in place. The first byte uses the first byte of `key`.
pub(crate) fn apply(bytes: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let wide_key = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide_key).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(wide_key.to_ne_bytes()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn masking_matches_the_definition_byte_by_byte(
            bytes in prop::collection::vec(any::<u8>(), 0..80), key: [u8; 4],
        ) {
            let ref_masked: Vec<u8> = bytes.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k).collect();
            let mut masked = bytes;
            super::apply(&mut masked, key);
            prop_assert_eq!(masked, ref_masked);
        }
    }
}
