//! What a model of storage keeps of one entity, and who may write it.

use std::collections::VecDeque;

use bytes::Bytes;
use wayfare_protocol::Epoch;

use super::own;
use crate::storage::{Failure, Loaded, Position, Snapshot};

/// A snapshot and the journal right behind it, sealed by one epoch.
#[derive(Clone, Debug)]
pub(super) struct Entity {
    sealed: Epoch,
    /// Where the epoch that sealed goes on: what lies before it is an earlier owner's.
    own_from: Position,
    snapshot: Option<Snapshot>,
    journal: VecDeque<Bytes>,
}

impl Entity {
    /// A new one.
    pub(super) const fn sealed_by(epoch: Epoch) -> Self {
        Self {
            sealed: epoch,
            own_from: Position(1),
            snapshot: None,
            journal: VecDeque::new(),
        }
    }

    pub(super) fn seal(&mut self, epoch: Epoch) -> Result<(), Failure> {
        if epoch < self.sealed {
            return Err(Failure::Sealed { by: self.sealed });
        }
        if epoch > self.sealed {
            self.sealed = epoch;
            self.own_from = self.next();
        }
        Ok(())
    }

    /// Whether a write under `epoch` may be done.
    pub(super) fn admit(&self, epoch: Epoch) -> Result<(), Failure> {
        if epoch < self.sealed {
            return Err(Failure::Sealed { by: self.sealed });
        }
        if epoch > self.sealed {
            return Err(not_sealed(epoch));
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
            return Err(Failure::NotDone(format!(
                "a snapshot at {} would undo what was loaded up to {}",
                position.0,
                self.own_from.0 - 1
            )));
        }
        if position.next() < self.first() {
            return Ok(());
        }
        let covered = (position.next().0 - self.first().0).min(self.journal.len() as u64);
        self.journal.drain(..covered as usize);
        self.snapshot = Some(Snapshot {
            position,
            bytes: own(&snapshot.bytes),
        });
        Ok(())
    }

    pub(super) fn journal(&mut self, from: Position, records: &[Bytes]) -> Result<(), Failure> {
        let next = self.next();
        if from > next {
            return Err(Failure::NotDone(format!(
                "a record at {} would leave a gap: the next is {}",
                from.0, next.0
            )));
        }
        if from < self.own_from {
            return Err(Failure::NotDone(format!(
                "a record at {} belongs to an earlier owner: this one writes from {}",
                from.0, self.own_from.0
            )));
        }
        let held = (next.0 - from.0) as usize;
        self.journal.extend(records.iter().skip(held).map(own));
        Ok(())
    }

    /// Where the journal begins.
    fn first(&self) -> Position {
        let covered = self.snapshot.as_ref().map(|it| it.position);
        covered.unwrap_or_default().next()
    }

    fn next(&self) -> Position {
        Position(self.first().0 + self.journal.len() as u64)
    }
}

pub(super) fn not_sealed(epoch: Epoch) -> Failure {
    Failure::NotDone(format!("epoch {epoch} has not sealed the entity"))
}
