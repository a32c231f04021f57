//! Why storage does not take a write, in the same words wherever it is kept.

use wayfare_protocol::Epoch;

use crate::storage::{Failure, PartId, Position};

/// To a write under an epoch that has not sealed.
#[must_use]
pub fn not_sealed(epoch: Epoch) -> Failure {
    Failure::NotDone(format!("epoch {epoch} has not sealed the entity"))
}

/// To a snapshot before what the owner found.
#[must_use]
pub fn undoes(snapshot: Position, own_from: Position) -> Failure {
    Failure::NotDone(format!(
        "a snapshot at {} would undo what was loaded up to {}",
        snapshot.0,
        own_from.0 - 1
    ))
}

/// To a snapshot that names a part which is not stored.
#[must_use]
pub fn missing(part: PartId) -> Failure {
    Failure::NotDone(format!(
        "version {} of part {} is not stored",
        part.version, part.number
    ))
}

/// To a part that belongs to the snapshot which the owner found.
#[must_use]
pub fn found(part: PartId) -> Failure {
    Failure::NotDone(format!(
        "version {} of part {} belongs to what was loaded",
        part.version, part.number
    ))
}

/// To a journal write behind a gap.
#[must_use]
pub fn gap(from: Position, next: Position) -> Failure {
    Failure::NotDone(format!(
        "a record at {} would leave a gap: the next is {}",
        from.0, next.0
    ))
}

/// To a journal write before what the owner found.
#[must_use]
pub fn of_an_earlier_owner(from: Position, own_from: Position) -> Failure {
    Failure::NotDone(format!(
        "a record at {} belongs to an earlier owner: this one writes from {}",
        from.0, own_from.0
    ))
}

/// To an append of a step of a later epoch.
#[must_use]
pub fn of_the_future(step: Epoch, epoch: Epoch) -> Failure {
    Failure::NotDone(format!(
        "a step of epoch {step} cannot be appended under epoch {epoch}"
    ))
}
