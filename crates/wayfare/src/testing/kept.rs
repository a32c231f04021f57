//! What a table's storage keeps of one entity.

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::storage::{Failure, Loaded, Outcome, PartId, Position, Reply, Snapshot};

/// A snapshot, its parts, and the journal behind it.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    sealed: Epoch,
    snapshot: Option<Snapshot>,
    parts: BTreeMap<PartId, Bytes>,
    journal: Vec<Bytes>,
}

impl Kept {
    /// Only the epoch that sealed last writes.
    pub(super) fn admit(&self, epoch: Epoch) -> Result<(), Failure> {
        if epoch < self.sealed {
            return Err(Failure::Sealed { by: self.sealed });
        }
        if epoch > self.sealed {
            return Err(Failure::NotDone(format!("epoch {epoch} has not sealed")));
        }
        Ok(())
    }

    pub(super) fn load(&mut self, epoch: Epoch) -> Result<Loaded, Failure> {
        self.seal(epoch)?;
        Ok(Loaded {
            snapshot: self.snapshot.clone(),
            journal: self.journal.clone(),
        })
    }

    pub(super) fn begin_anew(&mut self, epoch: Epoch) -> Outcome {
        self.seal(epoch)?;
        *self = Self {
            sealed: epoch,
            ..Self::default()
        };
        Ok(Reply::Done)
    }

    fn seal(&mut self, epoch: Epoch) -> Result<(), Failure> {
        if epoch < self.sealed {
            return Err(Failure::Sealed { by: self.sealed });
        }
        self.sealed = epoch;
        self.keep_named_parts();
        Ok(())
    }

    pub(super) fn journal(&mut self, epoch: Epoch, from: Position, records: Vec<Bytes>) -> Outcome {
        self.admit(epoch)?;
        let next = self.next();
        if from > next {
            let (from, next) = (from.0, next.0);
            let gap = format!("record {from} would leave a gap behind record {next}");
            return Err(Failure::NotDone(gap));
        }
        let held = next.0 - from.0;
        self.journal.extend(records.into_iter().skip(held as usize));
        Ok(Reply::Done)
    }

    pub(super) fn snapshot(&mut self, epoch: Epoch, snapshot: Snapshot) -> Outcome {
        self.admit(epoch)?;
        let begin = self.begin();
        if snapshot.position.0 < begin {
            return Ok(Reply::Done);
        }
        if let Some(missing) = snapshot
            .parts
            .iter()
            .find(|id| !self.parts.contains_key(id))
        {
            let missing = format!("part {missing:?} was never stored");
            return Err(Failure::NotDone(missing));
        }
        let covered = (snapshot.position.0 - begin).min(self.journal.len() as u64);
        self.journal.drain(..covered as usize);
        self.snapshot = Some(snapshot);
        self.keep_named_parts();
        Ok(Reply::Done)
    }

    pub(super) fn part(&mut self, epoch: Epoch, id: PartId, bytes: Bytes) -> Outcome {
        self.admit(epoch)?;
        self.parts.entry(id).or_insert(bytes);
        Ok(Reply::Done)
    }

    pub(super) fn read_part(&self, id: PartId) -> Option<Bytes> {
        self.parts.get(&id).cloned()
    }

    fn keep_named_parts(&mut self) {
        let snapshot = self.snapshot.as_ref();
        let named = snapshot.map_or(&[][..], |snapshot| &snapshot.parts[..]);
        self.parts.retain(|id, _| named.contains(id));
    }

    /// The last position that the snapshot covers.
    fn begin(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |it| it.position.0)
    }

    fn next(&self) -> Position {
        Position(self.begin() + self.journal.len() as u64 + 1)
    }
}
