//! The stored form of values: framed records, and checksums that include their place.
//!
//! PostgreSQL has page checksums only if they are enabled, and none between its memory and this
//! process. Damaged values must therefore be found here, and affect only one entity.

use std::error::Error;

use bytes::{BufMut, Bytes, BytesMut};
use crc32fast::Hasher;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use wayfare_engine::storage::{AppendKey, PartId, Position};

/// The error for a value that differs from what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Damage(pub(crate) String);

/// A value to store. It is encoded directly into the message, so that nothing is copied twice.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    Absent,
    Raw(&'a [u8]),
    /// Records. Their framed form begins with a checksum.
    Records(Place<'a>, &'a [Bytes]),
}

/// The place that a checksum includes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    Journal(&'a str, Position),
    Snapshot(&'a str, Position),
    Part(&'a str, PartId),
    Append(&'a str, &'a AppendKey),
    Document(&'a str),
}

impl Place<'_> {
    pub(crate) fn checksum(self, value: &[u8]) -> u32 {
        let mut hasher = self.hasher();
        hasher.update(value);
        hasher.finalize()
    }

    /// Returns a hasher that has read the place already, for a value in pieces.
    pub(crate) fn hasher(self) -> Hasher {
        let mut hasher = Hasher::new();
        let mut text = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        let (tag, numbers) = match self {
            Self::Journal(name, position) => {
                text(name);
                (1, [position.0, 0])
            }
            Self::Snapshot(name, position) => {
                text(name);
                (2, [position.0, 0])
            }
            Self::Part(name, part) => {
                text(name);
                (3, [u64::from(part.number), part.version])
            }
            Self::Append(log, key) => {
                text(log);
                text(&key.writer);
                (4, [key.epoch.0, key.step.0])
            }
            Self::Document(name) => {
                text(name);
                (5, [0, 0])
            }
        };
        hasher.update(&[tag]);
        for number in numbers {
            hasher.update(&number.to_le_bytes());
        }
        hasher
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Absent => return Ok(IsNull::Yes),
            Self::Raw(bytes) => out.put_slice(bytes),
            Self::Records(place, records) => frame(*place, records, out)?,
        }
        Ok(IsNull::No)
    }

    fn accepts(wanted: &Type) -> bool {
        *wanted == Type::BYTEA
    }

    to_sql_checked!();
}

/// Encodes the checksum, then the length and the bytes of each record.
fn frame(
    place: Place<'_>,
    records: &[Bytes],
    out: &mut BytesMut,
) -> Result<(), Box<dyn Error + Sync + Send>> {
    let start = out.len();
    out.put_u32_le(0);
    for record in records {
        out.put_u32_le(u32::try_from(record.len())?);
        out.put_slice(record);
    }
    let checksum = place.checksum(&out[start + 4..]);
    out[start..start + 4].copy_from_slice(&checksum.to_le_bytes());
    Ok(())
}

/// Decodes the records of a framed value.
pub(crate) fn records(place: Place<'_>, value: &[u8]) -> Result<Vec<Bytes>, Damage> {
    let cut_short = || Damage("a value is cut short".into());
    let (found, framed) = value.split_first_chunk::<4>().ok_or_else(cut_short)?;
    matches(place.checksum(framed), u32::from_le_bytes(*found))?;
    // Makes one copy for all records.
    let mut framed = Bytes::copy_from_slice(framed);
    let mut records = Vec::new();
    while !framed.is_empty() {
        let length = framed.first_chunk().copied().ok_or_else(cut_short)?;
        let length = u32::from_le_bytes(length) as usize;
        if framed.len() < 4 + length {
            return Err(cut_short());
        }
        let mut record = framed.split_to(4 + length);
        records.push(record.split_off(4));
    }
    Ok(records)
}

pub(crate) fn matches(found: u32, expected: u32) -> Result<(), Damage> {
    if found == expected {
        return Ok(());
    }
    Err(Damage("a checksum does not match".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(place: Place<'_>, texts: &[&'static str]) -> BytesMut {
        let records: Vec<Bytes> = texts.iter().map(|it| Bytes::from(*it)).collect();
        let mut out = BytesMut::from(&b"before"[..]);
        frame(place, &records, &mut out).unwrap();
        out.split_off(6)
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        let place = Place::Journal("room/a", Position(3));
        for texts in [&[][..], &[""], &["a"], &["a", "", "bcd"]] {
            let value = framed(place, texts);
            let read = records(place, &value).unwrap();
            let read: Vec<_> = read.iter().map(|it| str::from_utf8(it).unwrap()).collect();
            assert_eq!(read, texts);
        }
    }

    #[test]
    fn a_flipped_bit_is_found_and_so_is_another_place() {
        let place = Place::Journal("room/a", Position(3));
        let value = framed(place, &["abc", "d"]);
        for index in 0..value.len() {
            let mut damaged = value.clone();
            damaged[index] ^= 4;
            records(place, &damaged).unwrap_err();
            records(place, &value[..index]).unwrap_err();
        }
        for other in [
            Place::Journal("room/a", Position(4)),
            Place::Journal("room/b", Position(3)),
            Place::Snapshot("room/a", Position(3)),
        ] {
            records(other, &value).unwrap_err();
        }
    }
}
