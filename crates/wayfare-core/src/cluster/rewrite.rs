//! A record of a starting node, settled as a decision about it says.

use std::collections::VecDeque;

use bytes::Bytes;
use wayfare_protocol::coordination::{Failure, Key, Outcome, Record, Revision};

use super::{Output, Report};
use crate::records::settle::{End, GivenUp, Next, Retry, Settle, Terms, Want};

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

/// Any failure of a write is settled by reading the record again. Two runs of one name may write the
/// same bytes, so that a record never shows which of them wrote it.
const TERMS: Terms = Terms {
    reads_max: ATTEMPTS_MAX,
    retry: Retry::Writes,
    is_value_unique: false,
    is_lazy: false,
};

/// The machine: a settlement whose wish is a decision.
pub(super) struct Rewrite<D: Decide> {
    key: Key,
    decide: D,
    settle: Settle<D::Decided>,
    outputs: VecDeque<Output<Settled<D::Decided>>>,
}

impl<D: Decide> Rewrite<D> {
    pub(super) fn new(key: Key, decide: D) -> Self {
        let (settle, request) = Settle::read_first(key.clone(), TERMS);
        Self {
            key,
            decide,
            settle,
            outputs: VecDeque::from([Output::Coordinate(request)]),
        }
    }

    pub(super) fn handle_coordination(&mut self, outcome: Outcome) {
        let Self {
            key,
            decide,
            settle,
            outputs,
        } = self;
        let next = settle.handle_coordination(outcome, |found, _| {
            let decision = match decide.decide(key, found) {
                Ok(decision) => decision,
                Err(error) => return Want::Leave(error),
            };
            outputs.extend(decision.report.map(Output::Report));
            match decision.value {
                Some(value) => Want::Value(value, decision.decided),
                None => Want::AsFound(decision.decided),
            }
        });
        let key = key.clone();
        outputs.push_back(match next {
            Next::Ask(request) => Output::Coordinate(request),
            Next::Ended(End::Settled(revision, decided)) => Output::Ended(Ok((decided, revision))),
            Next::Ended(End::Others(error) | End::Gone(error)) => Output::Ended(Err(error)),
            Next::Ended(End::GivenUp(GivenUp::Failed(failure))) => {
                Output::Ended(Err(RecordError::Failed { key, failure }))
            }
            Next::Ended(End::GivenUp(GivenUp::Contended)) => {
                Output::Ended(Err(RecordError::Contended { key }))
            }
        });
    }

    pub(super) fn poll_output(&mut self) -> Option<Output<Settled<D::Decided>>> {
        self.outputs.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::coordination::{Commit, Expect, Reply, Request, Write};

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
