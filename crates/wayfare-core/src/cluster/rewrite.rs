//! A record that is read and rewritten until no other writer was faster.

use std::collections::VecDeque;

use bytes::Bytes;
use wayfare_protocol::coordination::{
    Commit, Expect, Failure, Key, Outcome, Record, Reply, Request, Revision, Write,
};

use super::{Output, Report};

/// Nobody else writes the record of a node or the ticket key in earnest this often in a row.
pub(super) const ATTEMPTS_MAX: u32 = 10;

/// Why a record of a starting node is not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Coordination failed.
    #[error("the record {key} cannot be read or written: {failure}")]
    Failed {
        /// The record's name.
        key: Key,
        /// The failure of coordination.
        failure: Failure,
    },
    /// Another writer was faster each time.
    #[error(
        "the record {key} was changed by somebody else {ATTEMPTS_MAX} times in a row: do two nodes have one name?"
    )]
    Contended {
        /// The record's name.
        key: Key,
    },
    /// No incarnation is left above the stored one.
    #[error("the record {key} holds the highest incarnation there is, so that no run can follow")]
    Exhausted {
        /// The record's name.
        key: Key,
    },
}

/// The decision about a record as it was found.
pub(super) trait Decide {
    /// The fact that is learnt.
    type Decided;

    /// Takes what was found, and says what has to be written.
    ///
    /// # Errors
    /// If nothing can be written.
    fn decide(
        &mut self,
        key: &Key,
        found: Option<&Record>,
    ) -> Result<Decision<Self::Decided>, RecordError>;
}

/// See [`Decide::decide`].
pub(super) struct Decision<T> {
    pub(super) decided: T,
    /// None if the record stays as it is.
    pub(super) value: Option<Bytes>,
    pub(super) report: Option<Report>,
}

/// The fact that was learnt, and the revision of the record that holds it.
type Settled<T> = Result<(T, Revision), RecordError>;

/// The machine. Any failure of a write is settled by reading the record again (R10): a write whose
/// outcome is unknown has applied, or is refused later because the record has moved.
pub(super) struct Rewrite<D: Decide> {
    key: Key,
    decide: D,
    attempts: u32,
    /// The write in flight, and what it means if it is done.
    writing: Option<D::Decided>,
    /// The failure of the latest write, unless it was refused.
    failure: Option<Failure>,
    outputs: VecDeque<Output<Settled<D::Decided>>>,
}

impl<D: Decide> Rewrite<D> {
    pub(super) fn new(key: Key, decide: D) -> Self {
        let mut machine = Self {
            key,
            decide,
            attempts: 0,
            writing: None,
            failure: None,
            outputs: VecDeque::new(),
        };
        machine.read();
        machine
    }

    pub(super) fn handle_coordination(&mut self, outcome: Outcome) {
        let written = self.writing.take();
        match (outcome, written) {
            (Ok(Reply::Committed(Commit::Done(revision))), Some(decided)) => {
                self.end(Ok((decided, revision)));
            }
            (Ok(Reply::Got { record, store }), None) => self.found(record.as_ref(), store),
            (Err(failure), None) => {
                let key = self.key.clone();
                self.end(Err(RecordError::Failed { key, failure }));
            }
            (Err(failure), Some(_)) => {
                self.failure = Some(failure);
                self.read();
            }
            // A refusal, or the answer to another question.
            (Ok(_), _) => {
                self.failure = None;
                self.read();
            }
        }
    }

    pub(super) fn poll_output(&mut self) -> Option<Output<Settled<D::Decided>>> {
        self.outputs.pop_front()
    }

    fn read(&mut self) {
        if self.attempts == ATTEMPTS_MAX {
            let key = self.key.clone();
            let error = match self.failure.take() {
                Some(failure) => RecordError::Failed { key, failure },
                None => RecordError::Contended { key },
            };
            return self.end(Err(error));
        }
        self.attempts += 1;
        let request = Request::Get(self.key.clone());
        self.outputs.push_back(Output::Coordinate(request));
    }

