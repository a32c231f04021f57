//! The trait of the service that keeps state which must last.

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Commit, Expect, Key, Record, Revision};

use crate::pending::{self, Pending};

pub use wayfare_protocol::storage::{
    AppendKey, Failure, LIST_DOCUMENTS_MAX, Loaded, LogRecord, Outcome, PartId, Position,
    QUARANTINED_MAX, READ_RECORDS_MAX, Reply, Request, Snapshot,
};

/// Snapshots and journals of entities, logs and documents.
///
/// What an entity writes is fenced by epoch (rule R9): an owner first seals with [`Self::load`],
/// and from then on only writes under its epoch are taken, until a newer one seals. A write under
/// an older epoch is [`Failure::Sealed`], also one that was sent before the seal and arrives after
/// it; one under an epoch that has not sealed is [`Failure::NotDone`].
///
/// Every error says whether the operation certainly did not happen. All writes of an entity may be
/// repeated as they are after [`Failure::Unknown`], in the order in which they were first sent, by
/// the owner they are of: they happen once.
///
/// Whatever reads what is kept may fail with [`Failure::Corrupt`], which concerns that entity, log
/// or document and no other.
///
/// What is done is durable. Every call costs one round trip, a write also its bytes and a share of
/// a group commit. Engines pass [`crate::contract::storage`].
///
/// An engine implements [`Self::call`]; the method of each operation says what the engine owes for
/// its request.
pub trait Storage: Send + Sync {
    /// Carries out a request. The reply is of the request's sort.
    ///
    /// # Errors
    /// Those of the operation asked for.
    fn call(&self, request: Request) -> Pending<'_, Outcome>;

