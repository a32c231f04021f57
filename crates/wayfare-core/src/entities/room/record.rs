//! The record of a turn of a room: everything, or the changes.

use std::time::Duration;

use bytes::Bytes;
use wayfare_protocol::records::room::RoomRecord;
use wayfare_protocol::{Instant, Sequence};

use super::Room;
use super::persistence::{
    Persistence, call_records, log_records, member_records, metadata_records, nanos,
    stream_records, timer_records,
};

/// The record of a room as a whole, but for the state of the game.
pub(super) fn base_record(
    room: &Room,
    persistence: &Persistence,
    (now, unix): (Instant, (Duration, u32)),
) -> RoomRecord {
    let mut record = head(room, (now, unix));
    record.base = Some(stream_records::base(
        &room.stream,
        Bytes::copy_from_slice(&room.id.open),
    ));
    stream_records::put(
        &room.stream,
        persistence.durability,
        Sequence(0),
        &mut record,
    );
    member_records::put_all(&room.members, &mut record);
    timer_records::put_all(&room.clock, &mut record);
    call_records::put_all(&room.calls, &room.clock, &mut record);
    metadata_records::put(&room.metadata, &numbers(room), &mut record);
    log_records::put(persistence, &mut record);
    record
}

/// The record of what changed since the last write, but for the state of the game.
pub(super) fn step_record(
    room: &Room,
    persistence: &Persistence,
    (now, unix): (Instant, (Duration, u32)),
) -> RoomRecord {
    let unwritten = &persistence.unwritten;
    let mut record = head(room, (now, unix));
    record.changes.clone_from(&unwritten.changes);
    stream_records::put(
        &room.stream,
        persistence.durability,
        persistence.written,
        &mut record,
    );
    member_records::put_changes(&room.members, &unwritten.members, &mut record);
    timer_records::put_changes(&room.clock, &unwritten.timers, &mut record);
    call_records::put_changes(&room.calls, &room.clock, &unwritten.calls, &mut record);
    if unwritten.metadata {
        metadata_records::put(&room.metadata, &numbers(room), &mut record);
    }
    log_records::put(persistence, &mut record);
    record
}

fn head(room: &Room, (now, (unix, clock_steps)): (Instant, (Duration, u32))) -> RoomRecord {
    RoomRecord {
        epoch: room.id.epoch.0,
        age_ns: nanos(room.clock.age(now)),
        unix_ms: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX),
        clock_steps,
        ..RoomRecord::default()
    }
}

fn numbers(room: &Room) -> metadata_records::Numbers<'_> {
    metadata_records::Numbers {
        members: &room.members,
        clock: &room.clock,
        calls: &room.calls,
    }
}

/// Checks whether a record says anything: one that does not need not be written.
pub(super) fn has_any(record: &RoomRecord) -> bool {
    record.base.is_some()
        || record.state.is_some()
        || record.metadata.is_some()
        || !record.changes.is_empty()
        || !record.parts.is_empty()
        || !record.events.is_empty()
        || !record.members.is_empty()
        || !record.members_gone.is_empty()
        || !record.timers.is_empty()
        || !record.timers_gone.is_empty()
        || !record.appends.is_empty()
        || !record.calls.is_empty()
        || !record.calls_gone.is_empty()
}
