//! The trait of the service that keeps state which must last.

mod vocabulary;

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::{Commit, Expect, Key, Record};

use crate::Pending;

pub use vocabulary::{
    AppendKey, Failure, LIST_DOCUMENTS_MAX, Loaded, LogRecord, Outcome, Position, READ_RECORDS_MAX,
    Reply, Request, Snapshot,
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
/// What is done is durable. Every call costs one round trip, a write also its bytes and a share of
/// a group commit. Engines pass [`crate::contract::storage`].
pub trait Storage: Send + Sync {
    /// Keeps an entity's state and forgets the journal up to its position.
    ///
    /// It may be ahead of the journal, which then goes on behind it. One that is older than what
    /// the same owner has stored already changes nothing and is done.
    ///
    /// # Errors
    /// [`Failure::Sealed`]; [`Failure::NotDone`] also if the epoch has not sealed, or if the
    /// snapshot is older than what the owner found when it sealed; [`Failure::Unknown`].
    fn snapshot(
        &self,
        entity: Key,
        epoch: Epoch,
        snapshot: Snapshot,
    ) -> Pending<'_, Result<(), Failure>>;

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
    ) -> Pending<'_, Result<(), Failure>>;

    /// Seals the entity with `epoch`, so that older ones write no more, and reads what is kept.
    /// The new owner goes on from [`Loaded::next`]. Costs the bytes of snapshot and journal.
    ///
    /// # Errors
    /// [`Failure::Sealed`] if a newer epoch has sealed; [`Failure::NotDone`];
    /// [`Failure::Unknown`]: the seal may hold. To load again with the same epoch is harmless.
    fn load(&self, entity: Key, epoch: Epoch) -> Pending<'_, Result<Loaded, Failure>>;

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
    ) -> Pending<'_, Result<(), Failure>>;

    /// Reads the records of a log from position `from`, or from the first that is kept if that is
    /// later, in order, at most [`READ_RECORDS_MAX`]. None means that the end is reached. Who has
    /// read up to a position will never find a record added before it.
    ///
    /// # Errors
    /// Any failure; a read changes nothing, so it may be repeated in either case.
    fn read(&self, log: Key, from: Position) -> Pending<'_, Result<Vec<LogRecord>, Failure>>;

    /// Forgets the records of a log before a position. Positions are never used again.
    ///
    /// # Errors
    /// [`Failure::NotDone`]; [`Failure::Unknown`]: it may be repeated.
    fn trim(&self, log: Key, before: Position) -> Pending<'_, Result<(), Failure>>;

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
    ) -> Pending<'_, Result<Commit, Failure>>;

    /// Reads a document: it reflects every change done before the call.
    ///
    /// # Errors
    /// Any failure; a read changes nothing, so it may be repeated in either case.
    fn document(&self, name: Key) -> Pending<'_, Result<Option<Record>, Failure>>;

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
    ) -> Pending<'_, Result<Vec<(Key, Record)>, Failure>>;

    /// Carries out a request without the caller understanding it.
    ///
    /// # Errors
    /// Those of the operation asked for.
    fn call(&self, request: Request) -> Pending<'_, Outcome> {
        Box::pin(async move {
            let done = |()| Reply::Done;
            match request {
                Request::Snapshot {
                    entity,
                    epoch,
                    snapshot,
                } => self.snapshot(entity, epoch, snapshot).await.map(done),
                Request::Journal {
                    entity,
                    epoch,
                    from,
                    records,
                } => self.journal(entity, epoch, from, records).await.map(done),
                Request::Load { entity, epoch } => {
                    self.load(entity, epoch).await.map(Reply::Loaded)
                }
                Request::Append {
                    log,
                    epoch,
                    key,
                    records,
                } => self.append(log, epoch, key, records).await.map(done),
                Request::Read { log, from } => self.read(log, from).await.map(Reply::Read),
                Request::Trim { log, before } => self.trim(log, before).await.map(done),
                Request::PutDocument {
                    name,
                    value,
                    expect,
                } => {
                    let put = self.put_document(name, value, expect).await;
                    put.map(Reply::Committed)
                }
                Request::Document(name) => self.document(name).await.map(Reply::Document),
                Request::Documents { prefix, after } => {
                    self.documents(prefix, after).await.map(Reply::Documents)
                }
            }
        })
    }
}
