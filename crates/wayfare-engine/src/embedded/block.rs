//! A block: the journal writes of a group commit, of many entities, stored as one value.
//!
//! A single value costs a tenth of a row per journal write, see
//! `docs/decisions/embedded-journal.md`.
//! The positions of frames are kept in memory. At open they are read from the block's directory,
//! which is stored twice. Damage to the bytes of a frame therefore affects only its entity, and not
//! everything that was written with it.
//!
//! `count | frames | directory | checksum | directory | checksum | count`

use bytes::Bytes;

use super::checked::{Damage, Decoder, checksum};

/// The size limit of a block, so that reading a frame does not read much else. redb stores a block
/// in a page of the next power of two; the rest of the 64 KiB is for redb's own data.
pub(super) const BLOCK_BYTES: usize = 64 * 1024 - 256;

/// The place of the records of a journal write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) block: u64,
    /// The position of the first record.
    pub(super) from: u64,
    pub(super) count: u32,
    pub(super) offset: u32,
    pub(super) length: u32,
    pub(super) checksum: u32,
}

impl Frame {
    /// Returns the position behind the last record.
    pub(super) const fn end(&self) -> u64 {
        self.from + self.count as u64
    }

    /// Returns the frame's bytes within its block.
    fn slice<'a>(&self, block: &'a [u8]) -> Result<&'a [u8], Damage> {
        let (start, length) = (self.offset as usize, self.length as usize);
        block
            .get(start..start + length)
            .ok_or_else(|| Damage::of("a journal block is cut short"))
    }

    /// Returns the records from position `first`.
    pub(super) fn records(&self, block: &[u8], first: u64) -> Result<Vec<Bytes>, Damage> {
        let bytes = self.slice(block)?;
        if checksum(&[], bytes) != self.checksum {
            let last = self.end() - 1;
            return Err(Damage::of(format!(
                "the checksum of records {} to {last} does not match",
                self.from
            )));
        }
        let mut decoder = Decoder::trusted(bytes);
        let mut records = Vec::with_capacity(self.count as usize);
        for position in self.from..self.end() {
            let length = decoder.u32()? as usize;
            let record = decoder.bytes(length)?;
            if position >= first {
                records.push(Bytes::copy_from_slice(record));
            }
        }
        Ok(records)
    }
}

const COUNT_LENGTH: usize = 4;
const ENTRY_LENGTH: usize = 32;

/// A block that is being filled.
#[derive(Debug)]
pub(super) struct Builder {
    pub(super) number: u64,
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u32,
}

impl Builder {
    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            bytes: vec![0; COUNT_LENGTH],
            directory: Vec::new(),
            count: 0,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns true if a frame of this length would make the block too large.
    pub(super) const fn is_full_for(&self, length: usize) -> bool {
        let directory = (self.count as usize + 1) * ENTRY_LENGTH + COUNT_LENGTH;
        let size = self.bytes.len() + length + 2 * directory + COUNT_LENGTH;
        self.count > 0 && size > BLOCK_BYTES
    }

    /// Adds records of entity `id`.
    pub(super) fn add(&mut self, id: u64, from: u64, records: &[Bytes]) -> Frame {
        let offset = self.bytes.len();
        for record in records {
            let length = record.len() as u32;
            self.bytes.extend_from_slice(&length.to_le_bytes());
            self.bytes.extend_from_slice(record);
        }
        let checksum = checksum(&[], &self.bytes[offset..]);
        self.enter(id, from, records.len() as u32, offset, checksum)
    }

    /// Adds a frame of an older block unchanged, damaged or not.
    pub(super) fn carry(&mut self, id: u64, frame: &Frame, block: &[u8]) -> Result<Frame, Damage> {
        let offset = self.bytes.len();
        self.bytes.extend_from_slice(frame.slice(block)?);
        Ok(self.enter(id, frame.from, frame.count, offset, frame.checksum))
    }