    /// Keeps an entity's state, and forgets the journal up to its position and every part that it
    /// does not name, all at once.
    ///
    /// It may be ahead of the journal, which then goes on behind it. One at the position of the
    /// snapshot that is there, or before it, changes nothing and is done: a repeat that arrives late
    /// must not forget the parts of the next. It names each part that belongs to it, those too that
    /// the snapshot before named and that are still the same.
    ///
    /// # Errors
    /// [`Failure::Sealed`]; [`Failure::NotDone`] also if the epoch has not sealed, if the
    /// snapshot is older than what the owner found when it sealed, or if a part that it names is
    /// not stored; [`Failure::Unknown`].
    fn snapshot(
        &self,
        entity: Key,
        epoch: Epoch,
        snapshot: Snapshot,
    ) -> Pending<'_, Result<(), Failure>> {
        done(self.call(Request::Snapshot {
            entity,
            epoch,
            snapshot,
        }))
    }

    /// Stores a part of a large state, for a snapshot that will name it.
    ///
    /// A part that the entity's snapshot names stays as it is: repeated by the owner that wrote it
    /// this is done. Any other is replaced. What no snapshot has named when the next is stored, or
    /// the next owner seals, is forgotten.
    ///
    /// # Errors
    /// [`Failure::Sealed`]; [`Failure::NotDone`] also if the epoch has not sealed, or if the part
    /// belongs to the snapshot that the owner found when it sealed; [`Failure::Unknown`].
    fn part(
        &self,
        entity: Key,
        epoch: Epoch,
        part: PartId,
        bytes: Bytes,
    ) -> Pending<'_, Result<(), Failure>> {
        done(self.call(Request::Part {
            entity,
            epoch,
            part,
            bytes,
        }))
    }

    /// Reads a part that the entity's snapshot names; of others it may find nothing.
    /// Who is not the owner may find that the snapshot it knows has been replaced meanwhile.
    ///
    /// # Errors
    /// Any failure; a read changes nothing, so it may be repeated in either case.
    fn read_part(&self, entity: Key, part: PartId) -> Pending<'_, Result<Option<Bytes>, Failure>> {
        picked(
            self.call(Request::ReadPart { entity, part }),
            |reply| match reply {
                Reply::Part(it) => Some(it),
                _ => None,
            },
        )
    }

    /// Forgets an entity: snapshot, parts, journal and seal. What it has appended to logs stays,
    /// and is still appended once.
    ///
    /// An entity of which nothing is kept is forgotten already, whatever the epoch: done. So it may
    /// be repeated; but who uses the name again after [`Failure::Unknown`] does so under a
    /// newer epoch, because the first may still happen.
    ///
    /// # Errors
    /// [`Failure::Sealed`]; [`Failure::NotDone`] also if the epoch has not sealed;
    /// [`Failure::Unknown`].
    fn forget(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<(), Failure>> {
        done(self.call(Request::Forget { entity, epoch }))
    }

    /// Seals the entity with `epoch`, like [`Self::load`], and puts everything that is kept of it
    /// aside, readable or not: it begins empty, at position 1. The first [`QUARANTINED_MAX`]
    /// entities put aside are kept for an operator, further ones are dropped.
    ///
    /// Under one epoch this happens once: repeated, or arriving late, it changes nothing and is done,
    /// unless what is kept can by then not be read again.
    ///
    /// # Errors
    /// [`Failure::Sealed`] if a newer epoch has sealed; [`Failure::NotDone`]; [`Failure::Unknown`].
    fn quarantine(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<(), Failure>> {
        done(self.call(Request::Quarantine { entity, epoch }))
    }

    /// Adds `records` to an entity's journal, the first at position `from`, all or none.
    ///
    /// Positions which the same owner has written already stay as they are, so a repeat is done
    /// once and a longer repeat adds the rest.
    ///
    /// # Errors
    /// [`Failure::Sealed`]; [`Failure::NotDone`] also if the epoch has not sealed, if `from` would
    /// leave a gap, or if it lies before what the owner found when it sealed;
    /// [`Failure::Unknown`].
    fn journal(
        &self,
        entity: Key,
        epoch: Epoch,
        from: Position,
        records: Vec<Bytes>,
    ) -> Pending<'_, Result<(), Failure>> {
        done(self.call(Request::Journal {
            entity,
            epoch,
            from,
            records,
        }))
    }

    /// Seals the entity with `epoch`, so that older ones write no more, and reads what is kept.
    /// The new owner goes on from [`Loaded::next`]. Costs the bytes of snapshot and journal.
    ///
    /// # Errors
    /// [`Failure::Sealed`] if a newer epoch has sealed; [`Failure::Corrupt`]: the seal may hold, see
    /// [`Self::quarantine`]; [`Failure::NotDone`]; [`Failure::Unknown`]: the seal may hold. To load
    /// again with the same epoch is harmless.
    fn load(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<Loaded, Failure>> {
        picked(
            self.call(Request::Load { entity, epoch }),
            |reply| match reply {
                Reply::Loaded(it) => Some(it),
                _ => None,
            },
        )
    }

    /// Adds `records` to the end of a log, together, once for each `key`.
    ///
    /// `epoch` is the one under which `key.writer` is owned now, and fenced like its other writes;
    /// `key.epoch` is the same or an older one. All records of one step for one log come in one
    /// append. Only an append of a step that is committed may be asked for, because a repeat by a
    /// successor counts as done even if its records differ. Once records of a writer are
    /// trimmed, every append of that writer up to their key counts as done.
    ///
    /// # Errors
    /// [`Failure::Sealed`]; [`Failure::NotDone`] also if the epoch has not sealed the writer, or if
    /// `key.epoch` is newer than `epoch`; [`Failure::Unknown`].
    fn append(
        &self,
        log: Key,
        epoch: Epoch,
        key: AppendKey,
        records: Vec<Bytes>,
    ) -> Pending<'_, Result<(), Failure>> {
        done(self.call(Request::Append {
            log,
            epoch,
            key,
            records,
        }))
    }

    /// Reads the records of a log from position `from`, or from the first that is kept if that is
    /// later, in order, at most [`READ_RECORDS_MAX`]. None means that the end is reached. Who has
    /// read up to a position will never find a record added before it.
    ///
    /// # Errors
    /// Any failure; a read changes nothing, so it may be repeated in either case.
    fn read(&self, log: Key, from: Position) -> Pending<'_, Result<Vec<LogRecord>, Failure>> {
        picked(
            self.call(Request::Read { log, from }),
            |reply| match reply {
                Reply::Read(it) => Some(it),
                _ => None,
            },
        )
    }

    /// Forgets the records of a log before a position. Positions are never used again.
    ///
    /// # Errors
    /// [`Failure::NotDone`]; [`Failure::Unknown`]: it may be repeated.
    fn trim(&self, log: Key, before: Position) -> Pending<'_, Result<(), Failure>> {
        done(self.call(Request::Trim { log, before }))
    }

    /// Writes a document if `expect` holds. Its revision grows with each write; revisions of
    /// different documents, or of coordination, have nothing to do with each other.
    ///
    /// # Errors
    /// [`Failure::NotDone`]; [`Failure::Unknown`]: settled by reading.
    fn put_document(
        &self,
        name: Key,
        value: Bytes,
        expect: Expect,
    ) -> Pending<'_, Result<Commit, Failure>> {
        committed(self.call(Request::PutDocument {
            name,
            value,
            expect,
        }))
    }

    /// Removes a document if it was last written at `expect`. One made again goes on with a higher
    /// revision.
    ///
    /// # Errors
    /// [`Failure::NotDone`]; [`Failure::Unknown`]: settled by reading.
    fn delete_document(&self, name: Key, expect: Revision) -> Pending<'_, Result<Commit, Failure>> {
        committed(self.call(Request::DeleteDocument { name, expect }))
    }

    /// Reads a document: it reflects every change done before the call.
    ///
    /// # Errors
    /// Any failure; a read changes nothing, so it may be repeated in either case.
    fn document(&self, name: Key) -> Pending<'_, Result<Option<Record>, Failure>> {
        picked(self.call(Request::Document(name)), |reply| match reply {
            Reply::Document(it) => Some(it),
            _ => None,
        })
    }

    /// Reads documents whose name begins with `prefix`, byte for byte, and lies behind `after`, in
    /// the order of their names, at most [`LIST_DOCUMENTS_MAX`]. None means that there are no
    /// more. Pages are read at different times.
    ///
    /// # Errors
    /// Any failure; a read changes nothing, so it may be repeated in either case.
    fn documents(
        &self,
        prefix: Key,
        after: Key,
    ) -> Pending<'_, Result<Vec<(Key, Record)>, Failure>> {
        picked(
            self.call(Request::Documents { prefix, after }),
            |reply| match reply {
                Reply::Documents(it) => Some(it),
                _ => None,
            },
        )
    }
}

fn picked<'a, T: 'a>(
    pending: Pending<'a, Outcome>,
    pick: fn(Reply) -> Option<T>,
) -> Pending<'a, Result<T, Failure>> {
    pending::picked(pending, pick, Failure::Unknown)
}

fn done(pending: Pending<'_, Outcome>) -> Pending<'_, Result<(), Failure>> {
    picked(pending, |reply| matches!(reply, Reply::Done).then_some(()))
}

fn committed(pending: Pending<'_, Outcome>) -> Pending<'_, Result<Commit, Failure>> {
    picked(pending, |reply| match reply {
        Reply::Committed(commit) => Some(commit),
        _ => None,
    })
}
