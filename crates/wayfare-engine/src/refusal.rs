//! Why storage does not take a write, in the same words wherever it is kept.

use wayfare_protocol::Epoch;

use crate::storage::{Failure, PartId, Position};

pub(crate) fn not_sealed(epoch: Epoch) -> Failure {
    Failure::NotDone(format!("epoch {epoch} has not sealed the entity"))
}

pub(crate) fn undoes(snapshot: Position, own_from: Position) -> Failure {
    Failure::NotDone(format!(
        "a snapshot at {} would undo what was loaded up to {}",
        snapshot.0,
        own_from.0 - 1
    ))
}

pub(crate) fn missing(part: PartId) -> Failure {
    Failure::NotDone(format!(
        "version {} of part {} is not stored",
        part.version, part.number
    ))
}

pub(crate) fn found(part: PartId) -> Failure {
    Failure::NotDone(format!(
        "version {} of part {} belongs to what was loaded",
        part.version, part.number
    ))
}

pub(crate) fn gap(from: Position, next: Position) -> Failure {
    Failure::NotDone(format!(
        "a record at {} would leave a gap: the next is {}",
        from.0, next.0
    ))
}

pub(crate) fn of_an_earlier_owner(from: Position, own_from: Position) -> Failure {
    Failure::NotDone(format!(
        "a record at {} belongs to an earlier owner: this one writes from {}",
        from.0, own_from.0
    ))
}

pub(crate) fn of_the_future(step: Epoch, epoch: Epoch) -> Failure {
    Failure::NotDone(format!(
        "a step of epoch {step} cannot be appended under epoch {epoch}"
    ))
}
