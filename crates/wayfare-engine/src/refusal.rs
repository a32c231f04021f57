//! Refusals of storage writes, with the same words in every engine.

use wayfare_protocol::Epoch;

use crate::storage::{Failure, PartId, Position};

/// Refuses a write under an epoch that has not sealed.
#[must_use]
pub fn not_sealed(epoch: Epoch) -> Failure {
    Failure::NotDone(format!("epoch {epoch} has not sealed the entity"))
}

/// Refuses a snapshot before the position that the owner loaded.
#[must_use]
pub fn undoes(snapshot: Position, own_from: Position) -> Failure {
    Failure::NotDone(format!(
        "a snapshot at {} would undo what was loaded up to {}",
        snapshot.0,
        own_from.0 - 1
    ))
}

/// Refuses a snapshot that names a part that is not stored.
#[must_use]
pub fn missing(part: PartId) -> Failure {
    Failure::NotDone(format!(
        "version {} of part {} is not stored",
        part.version, part.number
    ))
}

/// Refuses a change of a part that belongs to the loaded snapshot.
#[must_use]
pub fn found(part: PartId) -> Failure {
    Failure::NotDone(format!(
        "version {} of part {} belongs to what was loaded",
        part.version, part.number
    ))
}

/// Refuses a journal write behind a gap.
#[must_use]
pub fn gap(from: Position, next: Position) -> Failure {
    Failure::NotDone(format!(
        "a record at {} would leave a gap: the next is {}",
        from.0, next.0
    ))
}

/// Refuses a journal write before the position that the owner loaded.
#[must_use]
pub fn of_an_earlier_owner(from: Position, own_from: Position) -> Failure {
    Failure::NotDone(format!(
        "a record at {} belongs to an earlier owner: this one writes from {}",
        from.0, own_from.0
    ))
}

/// Refuses an append for a step of a later epoch.
#[must_use]
pub fn of_the_future(step: Epoch, epoch: Epoch) -> Failure {
    Failure::NotDone(format!(
        "a step of epoch {step} cannot be appended under epoch {epoch}"
    ))
}