    fn found(&mut self, record: Option<&Record>, store: Revision) {
        let decision = match self.decide.decide(&self.key, record) {
            Ok(decision) => decision,
            Err(error) => return self.end(Err(error)),
        };
        if let Some(report) = decision.report {
            self.outputs.push_back(Output::Report(report));
        }
        let Some(value) = decision.value else {
            return self.end(Ok((decision.decided, store)));
        };
        self.writing = Some(decision.decided);
        let write = Write::Put {
            key: self.key.clone(),
            expect: record.map_or(Expect::Absent, |it| Expect::Revision(it.revision)),
            value,
        };
        let request = Request::Commit(vec![write]);
        self.outputs.push_back(Output::Coordinate(request));
    }

    fn end(&mut self, outcome: Settled<D::Decided>) {
        self.outputs.push_back(Output::Ended(outcome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts how often the record was rewritten.
    struct Count;

    impl Decide for Count {
        type Decided = u8;

        fn decide(
            &mut self,
            _key: &Key,
            found: Option<&Record>,
        ) -> Result<Decision<u8>, RecordError> {
            let decided = found.map_or(0, |record| record.value[0]) + 1;
            Ok(Decision {
                decided,
                value: Some(Bytes::copy_from_slice(&[decided])),
                report: None,
            })
        }
    }

    fn asks(machine: &mut Rewrite<Count>) -> Request {
        match machine.poll_output() {
            Some(Output::Coordinate(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn got(revision: Option<(u8, u64)>) -> Outcome {
        let record = revision.map(|(count, revision)| Record {
            value: Bytes::copy_from_slice(&[count]),
            revision: Revision(revision),
        });
        let store = Revision(9);
        Ok(Reply::Got { record, store })
    }

    fn unknown() -> Failure {
        Failure::Unknown("a test".into())
    }

    #[test]
    fn an_unknown_write_is_settled_by_reading() {
        for applied in [false, true] {
            let mut machine = Rewrite::new("count".into(), Count);
            asks(&mut machine);
            machine.handle_coordination(got(None));
            asks(&mut machine);
            machine.handle_coordination(Err(unknown()));
            assert!(matches!(asks(&mut machine), Request::Get(_)));
            machine.handle_coordination(got(applied.then_some((1, 7))));
            let expect = match applied {
                true => Expect::Revision(Revision(7)),
                false => Expect::Absent,
            };
            let Request::Commit(writes) = asks(&mut machine) else {
                panic!("the next thing is to write");
            };
            assert!(
                matches!(&writes[..], [Write::Put { expect: it, .. }] if *it == expect),
                "{writes:?}"
            );
            let done = Ok(Reply::Committed(Commit::Done(Revision(10))));
            machine.handle_coordination(done);
            let ended = (u8::from(applied) + 1, Revision(10));
            assert_eq!(machine.poll_output(), Some(Output::Ended(Ok(ended))));
        }
    }

    #[test]
    fn attempts_are_bounded_and_say_why() {
        let check = |written: &dyn Fn() -> Outcome, expect: RecordError| {
            let mut machine = Rewrite::new("count".into(), Count);
            for _ in 0..ATTEMPTS_MAX {
                assert!(matches!(asks(&mut machine), Request::Get(_)));
                machine.handle_coordination(got(None));
                assert!(matches!(asks(&mut machine), Request::Commit(_)));
                machine.handle_coordination(written());
            }
            assert_eq!(machine.poll_output(), Some(Output::Ended(Err(expect))));
        };
        let key: Key = "count".into();
        let contended = RecordError::Contended { key: key.clone() };
        check(&|| Ok(Reply::Committed(Commit::Refused)), contended);
        let failure = unknown();
        check(&|| Err(unknown()), RecordError::Failed { key, failure });
    }

    #[test]
    fn a_read_that_fails_ends_it() {
        let mut machine = Rewrite::new("count".into(), Count);
        asks(&mut machine);
        machine.handle_coordination(Err(unknown()));
        let ended = machine.poll_output();
        assert!(
            matches!(ended, Some(Output::Ended(Err(RecordError::Failed { .. })))),
            "{ended:?}"
        );
    }
}
