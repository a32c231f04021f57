//! The content of a command: its sender, its number, and its due time.

use crate::wire::scramble;

/// The size of a command's payload, which is also that of an event's.
pub(crate) const STAMP_BYTES: usize = 64;

/// The content of a command, written by its sender and checked by every receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The sender's place in its room.
    pub(crate) sender: u32,
    /// The sender's number of the command, from 0.
    pub(crate) number: u32,
    /// The due time, in nanoseconds of the generator's clock.
    pub(crate) due_ns: u64,
}

impl Stamp {
    pub(crate) fn encode(self) -> [u8; STAMP_BYTES] {
        let mut bytes = [0x5a; STAMP_BYTES];
        bytes[..4].copy_from_slice(&self.sender.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.number.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.due_ns.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.check().to_le_bytes());
        bytes
    }

    /// Decodes a stamp. Returns `None` if no sender wrote these bytes.
    #[inline]
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; STAMP_BYTES] = bytes.try_into().ok()?;
        let stamp = Self {
            sender: u32::from_le_bytes(*bytes.first_chunk()?),
            number: u32::from_le_bytes(*bytes[4..].first_chunk()?),
            due_ns: u64::from_le_bytes(*bytes[8..].first_chunk()?),
        };
        let check = u64::from_le_bytes(*bytes[16..].first_chunk()?);
        (check == stamp.check() && bytes[24..] == [0x5a; STAMP_BYTES - 24]).then_some(stamp)
    }

    fn check(self) -> u64 {
        scramble(self.due_ns ^ u64::from(self.sender) << 32 ^ u64::from(self.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_reads_back_and_a_damaged_one_does_not() {
        let stamp = Stamp {
            sender: 3,
            number: 9,
            due_ns: 1 << 40,
        };
        let bytes = stamp.encode();
        assert_eq!(Stamp::decode(&bytes), Some(stamp));
        for index in 0..STAMP_BYTES {
            let mut damaged = bytes;
            damaged[index] ^= 1;
            assert_eq!(Stamp::decode(&damaged), None);
        }
        assert_eq!(Stamp::decode(&bytes[1..]), None);
    }
}
