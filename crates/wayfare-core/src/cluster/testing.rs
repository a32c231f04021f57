//! Machines of this module driven against the model of coordination.

use bytes::Bytes;
use wayfare_engine::model::ModelCoordination;
use wayfare_protocol::coordination::{Commit, Expect, Revision, Write};

use super::rewrite::{Decide, RecordError, Rewrite};
use super::{Output, Report};

/// The end of a rewrite: the decision, and the revision at which it stands.
type Rewritten<T> = Result<(T, Revision), RecordError>;

/// Drives a rewriting to its end: how it ended, and what it reported.
pub(super) fn rewritten<D: Decide>(
    mut machine: Rewrite<D>,
    store: &mut ModelCoordination,
) -> (Rewritten<D::Decided>, Vec<Report>) {
    let mut reports = Vec::new();
    loop {
        match machine.poll_output().expect("no end") {
            Output::Coordinate(request) => machine.handle_coordination(store.apply(request)),
            Output::Report(report) => reports.push(report),
            Output::Ended(outcome) => return (outcome, reports),
        }
    }
}

/// Writes a record, whatever was there.
pub(super) fn put(store: &mut ModelCoordination, key: &str, value: &[u8]) -> Revision {
    let found = store.read(key).record;
    let write = Write::Put {
        key: key.into(),
        expect: found.map_or(Expect::Absent, |it| Expect::Revision(it.revision)),
        value: Bytes::copy_from_slice(value),
    };
    match store.commit(vec![write]) {
        Ok(Commit::Done(revision)) => revision,
        other => panic!("{other:?}"),
    }
}
