//! The list of journal blocks with the used share of each, and the block being filled.

use std::collections::BTreeMap;

use bytes::Bytes;
use redb::Error;

use super::block::{BLOCK_BYTES, Builder, Frame};
use super::checked::Damage;
use super::layout::Tables;

/// The unused bytes that are tolerated beyond twice the used ones, before the oldest block is
/// cleared. Small enough for any disk; large enough that blocks of rooms with regular snapshots
/// become empty without clearing. Tests use a small value, so that few rooms suffice to clear
/// blocks.
const IDLE_BYTES: u64 = if cfg!(test) {
    2048
} else {
    256 * BLOCK_BYTES as u64
};

#[derive(Debug)]
pub(super) struct Journal {
    blocks: BTreeMap<u64, Block>,
    builder: Builder,
    /// Blocks that are no longer used and must be deleted.
    emptied: Vec<u64>,
    bytes: u64,
    live: u64,
}

#[derive(Debug, Default)]
struct Block {
    bytes: u64,
    /// The bytes of frames still in use.
    live: u64,
    /// The entities of its frames.
    ids: Vec<u64>,
}

impl Journal {
    /// Makes a list whose next block follows the last existing one.
    pub(super) fn new(last: Option<u64>) -> Self {
        Self {
            blocks: BTreeMap::new(),
            builder: Builder::new(last.map_or(1, |it| it + 1)),
            emptied: Vec::new(),
            bytes: 0,
            live: 0,
        }
    }

    /// Adds a block that was found in the file, and the frames of it that are still in use.
    pub(super) fn restore(&mut self, number: u64, needed: &[(u64, Frame)]) {
        self.blocks.insert(number, Block::default());
        for (id, frame) in needed {
            self.enter(*id, frame);
        }
        if needed.is_empty() {
            self.emptied.push(number);
        }
    }

    pub(super) fn add(
        &mut self,
        tables: &mut Tables<'_>,
        id: u64,
        from: u64,
        records: &[Bytes],
    ) -> Result<Frame, Error> {
        tables.is_changed = true;
        let length = records.iter().map(|it| it.len() + 4).sum();
        if self.builder.is_full_for(length) {
            self.flush(tables)?;
        }
        let frame = self.builder.add(id, from, records);
        self.enter(id, &frame);
        Ok(frame)
    }

    /// Records that the frame is no longer used.
    pub(super) fn drop_frame(&mut self, frame: &Frame) {
        let Some(block) = self.blocks.get_mut(&frame.block) else {
            return;
        };
        let length = u64::from(frame.length);
        block.live -= length;
        self.live -= length;
        if block.live == 0 && frame.block != self.builder.number {
            self.emptied.push(frame.block);
        }
    }

    /// Returns the oldest block and its entities, if enough bytes are unused to clear it.
    pub(super) fn wasteful(&self) -> Option<(u64, Vec<u64>)> {
        if self.bytes <= 2 * self.live + IDLE_BYTES {
            return None;
        }
        let mut blocks = self.blocks.iter();
        let (number, block) = blocks.find(|(_, block)| block.live > 0)?;
        (*number != self.builder.number).then(|| (*number, block.ids.clone()))
    }

    /// Moves a frame out of an older block.
    ///
    /// The block's size limit is not checked, because the rest of a block always fits into another.
    pub(super) fn carry(&mut self, id: u64, frame: &Frame, block: &[u8]) -> Result<Frame, Damage> {
        let moved = self.builder.carry(id, frame, block)?;
        self.enter(id, &moved);
        self.drop_frame(frame);
        Ok(moved)
    }

    /// Stores the block being filled, and deletes unused ones.
    pub(super) fn settle(&mut self, tables: &mut Tables<'_>) -> Result<(), Error> {
        self.flush(tables)?;
        for number in self.emptied.drain(..) {
            tables.journal.remove(number)?;
            tables.is_changed = true;
            if let Some(block) = self.blocks.remove(&number) {
                self.bytes -= block.bytes;
            }
        }
        Ok(())
    }

    pub(super) fn flush(&mut self, tables: &mut Tables<'_>) -> Result<(), Error> {
        if self.builder.is_empty() {
            return Ok(());
        }
        let number = self.builder.number;
        let next = Builder::new(number + 1);
        let builder = std::mem::replace(&mut self.builder, next);
        if self.blocks.get(&number).is_some_and(|it| it.live > 0) {
            tables.journal.insert(number, builder.finish().as_slice())?;
        } else if let Some(block) = self.blocks.remove(&number) {
            self.bytes -= block.bytes;
        }
        Ok(())
    }

    fn enter(&mut self, id: u64, frame: &Frame) {
        let block = self.blocks.entry(frame.block).or_default();
        let length = u64::from(frame.length);
        block.bytes += length;
        block.live += length;
        block.ids.push(id);
        self.bytes += length;
        self.live += length;
    }
}
