//! The image of an entity: a snapshot and the journal behind it, put together.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use wayfare_protocol::records::room::{
    Append, Base, Call, Event, Member, Part, Record, Reign, RoomMetadata, RoomRecord, Timer,
};
use wayfare_protocol::storage::{Loaded, PartId};

use super::{
    call_records, log_records, member_records, metadata_records, stream_records, timer_records,
};

/// Everything as of the last record: records are applied to it in order.
#[derive(Debug, Default)]
pub(crate) struct Image {
    pub(crate) base: Base,
    /// The last record's: of its lists nothing is left here.
    pub(crate) last: RoomRecord,
    pub(crate) state: Option<Bytes>,
    /// The changes of `state` since then, in order.
    pub(crate) changes: Vec<Bytes>,
    /// Parts behind the snapshot, `None` for those removed since.
    pub(crate) parts: BTreeMap<u32, Option<Bytes>>,
    /// Parts that the snapshot names.
    pub(crate) stored_parts: Vec<PartId>,
    pub(crate) events: VecDeque<Event>,
    pub(crate) members: BTreeMap<u32, Member>,
    pub(crate) timers: BTreeMap<u64, Timer>,
    pub(crate) metadata: RoomMetadata,
    /// All that may not have reached their logs yet.
    pub(crate) appends: Vec<Append>,
    pub(crate) calls: BTreeMap<u64, Call>,
}

impl Image {
    /// Makes the image of what was loaded; `None` if nothing was stored.
    ///
    /// # Errors
    /// The damage.
    pub(crate) fn of(loaded: &Loaded) -> Result<Option<Self>, String> {
        let snapshot = loaded.snapshot.as_ref();
        let records = snapshot.map(|snapshot| &snapshot.bytes).into_iter();
        let mut image: Option<Self> = None;
        for bytes in records.chain(&loaded.journal) {
            let record = RoomRecord::decode(bytes.clone()).map_err(|error| error.to_string())?;
            if record.base.is_some() {
                image = Some(Self::default());
            }
            let image = image.as_mut().ok_or("a journal without a beginning")?;
            image.apply(record);
        }
        if let (Some(image), Some(snapshot)) = (&mut image, snapshot) {
            image.stored_parts.clone_from(&snapshot.parts);
        }
        Ok(image)
    }

    /// The epochs it lived under, and where each began.
    pub(crate) fn reigns(&self) -> impl Iterator<Item = (u64, u64)> {
        self.base
            .lineage
            .iter()
            .map(|reign| (reign.epoch, reign.first))
    }

    /// The parts that must be read on their own: one that changed behind the snapshot is in the
    /// journal.
    pub(crate) fn missing_parts(&self) -> impl Iterator<Item = PartId> {
        let stored = self.stored_parts.iter().copied();
        stored.filter(|part| !self.parts.contains_key(&part.number))
    }

    fn apply(&mut self, mut record: RoomRecord) {
        if let Some(base) = record.base.take() {
            self.base = base;
        } else if record.epoch != self.last.epoch {
            // A new owner, who has not written everything yet.
            self.base.lineage.push(Reign {
                epoch: record.epoch,
                first: self.last.sequence + 1,
            });
        }
        if let Some(state) = record.state.take() {
            self.state = Some(state);
            self.changes.clear();
        }
        self.changes.append(&mut record.changes);
        for Part { number, bytes } in record.parts.drain(..) {
            self.parts.insert(number, bytes);
        }
        stream_records::apply(&mut self.events, &mut record);
        member_records::apply(&mut self.members, &mut record);
        timer_records::apply(&mut self.timers, &mut record);
        call_records::apply(&mut self.calls, &mut record);
        metadata_records::apply(&mut self.metadata, &mut record);
        log_records::apply(&mut self.appends, &mut record);
        self.last = record;
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::storage::{Position, Snapshot};

    use super::*;

    fn bytes(record: &RoomRecord) -> Bytes {
        record.encode_to_vec().into()
    }

    fn base() -> RoomRecord {
        let member = |membership| Member {
            membership,
            ..Member::default()
        };
        RoomRecord {
            base: Some(Base::default()),
            sequence: 3,
            state: Some(Bytes::from_static(b"three")),
            members: vec![member(1), member(2)],
            ..RoomRecord::default()
        }
    }

    fn loaded(snapshot: Option<&RoomRecord>, journal: &[RoomRecord]) -> Loaded {
        Loaded {
            snapshot: snapshot.map(|record| Snapshot {
                position: Position(1),
                bytes: bytes(record),
                parts: Vec::new(),
            }),
            journal: journal.iter().map(bytes).collect(),
        }
    }

    #[test]
    fn a_journal_changes_what_the_snapshot_says() {
        let event = |sequence| Event {
            sequence,
            ..Event::default()
        };
        let step = RoomRecord {
            sequence: 5,
            changes: vec![Bytes::from_static(b"+1")],
            history_behind: 4,
            events: vec![event(4), event(5)],
            members_gone: vec![2],
            ..RoomRecord::default()
        };
        let image = Image::of(&loaded(Some(&base()), &[step])).unwrap().unwrap();
        assert_eq!(image.last.sequence, 5);
        assert_eq!(image.state.as_deref(), Some(&b"three"[..]));
        assert_eq!(image.changes, [Bytes::from_static(b"+1")]);
        assert_eq!(image.members.keys().collect::<Vec<_>>(), [&1]);
        let events: Vec<u64> = image.events.iter().map(|event| event.sequence).collect();
        assert_eq!(events, [5]);
    }

    #[test]
    fn a_second_beginning_replaces_the_first() {
        let anew = RoomRecord {
            base: Some(Base::default()),
            ..RoomRecord::default()
        };
        let image = Image::of(&loaded(None, &[base(), anew])).unwrap().unwrap();
        assert!(image.members.is_empty() && image.state.is_none());
    }

    #[test]
    fn what_is_no_record_or_has_no_beginning_is_named() {
        assert!(Image::of(&Loaded::default()).unwrap().is_none());
        let step = RoomRecord::default();
        assert!(Image::of(&loaded(None, &[step])).is_err());
        let junk = Loaded {
            snapshot: None,
            journal: vec![Bytes::from_static(&[0xff, 0xff])],
        };
        assert!(Image::of(&junk).is_err());
    }
}
