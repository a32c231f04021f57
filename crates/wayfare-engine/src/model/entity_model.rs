//! The model of a stored entity: its data, and the epoch that may write.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use wayfare_protocol::Epoch;

use super::own;
use crate::refusal;
use crate::storage::{Failure, Loaded, PartId, Position, Snapshot};

/// A snapshot with its parts and the journal behind it, sealed by one epoch.
#[derive(Clone, Debug)]
pub(super) struct Entity {
    sealed: Epoch,
    /// The position at which the current owner began. Earlier ones belong to earlier owners.
    own_from: Position,
    snapshot: Option<Snapshot>,
    parts: BTreeMap<PartId, Part>,
    journal: VecDeque<Bytes>,
    is_quarantined: bool,
    is_corrupt: bool,
}

#[derive(Clone, Debug)]
struct Part {
    bytes: Bytes,
    /// True if it belongs to the snapshot that the epoch found when it sealed.
    is_found: bool,
}

impl Entity {
    /// Makes a new entity.
    pub(super) const fn sealed_by(epoch: Epoch) -> Self {
        Self {
            sealed: epoch,
            own_from: Position(1),
            snapshot: None,
            parts: BTreeMap::new(),
            journal: VecDeque::new(),
            is_quarantined: false,
            is_corrupt: false,
        }
    }

    /// Makes a new entity in place of one in quarantine.
    pub(super) const fn quarantined_by(epoch: Epoch) -> Self {
        let mut entity = Self::sealed_by(epoch);
        entity.is_quarantined = true;
        entity
    }

    pub(super) const fn corrupt(&mut self) {
        self.is_corrupt = true;
    }

    pub(super) fn seal(&mut self, epoch: Epoch) -> Result<(), Failure> {
        if epoch < self.sealed {
            return Err(Failure::Sealed { by: self.sealed });
        }
        self.readable()?;
        if epoch > self.sealed {
            self.own_from = self.next();
            self.keep_named();
            for part in self.parts.values_mut() {
                part.is_found = true;
            }
            self.sealed = epoch;
            self.is_quarantined = false;
        }
        Ok(())
    }

    /// Returns true if a quarantine under `epoch` is not done yet.
    pub(super) fn begins_anew(&self, epoch: Epoch) -> Result<bool, Failure> {
        if epoch < self.sealed {
            return Err(Failure::Sealed { by: self.sealed });
        }
        Ok(epoch > self.sealed || !self.is_quarantined || self.is_corrupt)
    }

    /// Checks that a write under `epoch` is allowed.
    pub(super) fn admit(&self, epoch: Epoch) -> Result<(), Failure> {
        if epoch < self.sealed {
            return Err(Failure::Sealed { by: self.sealed });
        }
        if epoch > self.sealed {
            return Err(refusal::not_sealed(epoch));
        }
        self.readable()
    }

    fn readable(&self) -> Result<(), Failure> {
        if self.is_corrupt {
            return Err(Failure::Corrupt("made so by a fault".into()));
        }
        Ok(())
    }

    pub(super) fn load(&self) -> Loaded {
        Loaded {
            snapshot: self.snapshot.clone(),
            journal: self.journal.iter().cloned().collect(),
        }
    }

    pub(super) fn snapshot(&mut self, snapshot: &Snapshot) -> Result<(), Failure> {
        let position = snapshot.position;
        if position.next() < self.own_from {
            return Err(refusal::undoes(position, self.own_from));
        }
        let kept = self.snapshot.as_ref();
        if kept.is_some_and(|it| position <= it.position) {
            return Ok(());
        }
        let missing = |id: &&PartId| !self.parts.contains_key(id);
        if let Some(id) = snapshot.parts.iter().find(missing) {
            return Err(refusal::missing(*id));
        }
        let covered = (position.next().0 - self.first().0).min(self.journal.len() as u64);
        self.journal.drain(..covered as usize);
        self.snapshot = Some(Snapshot {
            position,
            bytes: own(&snapshot.bytes),
            parts: snapshot.parts.clone(),
        });
        self.keep_named();
        Ok(())
    }

    pub(super) fn part(&mut self, id: PartId, bytes: &Bytes) -> Result<(), Failure> {
        if self.parts.get(&id).is_some_and(|it| it.is_found) {
            return Err(refusal::found(id));
        }
        if !self.names(id) {
            let bytes = own(bytes);
            let is_found = false;
            self.parts.insert(id, Part { bytes, is_found });
        }
        Ok(())
    }

    pub(super) fn read_part(&self, id: PartId) -> Result<Option<Bytes>, Failure> {
        self.readable()?;
        Ok(self.parts.get(&id).map(|it| it.bytes.clone()))
    }

    /// Deletes the parts that the snapshot does not name.
    fn keep_named(&mut self) {
        let snapshot = self.snapshot.as_ref();
        let named = snapshot.map_or(&[][..], |it| &it.parts[..]);
        self.parts.retain(|id, _| named.contains(id));
    }

    fn names(&self, id: PartId) -> bool {
        let snapshot = self.snapshot.as_ref();
        snapshot.is_some_and(|it| it.parts.contains(&id))
    }

    pub(super) fn journal(&mut self, from: Position, records: &[Bytes]) -> Result<(), Failure> {
        let next = self.next();
        if from > next {
            return Err(refusal::gap(from, next));
        }
        if from < self.own_from {
            return Err(refusal::of_an_earlier_owner(from, self.own_from));
        }
        let held = (next.0 - from.0) as usize;
        self.journal.extend(records.iter().skip(held).map(own));
        Ok(())
    }

    /// Returns the first position of the journal.
    fn first(&self) -> Position {
        let covered = self.snapshot.as_ref().map(|it| it.position);
        covered.unwrap_or_default().next()
    }

    fn next(&self) -> Position {
        Position(self.first().0 + self.journal.len() as u64)
    }
}
