//! The coordination part of a group commit: commits are decided in order, on top of the visible
//! state.

use std::collections::BTreeMap;

use wayfare_protocol::coordination::{Commit, Failure, Key, Record, Revision, Write};

use crate::model::{Decision, ModelCoordination, decide};

/// Commits that were decided and are not visible yet.
#[derive(Debug)]
pub(super) struct Group {
    revision: Revision,
    revisions: BTreeMap<Key, Option<Revision>>,
    /// The writes to apply once they are durable.
    pub(super) applied: Vec<(Revision, Vec<Write>)>,
}

impl Group {
    pub(super) const fn new(revision: Revision) -> Self {
        Self {
            revision,
            revisions: BTreeMap::new(),
            applied: Vec::new(),
        }
    }

    pub(super) fn commit(
        &mut self,
        visible: &ModelCoordination,
        writes: Vec<Write>,
    ) -> Result<Commit, Failure> {
        let decision = decide(&writes, |key| match self.revisions.get(key) {
            Some(revision) => *revision,
            None => visible.revision_of(key),
        })?;
        match decision {
            Decision::Refused => return Ok(Commit::Refused),
            Decision::Holds => {}
            Decision::Changes => self.apply(writes),
        }
        Ok(Commit::Done(self.revision))
    }

    fn apply(&mut self, writes: Vec<Write>) {
        self.revision.0 += 1;
        for (key, record) in records(self.revision, &writes) {
            let revision = record.map(|it| it.revision);
            self.revisions.insert(key, revision);
        }
        self.applied.push((self.revision, writes));
    }
}

/// Returns the effect of a commit on each record: the new record, or `None` for a deletion.
pub(super) fn records(
    revision: Revision,
    writes: &[Write],
) -> impl Iterator<Item = (Key, Option<Record>)> {
    writes.iter().filter_map(move |write| match write {
        Write::Put { key, value, .. } => {
            let value = value.clone();
            Some((key.clone(), Some(Record { value, revision })))
        }
        Write::Delete { key, .. } => Some((key.clone(), None)),
        Write::Check { .. } => None,
    })
}
