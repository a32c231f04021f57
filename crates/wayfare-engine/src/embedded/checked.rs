//! The stored form of a value: its bytes, and a checksum over them and the key.
//!
//! redb has its own checksums over pages, but checks them only when it repairs a file that was not
//! closed. A bit that flips in a closed file must be found here.

use bytes::Bytes;

/// The error for a value that differs from what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Damage(pub(super) String);

impl Damage {
    pub(super) fn of(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

const CHECKSUM_LENGTH: usize = 4;

/// A writer of numbers and byte strings, one after the other.
#[derive(Debug, Default)]
pub(super) struct Encoder(Vec<u8>);

impl Encoder {
    pub(super) fn u32(mut self, number: u32) -> Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    pub(super) fn u64(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    /// Adds bytes up to the end of the value. Nothing can follow.
    pub(super) fn rest(mut self, bytes: &[u8]) -> Self {
        self.0.reserve_exact(bytes.len() + CHECKSUM_LENGTH);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn text(self, text: &str) -> Self {
        let mut encoder = self.u64(text.len() as u64);
        encoder.0.extend_from_slice(text.as_bytes());
        encoder
    }

    /// Returns the value in the form stored under `key`.
    pub(super) fn seal(mut self, key: &[&[u8]]) -> Vec<u8> {
        let checksum = checksum(key, &self.0);
        self.0.extend_from_slice(&checksum.to_le_bytes());
        self.0
    }
}

/// A reader of values from an [`Encoder`].
#[derive(Debug)]
pub(super) struct Decoder<'a>(&'a [u8]);

impl<'a> Decoder<'a> {
    /// Checks the checksum, then returns a reader.
    pub(super) fn open(key: &[&[u8]], value: &'a [u8]) -> Result<Self, Damage> {
        let Some((value, found)) = value.split_last_chunk::<CHECKSUM_LENGTH>() else {
            return Err(Damage::of("a value is cut short"));
        };
        if checksum(key, value) != u32::from_le_bytes(*found) {
            return Err(Damage::of("a checksum does not match"));
        }
        Ok(Self(value))
    }

    /// Returns a reader of bytes whose checksum was checked elsewhere.
    pub(super) const fn trusted(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Damage> {
        Ok(u32::from_le_bytes(self.chunk()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Damage> {
        Ok(u64::from_le_bytes(self.chunk()?))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Damage> {
        let length = self.u64()?;
        let bytes = self.bytes(length as usize)?;
        str::from_utf8(bytes).map_err(|_| Damage::of("a name is not text"))
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Damage> {
        let Some((bytes, rest)) = self.0.split_at_checked(length) else {
            return Err(Damage::of("a value is cut short"));
        };
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn rest(self) -> Bytes {
        Bytes::copy_from_slice(self.0)
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let Some((chunk, rest)) = self.0.split_first_chunk() else {
            return Err(Damage::of("a value is cut short"));
        };
        self.0 = rest;
        Ok(*chunk)
    }
}

/// Computes the checksum over the parts of the key, with separators, and the bytes.
pub(super) fn checksum(key: &[&[u8]], bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for part in key {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.update(bytes);
    hasher.finalize()
}
