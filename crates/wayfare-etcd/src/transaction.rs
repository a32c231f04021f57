//! Commits as transactions of etcd.

use wayfare_engine::coordination::check_keys;
use wayfare_protocol::coordination::{Commit, Expect, Failure, Revision, Write};

use crate::calls::Kind;
use crate::keys::Prefix;
use crate::wire::compare::{CompareResult, CompareTarget, TargetUnion};
use crate::wire::request_op::Request as Operation;
use crate::wire::{Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest};

/// A commit in etcd's terms.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Transaction {
    /// A transaction that must be sent.
    Ask(TxnRequest, Kind),
    /// A commit that is decided without a request, because no record can have the expected
    /// revision.
    Settled(Commit),
}

impl Transaction {
    /// # Errors
    /// If there are too many keys, or a repeated one.
    pub(crate) fn new(prefix: &Prefix, writes: Vec<Write>) -> Result<Self, Failure> {
        check_keys(&writes)?;
        let mut compare = Vec::with_capacity(writes.len());
        let mut success = Vec::with_capacity(writes.len());
        for write in writes {
            let (key, expect, change) = parts(prefix, write);
            let Some(revision) = mod_revision(expect) else {
                return Ok(Self::Settled(Commit::Refused));
            };
            compare.push(Compare {
                result: CompareResult::Equal.into(),
                target: CompareTarget::Mod.into(),
                key: key.into(),
                target_union: Some(TargetUnion::ModRevision(revision)),
            });
            success.extend(change.map(|request| RequestOp {
                request: Some(request),
            }));
        }
        let mut question = TxnRequest {
            compare,
            success,
            failure: Vec::new(),
        };
        if !question.success.is_empty() {
            return Ok(Self::Ask(question, Kind::Change));
        }
        // A member answers a transaction without operations from its own, perhaps old state: etcd
        // calls it serializable. A linearizable read in it makes all of it linearizable.
        let read = || RequestOp {
            request: Some(Operation::RequestRange(RangeRequest {
                key: prefix.full("").into(),
                count_only: true,
                ..RangeRequest::default()
            })),
        };
        (question.success, question.failure) = (vec![read()], vec![read()]);
        Ok(Self::Ask(question, Kind::Read))
    }
}

/// Returns the revision for etcd's comparison, which is 0 for a missing record. `None` if no record
/// can have the expected revision.
fn mod_revision(expect: Expect) -> Option<i64> {
    match expect {
        Expect::Absent => Some(0),
        Expect::Revision(Revision(0)) => None,
        Expect::Revision(Revision(revision)) => i64::try_from(revision).ok(),
    }
}

fn parts(prefix: &Prefix, write: Write) -> (Vec<u8>, Expect, Option<Operation>) {
    match write {
        Write::Put { key, expect, value } => {
            let key = prefix.full(&key);
            let put = PutRequest {
                key: key.clone().into(),
                value,
            };
            (key, expect, Some(Operation::RequestPut(put)))
        }
        Write::Delete { key, expect } => {
            let key = prefix.full(&key);
            let delete = DeleteRangeRequest {
                key: key.clone().into(),
            };
            let change = Operation::RequestDeleteRange(delete);
            (key, Expect::Revision(expect), Some(change))
        }
        Write::Check { key, expect } => (prefix.full(&key), expect, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_of(expect: Expect) -> Transaction {
        let key = "a".into();
        Transaction::new(&Prefix::new("p"), vec![Write::Check { key, expect }]).unwrap()
    }

    #[test]
    fn a_commit_that_only_checks_is_a_linearizable_read() {
        let Transaction::Ask(question, kind) = check_of(Expect::Absent) else {
            panic!("nothing to ask")
        };
        assert_eq!(kind, Kind::Read);
        assert_eq!((question.success.len(), question.failure.len()), (1, 1));
    }

    #[test]
    fn an_impossible_revision_needs_no_request() {
        for revision in [0, u64::MAX] {
            let refused = Transaction::Settled(Commit::Refused);
            assert_eq!(check_of(Expect::Revision(Revision(revision))), refused);
        }
    }
}