    fn enter(&mut self, id: u64, from: u64, count: u32, offset: usize, checksum: u32) -> Frame {
        let frame = Frame {
            block: self.number,
            from,
            count,
            offset: offset as u32,
            length: (self.bytes.len() - offset) as u32,
            checksum,
        };
        self.directory.extend_from_slice(&id.to_le_bytes());
        self.directory.extend_from_slice(&from.to_le_bytes());
        for number in [frame.count, frame.offset, frame.length, frame.checksum] {
            self.directory.extend_from_slice(&number.to_le_bytes());
        }
        self.count += 1;
        frame
    }

    /// Returns the value to store under the block's number.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let count = self.count.to_le_bytes();
        self.bytes[..COUNT_LENGTH].copy_from_slice(&count);
        let checksum = checksum(&[&self.number.to_le_bytes()], &self.directory);
        for _ in 0..2 {
            self.bytes.extend_from_slice(&self.directory);
            self.bytes.extend_from_slice(&checksum.to_le_bytes());
        }
        self.bytes.extend_from_slice(&count);
        self.bytes
    }
}

/// Reads the directory of a block: entities and their frames.
pub(super) fn directory(number: u64, block: &[u8]) -> Result<Vec<(u64, Frame)>, Damage> {
    let counts = [block.first_chunk(), block.last_chunk()];
    for count in counts
        .into_iter()
        .flatten()
        .map(|it| u32::from_le_bytes(*it))
    {
        let size = count as usize * ENTRY_LENGTH + COUNT_LENGTH;
        for copies_behind in [2, 1] {
            let start = block.len().checked_sub(COUNT_LENGTH + copies_behind * size);
            let Some(sealed) = start.and_then(|start| block.get(start..start + size)) else {
                continue;
            };
            if let Ok(entries) = open_directory(number, sealed) {
                return Ok(entries);
            }
        }
    }
    Err(Damage::of(format!(
        "both directories of journal block {number} are damaged"
    )))
}

fn open_directory(number: u64, sealed: &[u8]) -> Result<Vec<(u64, Frame)>, Damage> {
    let Some((directory, found)) = sealed.split_last_chunk() else {
        return Err(Damage::of("a directory is cut short"));
    };
    if checksum(&[&number.to_le_bytes()], directory) != u32::from_le_bytes(*found) {
        return Err(Damage::of("the checksum of a directory does not match"));
    }
    let entries = directory.chunks_exact(ENTRY_LENGTH);
    entries.map(|entry| open_entry(number, entry)).collect()
}

fn open_entry(block: u64, entry: &[u8]) -> Result<(u64, Frame), Damage> {
    let mut decoder = Decoder::trusted(entry);
    let id = decoder.u64()?;
    let frame = Frame {
        block,
        from: decoder.u64()?,
        count: decoder.u32()?,
        offset: decoder.u32()?,
        length: decoder.u32()?,
        checksum: decoder.u32()?,
    };
    Ok((id, frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> (Vec<u8>, Vec<(u64, Frame)>) {
        let mut builder = Builder::new(7);
        let record = |text: &'static str| Bytes::from_static(text.as_bytes());
        let frames = vec![
            (1, builder.add(1, 5, &[record("five"), record("six")])),
            (2, builder.add(2, 1, &[record("")])),
        ];
        (builder.finish(), frames)
    }

    #[test]
    fn a_directory_lists_the_added_frames() {
        let (block, frames) = filled();
        assert_eq!(directory(7, &block), Ok(frames.clone()));
        assert!(directory(8, &block).is_err());
        let records = frames[0].1.records(&block, 6).unwrap();
        assert_eq!(records, vec![Bytes::from_static(b"six")]);
    }

    #[test]
    fn a_flipped_bit_damages_at_most_one_frame() {
        let (block, frames) = filled();
        for bit in 0..block.len() * 8 {
            let mut block = block.clone();
            block[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(directory(7, &block), Ok(frames.clone()), "bit {bit}");
            let lost = |(_, frame): &&(u64, Frame)| frame.records(&block, 0).is_err();
            assert!(frames.iter().filter(lost).count() <= 1, "bit {bit}");
        }
    }
}
