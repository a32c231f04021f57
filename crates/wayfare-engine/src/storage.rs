//! The trait of the storage service, which stores durable state.

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Commit, Expect, Key, Record, Revision};

use crate::pending::{self, Pending};

pub use wayfare_protocol::storage::{
    AppendKey, Failure, LIST_DOCUMENTS_MAX, Loaded, LogRecord, Outcome, PartId, Position,
    QUARANTINED_MAX, READ_RECORDS_MAX, Reply, Request, Snapshot,
};

/// A store of entities (snapshots and journals), logs and documents.
///
/// Writes of an entity are fenced by epoch (rule R9). An owner first seals with [`Self::load`].
/// From then on only writes under its epoch are accepted, until a newer epoch seals. A write under
/// an older epoch fails with [`Failure::Sealed`], even if it was sent before the seal and arrives
/// after it. A write under an epoch that has not sealed fails with [`Failure::NotDone`].
///
/// Every error says whether the operation certainly did not happen. After [`Failure::Unknown`] the
/// owner may repeat all writes of an entity unchanged, in the order in which they were first sent.
/// Each is applied once.
///
/// A read of stored data may fail with [`Failure::Corrupt`]. That concerns only the entity, log or
/// document in question.
///
/// A write that is done is durable. Every call costs a round trip, a write also its bytes and a
/// share of a group commit. Engines pass [`crate::contract::storage`].
///
/// An engine implements [`Self::call`]. The methods of the operations document what their requests
/// require of an engine.
pub trait Storage: Send + Sync {
    /// Executes a request. The reply is of the same sort as the request.
    ///
    /// # Errors
    /// Those of the requested operation.
    fn call(&self, request: Request) -> Pending<'_, Outcome>;

    /// Stores an entity's state, and in the same transaction deletes the journal up to its position
    /// and every part that the snapshot does not name.
    ///
    /// The position may be ahead of the journal, which then continues behind it. A snapshot at or
    /// before the position of the stored one is done without an effect, so that a late repeat does
    /// not delete the parts of the next snapshot. A snapshot names all parts that belong to it,
    /// including unchanged ones of the snapshot before.
    ///
    /// # Errors
    /// [`Failure::Sealed`]; [`Failure::NotDone`], also if the epoch has not sealed, if the snapshot
    /// is older than the one that the owner loaded, or if a named part is not stored;
    /// [`Failure::Unknown`].
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

    /// Stores a part of a large state, for a later snapshot that names it.
    ///
    /// A part that the stored snapshot names is not changed: if its own writer repeats it, it is
    /// done. Any other part is replaced. Parts that no snapshot names are deleted when the next
    /// snapshot is stored or the next owner seals.
    ///
    /// # Errors
    /// [`Failure::Sealed`]; [`Failure::NotDone`], also if the epoch has not sealed, or if the part
    /// belongs to the snapshot that the owner loaded; [`Failure::Unknown`].
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

