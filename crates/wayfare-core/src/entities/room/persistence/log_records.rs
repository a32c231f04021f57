//! The stored form of records for the logs of the game, which wait in those of a room.

use wayfare_protocol::records::room::{Append, RoomRecord};

use super::Persistence;

/// Writes those of this turn; a whole record also has those that still wait. They stay among the
/// unwritten changes until the record is sent, for it may turn out to be too large.
pub(in crate::entities::room) fn put(persistence: &Persistence, record: &mut RoomRecord) {
    if record.base.is_some() {
        record.appends.extend(persistence.appends.iter().cloned());
    }
    let (epoch, position) = (record.epoch, persistence.next.0);
    for (log, bytes) in persistence.unwritten.appends.clone() {
        let own = record.appends.iter_mut().find(|append| {
            append.log == log && append.position == position && append.epoch == epoch
        });
        match own {
            Some(append) => append.records.push(bytes),
            None => record.appends.push(Append {
                log,
                records: vec![bytes],
                epoch,
                position,
            }),
        }
    }
}

/// Applies a record.
pub(in crate::entities::room) fn apply(appends: &mut Vec<Append>, record: &mut RoomRecord) {
    appends.append(&mut record.appends);
}
