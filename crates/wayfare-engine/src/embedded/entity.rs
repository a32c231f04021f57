//! The head of an entity: its writer and the places of its data, without the data.

use std::collections::VecDeque;

use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Key;

use super::block::Frame;
use super::checked::{Damage, Decoder, Encoder};
use crate::refusal;
use crate::storage::{Failure, PartId, Position};

/// An entity's head, as stored under its name, and the places of its journal.
#[derive(Clone, Debug)]
pub(super) struct Entity {
    pub(super) name: Key,
    pub(super) sealed: Epoch,
    /// The position at which the current owner began. Earlier ones belong to earlier owners.
    pub(super) own_from: Position,
    pub(super) snapshot: Option<Position>,
    /// The parts that the snapshot names.
    pub(super) parts: Vec<PartId>,
    pub(super) is_quarantined: bool,
    /// The reason why it cannot be read. Not stored.
    pub(super) damage: Option<Damage>,
    /// The frames of its journal, in the order of positions, without gaps. Not stored in the head.
    pub(super) frames: VecDeque<Frame>,
}

impl Entity {
    pub(super) const fn sealed_by(name: Key, epoch: Epoch) -> Self {
        Self {
            name,
            sealed: epoch,
            own_from: Position(1),
            snapshot: None,
            parts: Vec::new(),
            is_quarantined: false,
            damage: None,
            frames: VecDeque::new(),
        }
    }

    /// Checks that a write under `epoch` is allowed.
    pub(super) fn admit(&self, epoch: Epoch) -> Result<(), Failure> {
        if epoch < self.sealed {
            return Err(Failure::Sealed { by: self.sealed });
        }
        self.readable()?;
        if epoch > self.sealed {
            return Err(refusal::not_sealed(epoch));
        }
        Ok(())
    }

    /// Seals the entity. Returns true if that changed anything.
    pub(super) fn seal(&mut self, epoch: Epoch) -> Result<bool, Failure> {
        if epoch < self.sealed {
            return Err(Failure::Sealed { by: self.sealed });
        }
        self.readable()?;
        if epoch == self.sealed {
            return Ok(false);
        }
        self.sealed = epoch;
        self.own_from = self.next();
        self.is_quarantined = false;
        Ok(true)
    }

    /// Returns true if a quarantine under `epoch` is not done yet.
    pub(super) fn begins_anew(&self, epoch: Epoch) -> Result<bool, Failure> {
        if epoch < self.sealed {
            return Err(Failure::Sealed { by: self.sealed });
        }
        Ok(epoch > self.sealed || !self.is_quarantined || self.damage.is_some())
    }

    pub(super) fn readable(&self) -> Result<(), Failure> {
        match &self.damage {
            Some(damage) => Err(Failure::Corrupt(damage.to_string())),
            None => Ok(()),
        }
    }

    /// Returns true if a snapshot at `position` replaces the stored one, and false if it is done
    /// already.
    pub(super) fn takes_snapshot(&self, position: Position) -> Result<bool, Failure> {
        if position.next() < self.own_from {
            return Err(refusal::undoes(position, self.own_from));
        }
        Ok(self.snapshot.is_none_or(|it| position > it))
    }

    /// Removes and returns the frames that a snapshot at `position` makes useless.
    pub(super) fn cover(&mut self, position: Position) -> Vec<Frame> {
        self.snapshot = Some(position);
        let is_covered = |frame: &Frame| frame.end() <= position.next().0;
        let count = self.frames.partition_point(is_covered);
        self.frames.drain(..count).collect()
    }

    /// Returns the number of records from `from` that exist already.
    pub(super) fn held(&self, from: Position) -> Result<u64, Failure> {
        let next = self.next();
        if from > next {
            return Err(refusal::gap(from, next));
        }
        if from < self.own_from {
            return Err(refusal::of_an_earlier_owner(from, self.own_from));
        }
        Ok(next.0 - from.0)
    }

    /// Returns the first position of the journal.
    pub(super) fn first(&self) -> Position {
        self.snapshot.unwrap_or_default().next()
    }

    fn next(&self) -> Position {
        let last = self.frames.back().map(Frame::end);
        Position(last.unwrap_or_default()).max(self.first())
    }

    /// Sorts the frames as found, and reports a missing one.
    pub(super) fn restore_order(&mut self) {
        self.frames.make_contiguous().sort_by_key(|it| it.from);
        let mut next = self.first().0;
        for frame in &self.frames {
            if frame.from > next {
                let last = frame.from - 1;
                let what = format!("records {next} to {last} are missing");
                self.damage.get_or_insert(Damage(what));
            }
            next = frame.end();
        }
    }

    /// Returns the value to store under the entity's name. `id` is the number under which its other
    /// data is stored.
    pub(super) fn encode(&self, id: u64) -> Vec<u8> {
        let mut encoder = Encoder::default()
            .text(&self.name)
            .u64(id)
            .u64(self.sealed.0)
            .u64(self.own_from.0)
            .u32(u32::from(self.is_quarantined))
            .u32(u32::from(self.snapshot.is_some()))
            .u64(self.snapshot.unwrap_or_default().0)
            .u64(self.parts.len() as u64);
        for part in &self.parts {
            encoder = encoder.u32(part.number).u64(part.version);
        }
        encoder.seal(&[])
    }

    pub(super) fn decode(value: &[u8]) -> Result<(u64, Self), Damage> {
        let mut decoder = Decoder::open(&[], value)?;
        let name = decoder.text()?.into();
        let id = decoder.u64()?;
        let mut entity = Self::sealed_by(name, Epoch(decoder.u64()?));
        entity.own_from = Position(decoder.u64()?);
        entity.is_quarantined = decoder.u32()? != 0;
        let has_snapshot = decoder.u32()? != 0;
        let snapshot = Position(decoder.u64()?);
        entity.snapshot = has_snapshot.then_some(snapshot);
        for _ in 0..decoder.u64()? {
            entity.parts.push(PartId {
                number: decoder.u32()?,
                version: decoder.u64()?,
            });
        }
        Ok((id, entity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let mut entity = Entity::sealed_by("room/a".into(), Epoch(7));
        entity.own_from = Position(4);
        entity.is_quarantined = true;
        entity.snapshot = Some(Position(0));
        let (number, version) = (3, 9);
        entity.parts.push(PartId { number, version });
        let (id, read) = Entity::decode(&entity.encode(12)).unwrap();
        assert_eq!(id, 12);
        assert_eq!(format!("{read:?}"), format!("{entity:?}"));
    }
}