    /// Reads a part that the stored snapshot names. Of other parts it may find nothing. For a
    /// caller that is not the owner, the snapshot may have been replaced meanwhile.
    ///
    /// # Errors
    /// Any failure. A read changes nothing, so it may be repeated after any failure.
    fn read_part(&self, entity: Key, part: PartId) -> Pending<'_, Result<Option<Bytes>, Failure>> {
        picked(
            self.call(Request::ReadPart { entity, part }),
            |reply| match reply {
                Reply::Part(it) => Some(it),
                _ => None,
            },
        )
    }

    /// Deletes an entity: snapshot, parts, journal and seal. Its records in logs stay, and their
    /// appends still count as done.
    ///
    /// For an entity without stored data this is done, under any epoch, so it may be repeated. But
    /// after [`Failure::Unknown`] use the name again only under a newer epoch, because the first
    /// request may still be applied.
    ///
    /// # Errors
    /// [`Failure::Sealed`]; [`Failure::NotDone`], also if the epoch has not sealed;
    /// [`Failure::Unknown`].
    fn forget(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<(), Failure>> {
        done(self.call(Request::Forget { entity, epoch }))
    }

    /// Seals the entity with `epoch`, like [`Self::load`], and moves all its stored data to
    /// quarantine, readable or not. The entity begins empty, at position 1. The first
    /// [`QUARANTINED_MAX`] entities in quarantine are kept for an operator; the data of further
    /// ones is deleted.
    ///
    /// This happens once per epoch. A repeat or a late arrival is done without an effect, unless
    /// the new data cannot be read either.
    ///
    /// # Errors
    /// [`Failure::Sealed`] if a newer epoch has sealed; [`Failure::NotDone`]; [`Failure::Unknown`].
    fn quarantine(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<(), Failure>> {
        done(self.call(Request::Quarantine { entity, epoch }))
    }

    /// Adds `records` to an entity's journal, the first at position `from`, either all or none.
    ///
    /// Positions that the same owner has already written are not changed. A repeat is therefore
    /// applied once, and a longer repeat adds the rest.
    ///
    /// # Errors
    /// [`Failure::Sealed`]; [`Failure::NotDone`], also if the epoch has not sealed, if `from` would
    /// leave a gap, or if it lies before the position that the owner loaded; [`Failure::Unknown`].
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

    /// Seals the entity with `epoch`, so that older epochs can no longer write, and reads the
    /// stored data. The new owner continues at [`Loaded::next`]. Costs the bytes of snapshot and
    /// journal.
    ///
    /// # Errors
    /// [`Failure::Sealed`] if a newer epoch has sealed; [`Failure::Corrupt`], after which the seal
    /// may hold, see [`Self::quarantine`]; [`Failure::NotDone`]; [`Failure::Unknown`], after which
    /// the seal may hold. It is safe to load again with the same epoch.
    fn load(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<Loaded, Failure>> {
        picked(
            self.call(Request::Load { entity, epoch }),
            |reply| match reply {
                Reply::Loaded(it) => Some(it),
                _ => None,
            },
        )
    }

    /// Adds `records` to the end of a log, together, and once for each `key`.
    ///
    /// `epoch` is the present epoch of `key.writer`, and is fenced like its other writes.
    /// `key.epoch` is the same or an older one. All records of a step for a log belong to one
    /// append. Append only for a step that is committed, because a repeat by a successor counts as
    /// done even if its records differ. Once records of a writer are trimmed, every append of that
    /// writer up to their key counts as done.
    ///
    /// # Errors
    /// [`Failure::Sealed`]; [`Failure::NotDone`], also if the epoch has not sealed the writer, or
    /// if `key.epoch` is newer than `epoch`; [`Failure::Unknown`].
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

    /// Reads at most [`READ_RECORDS_MAX`] records of a log, in order, from position `from` or from
    /// the first stored one if that is later. An empty answer means the end of the log. No record
    /// is ever added before a position that was already read.
    ///
    /// # Errors
    /// Any failure. A read changes nothing, so it may be repeated after any failure.
    fn read(&self, log: Key, from: Position) -> Pending<'_, Result<Vec<LogRecord>, Failure>> {
        picked(
            self.call(Request::Read { log, from }),
            |reply| match reply {
                Reply::Read(it) => Some(it),
                _ => None,
            },
        )
    }

    /// Deletes the records of a log before a position. Positions are never used again.
    ///
    /// # Errors
    /// [`Failure::NotDone`]; [`Failure::Unknown`]. It may be repeated.
    fn trim(&self, log: Key, before: Position) -> Pending<'_, Result<(), Failure>> {
        done(self.call(Request::Trim { log, before }))
    }

    /// Writes a document if `expect` holds. Its revision grows with each write. Revisions of
    /// different documents, and of coordination, are unrelated.
    ///
    /// # Errors
    /// [`Failure::NotDone`]; [`Failure::Unknown`], to be resolved by a read.
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

    /// Deletes a document if its revision is `expect`. If it is created again, its revision is
    /// higher.
    ///
    /// # Errors
    /// [`Failure::NotDone`]; [`Failure::Unknown`], to be resolved by a read.
    fn delete_document(&self, name: Key, expect: Revision) -> Pending<'_, Result<Commit, Failure>> {
        committed(self.call(Request::DeleteDocument { name, expect }))
    }

    /// Reads a document. The result reflects every change done before the call.
    ///
    /// # Errors
    /// Any failure. A read changes nothing, so it may be repeated after any failure.
    fn document(&self, name: Key) -> Pending<'_, Result<Option<Record>, Failure>> {
        picked(self.call(Request::Document(name)), |reply| match reply {
            Reply::Document(it) => Some(it),
            _ => None,
        })
    }

    /// Reads at most [`LIST_DOCUMENTS_MAX`] documents whose names begin with `prefix` (compared by
    /// bytes) and lie behind `after`, in the order of their names. An empty answer means that there
    /// are no more. Pages are read at different times.
    ///
    /// # Errors
    /// Any failure. A read changes nothing, so it may be repeated after any failure.
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
