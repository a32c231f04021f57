//! The settlement of one record: from what is known of it to what is wanted, read and written until
//! no other writer was faster. Only here is an unknown outcome interpreted (R10).

use bytes::Bytes;
use wayfare_protocol::coordination::{
    Commit, Expect, Failure, Key, Outcome, Record, Reply, Request, Revision, Write,
};

/// The bounds of a settlement, and what is known of the record's writers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Readings, at most.
    pub(crate) reads_max: u32,
    /// The failures after which the record is read again.
    pub(crate) retry: Retry,
    /// No other writer can write the same bytes: a record that holds what a write of unknown outcome
    /// wrote holds that write.
    pub(crate) is_value_unique: bool,
    /// The record means nothing once every memory of the cluster is lost.
    pub(crate) is_lazy: bool,
}

/// The failures after which a record is read again; after any other it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// None: the owner of the machine decides when a new one starts.
    Nothing,
    /// Those of unknown outcome.
    Unknown,
    /// Those of a write. A reading that fails gives up.
    Writes,
    /// All.
    Everything,
}

/// The wish for a record, by the record as it was found.
#[derive(Debug)]
pub(crate) enum Want<T, O> {
    /// It shall hold these bytes; the fact that holds then.
    Value(Bytes, T),
    /// It shall not be there.
    Absent(T),
    /// It is as wanted.
    AsFound(T),
    /// It stays as it is, and is not wanted; why.
    Leave(O),
}

/// The next thing to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<T, O> {
    /// Ask coordination, and answer with [`Settle::handle_coordination`].
    Ask(Request),
    /// The end: the machine is used up.
    Ended(End<T, O>),
}

/// The end of a settlement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End<T, O> {
    /// The record is as wanted, as of this revision; the fact that was written.
    Settled(Revision, T),
    /// The record is another's.
    Others(O),
    /// There is no record, and none is wanted.
    Gone(O),
    /// It is not known how the record is, or other writers were faster each time.
    GivenUp(GivenUp),
}

/// Why a settlement is given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GivenUp {
    /// Coordination failed.
    Failed(Failure),
    /// The record changed under each write.
    Contended,
}

/// The machine, for one record. It has one request in flight at a time.
#[derive(Debug)]
pub(crate) struct Settle<T> {
    key: Key,
    terms: Terms,
    reads: u32,
    /// The write in flight.
    writing: Option<Attempt<T>>,
    /// Writes of unknown outcome: each may have applied, or may still apply.
    unknown: Vec<Attempt<T>>,
    /// The latest write's outcome is unknown, and nobody took note of it yet.
    doubt: bool,
    /// The latest failure, if no refusal came behind it.
    failure: Option<Failure>,
}

/// A write, and the fact that it establishes. No value removes the record.
#[derive(Debug)]
struct Attempt<T> {
    value: Option<Bytes>,
    means: T,
}

impl<T> Settle<T> {
    /// A settlement that begins with a reading: its first request.
    pub(crate) fn read_first(key: Key, terms: Terms) -> (Self, Request) {
        let mut machine = Self::new(key, terms);
        machine.reads = 1;
        let request = Request::Get(machine.key.clone());
        (machine, request)
    }

    /// A settlement that begins with a write of the record, which is known at this revision.
    pub(crate) fn write_first(
        key: Key,
        terms: Terms,
        known: Revision,
        (value, means): (Bytes, T),
    ) -> (Self, Request) {
        let mut machine = Self::new(key, terms);
        let request = machine.put(Expect::Revision(known), value, means);
        (machine, request)
    }

    /// A settlement that begins with the removal of the record, which is known at this revision.
    pub(crate) fn remove_first(
        key: Key,
        terms: Terms,
        known: Revision,
        means: T,
    ) -> (Self, Request) {
        let mut machine = Self::new(key, terms);
        let request = machine.delete(known, means);
        (machine, request)
    }

    fn new(key: Key, terms: Terms) -> Self {
        Self {
            key,
            terms,
            reads: 0,
            writing: None,
            unknown: Vec::new(),
            doubt: false,
            failure: None,
        }
    }

