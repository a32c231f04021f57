//! Facts for the log of the node: an operator or the author of a game wants to know them.

use crate::wall_clock::ClockStep;
use wayfare_protocol::{Address, EntityId, Epoch, ErrorCode};
use wayfare_protocol::{coordination, storage};

/// Something an operator or a game's author wants to know; nothing depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// A handler panicked.
    Panicked {
        /// The room.
        entity: EntityId,
        /// Which handler.
        handler: &'static str,
        /// The text of the panic.
        panic: String,
    },
    /// A room started again after a panic.
    Restarted {
        /// The room.
        entity: EntityId,
    },
    /// A room opened.
    Opened {
        /// The room.
        entity: EntityId,
    },
    /// A room closed.
    Closed {
        /// The room.
        entity: EntityId,
    },
    /// Ticks that could not be run in time were left out.
    TicksSkipped {
        /// The room.
        entity: EntityId,
        /// Their number.
        skipped: u64,
    },
    /// A note did not decode.
    NoteLost {
        /// The room.
        entity: EntityId,
        /// Why.
        reason: String,
    },
    /// A snapshot could not be taken; the one before is kept.
    SnapshotFailed {
        /// The room.
        entity: EntityId,
        /// Why.
        reason: String,
    },
    /// Somebody set the wall clock.
    ClockSet(ClockStep),
    /// A property beyond the limit was not set.
    PropertiesFull {
        /// The room.
        entity: EntityId,
    },
    /// A session began.
    SessionOpened {
        /// Whose.
        player: wayfare_protocol::PlayerId,
    },
    /// A connection was ended by the shard.
    Refused {
        /// Why.
        code: ErrorCode,
        /// In words.
        message: String,
    },
    /// A record that does not decode.
    CorruptRecord(wayfare_protocol::records::CorruptRecord),
    /// Coordination did not do what a shard needed.
    CoordinationFailed(coordination::Failure),
    /// Storage did not do what an entity needed; it is asked again.
    StorageFailed {
        /// Whose.
        entity: EntityId,
        /// Why.
        failure: storage::Failure,
    },
    /// The stored state of an entity cannot be read. It was put aside for an operator, and the entity
    /// begins anew.
    Quarantined {
        /// Whose.
        entity: EntityId,
        /// The damage.
        reason: String,
    },
    /// A state is too large for its form, or does not encode: the step is undone.
    NotKept {
        /// Whose.
        entity: EntityId,
        /// Why.
        reason: String,
    },
    /// Records for a log of the game that is damaged: they are dropped.
    NotLogged {
        /// Whose.
        entity: EntityId,
        /// The log.
        log: String,
        /// Their number.
        records: usize,
        /// The damage of the log.
        reason: String,
    },
    /// An entity came back from storage.
    Recovered {
        /// Which.
        entity: EntityId,
    },
    /// An idle entity was put away: storage keeps it until somebody wants it.
    PutAway {
        /// Which.
        entity: EntityId,
    },
    /// Another owner has sealed what this shard took for its own.
    Fenced {
        /// Which entity.
        entity: EntityId,
        /// The epoch of the seal.
        by: Epoch,
    },
    /// A message that names another shard, or another run of a node: it is dropped.
    Misdirected {
        /// The address it names.
        to: Box<Address>,
    },
}