    /// Accepts the answer to the latest request. `decide` is called with the record as it was read
    /// and the store's revision at that time, unless a write of unknown outcome turns out to be done.
    pub(crate) fn handle_coordination<O>(
        &mut self,
        outcome: Outcome,
        decide: impl FnOnce(Option<&Record>, Revision) -> Want<T, O>,
    ) -> Next<T, O> {
        match (outcome, self.writing.take()) {
            (Ok(Reply::Committed(Commit::Done(revision))), Some(write)) => {
                Next::Ended(End::Settled(revision, write.means))
            }
            (Ok(Reply::Got { record, store }), None) => self.found(record.as_ref(), store, decide),
            // A refusal says nothing about others; nor does the answer to another question.
            (Ok(_), _) => {
                self.failure = None;
                self.read()
            }
            (Err(failure), write) => self.failed(failure, write),
        }
    }

    /// Checks whether a write is in flight, or may have applied unheard.
    pub(crate) fn may_have_written(&self) -> bool {
        self.writing.is_some() || !self.unknown.is_empty()
    }

    /// Takes the note that the outcome of the latest write is unknown: should it apply once nobody
    /// wants the record, somebody has to remove it.
    pub(crate) fn take_doubt(&mut self) -> bool {
        std::mem::take(&mut self.doubt)
    }

    fn failed<O>(&mut self, failure: Failure, write: Option<Attempt<T>>) -> Next<T, O> {
        let is_unknown = matches!(failure, Failure::Unknown(_));
        let is_write = write.is_some();
        if is_unknown && let Some(write) = write {
            self.doubt = true;
            self.unknown.push(write);
        }
        let is_retried = match self.terms.retry {
            Retry::Nothing => false,
            Retry::Unknown => is_unknown,
            Retry::Writes => is_write,
            Retry::Everything => true,
        };
        if !is_retried {
            return Next::Ended(End::GivenUp(GivenUp::Failed(failure)));
        }
        self.failure = Some(failure);
        self.read()
    }

    fn read<O>(&mut self) -> Next<T, O> {
        if self.reads >= self.terms.reads_max {
            let failed = self.failure.take().map(GivenUp::Failed);
            return Next::Ended(End::GivenUp(failed.unwrap_or(GivenUp::Contended)));
        }
        self.reads += 1;
        Next::Ask(Request::Get(self.key.clone()))
    }

    fn found<O>(
        &mut self,
        record: Option<&Record>,
        store: Revision,
        decide: impl FnOnce(Option<&Record>, Revision) -> Want<T, O>,
    ) -> Next<T, O> {
        if let Some(record) = record
            && let Some(done) = self.take_done(&record.value)
        {
            return Next::Ended(End::Settled(record.revision, done.means));
        }
        let revision = record.map(|record| record.revision);
        match (decide(record, store), revision) {
            (Want::Value(value, means), revision) => {
                let expect = revision.map_or(Expect::Absent, Expect::Revision);
                Next::Ask(self.put(expect, value, means))
            }
            (Want::Absent(means), Some(revision)) => Next::Ask(self.delete(revision, means)),
            (Want::Absent(means), None) => Next::Ended(End::Settled(store, means)),
            (Want::AsFound(means), revision) => {
                Next::Ended(End::Settled(revision.unwrap_or(store), means))
            }
            (Want::Leave(why), Some(_)) => Next::Ended(End::Others(why)),
            (Want::Leave(why), None) => Next::Ended(End::Gone(why)),
        }
    }

    /// The write of unknown outcome that wrote these bytes, if only it can have.
    fn take_done(&mut self, value: &Bytes) -> Option<Attempt<T>> {
        if !self.terms.is_value_unique {
            return None;
        }
        let mut writes = self.unknown.iter();
        let index = writes.position(|write| write.value.as_ref() == Some(value))?;
        Some(self.unknown.swap_remove(index))
    }

    fn put(&mut self, expect: Expect, value: Bytes, means: T) -> Request {
        self.writing = Some(Attempt {
            value: Some(value.clone()),
            means,
        });
        let key = self.key.clone();
        self.commit(Write::Put { key, expect, value })
    }

    fn delete(&mut self, expect: Revision, means: T) -> Request {
        let value = None;
        self.writing = Some(Attempt { value, means });
        let key = self.key.clone();
        self.commit(Write::Delete { key, expect })
    }

    fn commit(&self, write: Write) -> Request {
        match self.terms.is_lazy {
            true => Request::CommitLazily(vec![write]),
            false => Request::Commit(vec![write]),
        }
    }
}

#[cfg(test)]
mod tests;
